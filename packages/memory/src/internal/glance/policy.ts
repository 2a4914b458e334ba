import type { Context } from "./context.js"
import { type Fault, forbidden, notFound, tooLarge } from "./errors.js"
import * as releases from "./releases.js"
import type { Image } from "./state.js"

/** Whether an image can have members. A Rackspace cloud has no visibility `shared`: there, private images have them. */
export const isSharable = ({ state }: Context, image: Image): boolean =>
  image.visibility === "shared" || (image.visibility === "private" && state.options.flavour === "rackspace")

/** Whether a project has been let in, whatever it answered. */
export const isMember = (image: Image, project: string): boolean => image.members.get(project)?.deleted === false

export const isVisible = (context: Context, image: Image): boolean =>
  context.isAdmin ||
  image.owner === null ||
  image.visibility === "public" ||
  image.visibility === "community" ||
  image.owner === context.project ||
  (isSharable(context, image) && isMember(image, context.project))

/** What cannot be seen is not there. */
export const findImage = (
  context: Context,
  id: string,
  missing: (id: string) => Fault = (id) => notFound(`No image found with ID ${id}`)
): Image => {
  const image = context.state.images.get(id)
  if (image === undefined || !isVisible(context, image)) throw missing(id)
  return image
}

/** `action` and `sentence` are what the refusal says: the one in newer releases, the other in older ones. */
export const requireMutable = (context: Context, image: Image, action = "modify_image", sentence?: string): void => {
  const isOwner = image.owner !== null && image.owner === context.project
  if (context.isAdmin || (isOwner && releases.mayWrite(context))) return
  throw releases.notMutable(context, action, sentence)
}

/** Rules that only an administrator passes. */
export const requireAdmin = (context: Context, action: string): void => {
  if (!context.isAdmin) throw forbidden(`You are not authorized to complete ${action} action.`)
}

export const requireVisibility = (context: Context, visibility: unknown): void => {
  if (visibility === "public") requireAdmin(context, "publicize_image")
}

/** Refuses more of something than the quota allows. A negative maximum is no limit. */
export const checkLimit = (maximum: number, attempted: number, what: string, prefix?: string): void => {
  if (maximum < 0 || attempted <= maximum) return
  const sentence = `The limit has been exceeded on the number of allowed ${what}. Attempted: ${attempted}, Maximum: ${maximum}`
  throw tooLarge(prefix === undefined ? sentence : `${prefix}: ${sentence}:`)
}
