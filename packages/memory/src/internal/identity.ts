import type * as Effect from "effect/Effect"
import type { Directory } from "./directory.js"
import type { Endpoints } from "./endpoints.js"
import type { Tokens } from "./tokens.js"
import type { WireRequest, WireResponse } from "./wire.js"

/** A service that issues tokens. */
export type Identity = (request: WireRequest, endpoints: Endpoints) => Effect.Effect<WireResponse>

export interface IdentityOptions {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  /** Milliseconds. */
  readonly tokenLifetime: number
}

/** One request, and the state of the service. */
export interface IdentityContext extends IdentityOptions {
  readonly request: WireRequest
  /** The body; `undefined` if the client went away before its end. */
  readonly text: string | undefined
  readonly endpoints: Endpoints
  /** Milliseconds since 1970, when the request was read. */
  readonly now: number
}
