import type * as Stream from "effect/Stream"
import type { Caller, WireRequest } from "../wire.js"
import type { State } from "./state.js"

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | Stream.Stream<Uint8Array, unknown>
}

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

export const noContent: Reply = { status: 204, headers: emptyPage, body: "" }

export const jsonReply = (text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: text
})
