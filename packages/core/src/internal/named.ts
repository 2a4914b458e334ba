/** Adds the name of an operation to errors that were made without it. */

import * as GlanceError from "../GlanceError.js"

/** Returns the error, or a copy with the operation's name if it is a `GlanceError` whose `operation` is empty. */
export const named =
  (operation: string) =>
  <E>(error: E): E =>
    GlanceError.isGlanceError(error) && "operation" in error && error.operation === ""
      ? (copy(error, { operation }) as E)
      : error

/** Reads the fields by their names, because `cause` is not enumerable. */
const copy = (error: GlanceError.GlanceError, changes: object): unknown => {
  const { constructor } = error as unknown as {
    readonly constructor: { readonly fields: object; new (props: object): unknown }
  }
  const fields = Object.keys(constructor.fields).map((name) => [name, Reflect.get(error, name)] as const)
  return new constructor({ ...Object.fromEntries(fields), ...changes })
}
