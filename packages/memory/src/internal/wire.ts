import type * as Stream from "effect/Stream"

/** A request as it arrives: nothing decoded yet, so that each service can be as wrong about it as the real one is. */
export interface WireRequest {
  readonly method: string
  /** Percent-encoded, begins with `/`, without the query. */
  readonly path: string
  /** Percent-encoded, without the `?`. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Read when somebody pulls. Fails when the client goes away before the end. */
  readonly body: Stream.Stream<Uint8Array, unknown>
}

export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A stream that fails is a connection that breaks. */
  readonly body: string | Uint8Array | Stream.Stream<Uint8Array, unknown>
}

/** Who a token speaks for. */
export interface Caller {
  readonly projectId: string
  readonly userId: string
  readonly roles: ReadonlyArray<string>
}
