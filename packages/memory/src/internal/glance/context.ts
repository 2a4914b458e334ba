import type { Caller, WireRequest, WireResponse } from "../wire.js"
import { dumps } from "./python.js"
import type { State } from "./state.js"

export type Reply = WireResponse

/** One request, and who sends it. */
export interface Context {
  readonly state: State
  readonly request: WireRequest
  readonly caller: Caller
  readonly project: string
  readonly isAdmin: boolean
  readonly requestId: string
  /** Milliseconds since 1970, when the request came in. */
  readonly now: number
}

/** The type is that of the framework's empty page; no body follows it. */
export const emptyPage = { "content-type": "text/html; charset=UTF-8" } as const

export const accepted: Reply = { status: 202, headers: emptyPage, body: "" }

export const noContent: Reply = { status: 204, headers: emptyPage, body: "" }

/** A body that is JSON text already. */
export const textReply = (body: string, status = 200, headers: Reply["headers"] = {}): Reply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body
})

/** Keys without a value are left out. */
export const jsonReply = (value: unknown, status?: number, headers?: Reply["headers"]): Reply =>
  textReply(dumps(value), status, headers)
