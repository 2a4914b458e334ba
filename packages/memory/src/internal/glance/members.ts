import { type Context, jsonReply, noContent, type Reply } from "./context.js"
import { badRequest, conflict, forbidden, internalError, notFound } from "./errors.js"
import { checkLimit, findImage, isSharable, requireMutable } from "./policy.js"
import { hasFourByteCharacter, isObject, type Json } from "./python.js"
import * as releases from "./releases.js"
import { withJson } from "./request.js"
import { changeImage, type Image, isoTime, type Member, stamp } from "./state.js"

const lookup = (context: Context, id: string): Image => findImage(context, id, () => notFound(`Image ${id} not found.`))

const refusal = (verb: string, id: string): string => `Not allowed to ${verb} members for image ${id}.`

const requireShared = (context: Context, id: string, verb: string): Image => {
  const image = lookup(context, id)
  if (!isSharable(context, image)) throw forbidden(refusal(verb, id))
  return image
}

const onlyShared = "Only shared images have members."

/** An owner sees all members, a member itself. */
const membersFor = (context: Context, image: Image): ReadonlyArray<Member> =>
  [...image.members.values()].filter(
    (member) => !member.deleted && (context.isAdmin || image.owner === context.project || member.id === context.project)
  )

const find = (context: Context, image: Image, id: string): Member => {
  const member = membersFor(context, image).find((one) => one.id === id)
  if (member === undefined) throw notFound(`${id} not found in the member list of the image ${image.id}.`)
  return member
}

const view = (image: Image, member: Member) => ({
  member_id: member.id,
  image_id: image.id,
  status: member.status,
  created_at: isoTime(member.createdAt),
  updated_at: isoTime(member.updatedAt),
  schema: "/v2/schemas/member"
})

const requested = (body: Json): Json => {
  if (!isObject(body)) throw badRequest('Expected a member in the form: {"member": "image_id"}')
  const { member } = body
  if (member === undefined) throw badRequest("Member to be added not specified")
  const empty = member === null || member === "" || member === 0 || member === false
  if (empty || (typeof member === "object" && Object.keys(member).length === 0)) {
    throw badRequest("Member can't be empty")
  }
  return member
}

export const addMember = (context: Context, imageId: string) =>
  withJson(context, (body) => {
    const { state } = context
    const wanted = requested(body)
    const image = requireShared(context, imageId, "create")
    requireMutable(context, image, "add_member", refusal("create", imageId))
    if (typeof wanted === "object") throw internalError()
    const id = String(wanted)
    const attempted = [...image.members.values()].filter((member) => !member.deleted).length + 1
    const prefix = `Image member limit exceeded for image ${imageId}`
    checkLimit(state.limits.members, attempted, "image members for this image", prefix)
    const known = image.members.get(id)
    if (known?.deleted === false) throw conflict(`Member ${id} is duplicated for image ${imageId}`)
    if (hasFourByteCharacter(id)) throw badRequest("Member can't contain 4 byte unicode characters.")
    const now = stamp(state, context.now)
    const member: Member = known ?? { id, status: "pending", createdAt: now, updatedAt: now, deleted: false }
    changeImage(image, (one) => {
      member.status = "pending"
      member.updatedAt = now
      member.deleted = false
      one.members.set(id, member)
    })
    return jsonReply({ ...view(image, member), member_id: wanted })
  })

export const listMembers = (context: Context, imageId: string): Reply => {
  const image = lookup(context, imageId)
  if (!isSharable(context, image)) {
    throw forbidden(`Not allowed to list members for image ${imageId}: ${onlyShared}`)
  }
  return jsonReply({
    members: membersFor(context, image).map((member) => view(image, member)),
    schema: "/v2/schemas/members"
  })
}

export const showMember = (context: Context, imageId: string, id: string): Reply => {
  const image = lookup(context, imageId)
  if (!isSharable(context, image)) throw notFound(onlyShared)
  return jsonReply(view(image, find(context, image, id)))
}

/** Sharing is an offer: the member decides about it, and not the owner. */
export const setMemberStatus = (context: Context, imageId: string, id: string) =>
  withJson(context, (body) => {
    if (!isObject(body)) throw badRequest('Expected a status in the form: {"status": "status"}')
    const { status } = body
    if (status === undefined) throw badRequest("Status not specified")
    const image = requireShared(context, imageId, "update")
    const member = releases.checkedMember(context, {
      isAllowed: releases.maySetStatus(context, image, id),
      action: "modify_member",
      sentence: refusal("update", imageId),
      find: () => find(context, image, id)
    })
    if (status !== "pending" && status !== "accepted" && status !== "rejected") {
      throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".')
    }
    changeImage(image, () => {
      member.status = status
      member.updatedAt = stamp(context.state, context.now)
    })
    return jsonReply(view(image, member))
  })

export const removeMember = (context: Context, imageId: string, id: string): Reply => {
  const image = requireShared(context, imageId, "delete")
  const member = releases.checkedMember(context, {
    isAllowed: context.isAdmin || image.owner === context.project,
    action: "delete_member",
    sentence: refusal("delete", imageId),
    find: () => find(context, image, id)
  })
  changeImage(image, () => {
    member.deleted = true
  })
  return { ...noContent, headers: {} }
}
