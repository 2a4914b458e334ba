import type * as Stream from "effect/Stream"

/** A request as it arrives. Nothing is decoded yet, because each service decodes it in its own way. */
export interface WireRequest {
  readonly method: string
  /** Percent-encoded, begins with `/`, without the query. */
  readonly path: string
  /** Percent-encoded, without the `?`. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Fails if the client goes away before its end. */
  readonly body: Stream.Stream<Uint8Array, unknown>
}

export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A stream that fails is a connection that breaks. */
  readonly body: string | Uint8Array | Stream.Stream<Uint8Array, unknown>
}

/** The user, project and roles of a token. */
export interface Caller {
  readonly projectId: string
  readonly userId: string
  readonly roles: ReadonlyArray<string>
}
