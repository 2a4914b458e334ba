/** Keystone's refusals, in its own words. */
import { repr } from "../glance/python.js"
import type { Json, JsonObject } from "../reply.js"
import { json, Refused } from "../reply.js"

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict"
}

export const refusal = (status: number, message: string, extra: JsonObject = {}): Refused =>
  new Refused(json(status, { error: { code: status, ...extra, message, title: titles[status] ?? "Error" } }))

export const unauthorized = () => refusal(401, "The request you have made requires authentication.")
export const forbidden = (action: string) =>
  refusal(403, `You are not authorized to perform the requested action: ${action}.`)
export const absent = (kind: string, id: string) => refusal(404, `Could not find ${kind}: ${id}.`)
export const malformed = (sentence: string) =>
  refusal(
    400,
    `${sentence} The server could not comply with the request since it is either malformed or otherwise incorrect. ` +
      "The client is assumed to be in error."
  )
export const expecting = (attribute: string, target: string) =>
  malformed(`Expecting to find ${attribute} in ${target}.`)
export const invalid = (field: string, value: Json | undefined, type: string) =>
  refusal(400, `Invalid input for field '${field}': ${repr(value)} is not of type '${type}'`)
