import { type Context, noContent, type Reply } from "./context.js"
import { badRequest, fault, notFound } from "./errors.js"
import { checkTags } from "./images.js"
import { checkLimit, findImage, requireMutable } from "./policy.js"
import * as schemas from "./schemas.js"
import { changeImage, type Image, touchImage } from "./state.js"
import { validate } from "./validate.js"

const find = (context: Context, id: string, verb: string): Image => {
  const image = findImage(context, id, () => notFound(`Image ${id} not found.`))
  requireMutable(context, image, "modify_image", `Not allowed to ${verb} tags for image ${id}.`)
  return image
}

export const addTag = (context: Context, id: string, tag: string): Reply => {
  validate({ tags: [tag] }, schemas.image)
  const image = find(context, id, "update")
  const count = image.tags.has(tag) ? image.tags.size : image.tags.size + 1
  checkLimit(context.state.limits.tags, count, "image tags", `Image tag limit exceeded for image ${id}`)
  touchImage(context.state, image, context.now, () => {})
  try {
    checkTags([tag])
  } catch {
    throw badRequest("Could not update image: Param values can't contain 4 byte unicode.")
  }
  changeImage(image, (one) => one.tags.add(tag))
  return noContent
}

export const removeTag = (context: Context, id: string, tag: string): Reply => {
  const image = find(context, id, "delete")
  if (!image.tags.has(tag)) throw fault(404)
  touchImage(context.state, image, context.now, (one) => one.tags.delete(tag))
  return noContent
}
