import * as Effect from "effect/Effect"
import { type Context, jsonReply, noContent, type Reply } from "./context.js"
import { attempt, badRequest, conflict, type Fault, forbidden, internalError, notFound, tooLarge } from "./errors.js"
import { findImage, isSharable, requireMutable } from "./policy.js"
import { dumps, hasFourByteCharacter, isObject, type Json } from "./python.js"
import * as releases from "./releases.js"
import { readJson } from "./request.js"
import { changeImage, type Image, isoTime, type Member, stamp } from "./state.js"

const lookup = (context: Context, id: string): Image => findImage(context, id, () => notFound(`Image ${id} not found.`))

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
  const member = Object.hasOwn(body, "member") ? body["member"] : undefined
  if (member === undefined) throw badRequest("Member to be added not specified")
  const empty = member === null || member === "" || member === 0 || member === false
  if (empty || (typeof member === "object" && Object.keys(member).length === 0)) {
    throw badRequest("Member can't be empty")
  }
  return member
}

const add = (context: Context, imageId: string, body: Json): Reply => {
  const { state } = context
  const wanted = requested(body)
  const image = lookup(context, imageId)
  const sentence = `Not allowed to create members for image ${imageId}.`
  if (!isSharable(context, image)) throw forbidden(sentence)
  requireMutable(context, image, "add_member", sentence)
  if (typeof wanted === "object") throw internalError()
  const id = String(wanted)
  const attempted = [...image.members.values()].filter((member) => !member.deleted).length + 1
  const maximum = state.limits.members
  if (maximum >= 0 && attempted > maximum) {
    throw tooLarge(
      `Image member limit exceeded for image ${imageId}: The limit has been exceeded on the number of allowed image members for this image. Attempted: ${attempted}, Maximum: ${maximum}:`
    )
  }
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
  return jsonReply(dumps({ ...view(image, member), member_id: wanted }))
}

export const addMember = (context: Context, imageId: string): Effect.Effect<Reply, Fault> =>
  Effect.flatMap(readJson(context.request), (body) => attempt(() => add(context, imageId, body)))

export const listMembers = (context: Context, imageId: string): Reply => {
  const image = lookup(context, imageId)
  if (!isSharable(context, image)) {
    throw forbidden(`Not allowed to list members for image ${imageId}: ${onlyShared}`)
  }
  return jsonReply(
    dumps({ members: membersFor(context, image).map((member) => view(image, member)), schema: "/v2/schemas/members" })
  )
}

export const showMember = (context: Context, imageId: string, id: string): Reply => {
  const image = lookup(context, imageId)
  if (!isSharable(context, image)) throw notFound(onlyShared)
  return jsonReply(dumps(view(image, find(context, image, id))))
}

const set = (context: Context, imageId: string, id: string, body: Json): Reply => {
  const { state } = context
  if (!isObject(body)) throw badRequest('Expected a status in the form: {"status": "status"}')
  if (!Object.hasOwn(body, "status")) throw badRequest("Status not specified")
  const status = body["status"]
  const image = lookup(context, imageId)
  // Sharing is an offer: its taker decides, not its giver.
  const sentence = `Not allowed to update members for image ${imageId}.`
  if (!isSharable(context, image)) throw forbidden(sentence)
  const member = releases.checkedMember(context, {
    isAllowed: releases.maySetStatus(context, image, id),
    action: "modify_member",
    sentence,
    find: () => find(context, image, id)
  })
  if (status !== "pending" && status !== "accepted" && status !== "rejected") {
    throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".')
  }
  changeImage(image, () => {
    member.status = status
    member.updatedAt = stamp(state, context.now)
  })
  return jsonReply(dumps(view(image, member)))
}

export const setMemberStatus = (context: Context, imageId: string, id: string): Effect.Effect<Reply, Fault> =>
  Effect.flatMap(readJson(context.request), (body) => attempt(() => set(context, imageId, id, body)))

export const removeMember = (context: Context, imageId: string, id: string): Reply => {
  const image = lookup(context, imageId)
  const sentence = `Not allowed to delete members for image ${imageId}.`
  if (!isSharable(context, image)) throw forbidden(sentence)
  const member = releases.checkedMember(context, {
    isAllowed: context.isAdmin || image.owner === context.project,
    action: "delete_member",
    sentence,
    find: () => find(context, image, id)
  })
  changeImage(image, () => {
    member.deleted = true
  })
  return { ...noContent, headers: {} }
}
