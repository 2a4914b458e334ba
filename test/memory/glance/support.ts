import { createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Glance from "../../../packages/memory/src/internal/glance/index.js"
import type { Caller, WireResponse } from "../../../packages/memory/src/internal/wire.js"

export const hasher: Glance.Hasher = {
  create: (algorithm) => {
    const hash = createHash(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") }
  }
}

export const alice: Caller = { projectId: "alpha", userId: "alice", roles: ["member"] }
export const bob: Caller = { projectId: "beta", userId: "bob", roles: ["member"] }
export const admin: Caller = { projectId: "admin", userId: "root", roles: ["admin"] }

export interface Ask {
  readonly as?: Caller | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON with its length, unless it is a stream. */
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests are about
  readonly json: any
}

const isStream = (body: unknown): body is Stream.Stream<Uint8Array, unknown> =>
  typeof body === "object" && body !== null && Stream.StreamTypeId in body

export const bytesOf = (response: WireResponse): Effect.Effect<Uint8Array, unknown> =>
  typeof response.body === "string"
    ? Effect.succeed(new TextEncoder().encode(response.body))
    : response.body instanceof Uint8Array
      ? Effect.succeed(response.body)
      : Effect.map(Stream.runCollect(response.body), (chunks) => new Uint8Array(Buffer.concat([...chunks])))

export class Client {
  constructor(readonly glance: Glance.Glance) {}

  send(method: string, target: string, ask: Ask = {}): Effect.Effect<WireResponse> {
    const { body } = ask
    const [path = "", query = ""] = target.split("?")
    const text = body === undefined || isStream(body) ? undefined : JSON.stringify(body)
    const framing: Record<string, string> =
      body === undefined
        ? {}
        : isStream(body)
          ? { "transfer-encoding": "chunked" }
          : { "content-length": String(Buffer.byteLength(text ?? "")) }
    return this.glance.handle("as" in ask ? Option.fromNullable(ask.as) : Option.some(alice), {
      method,
      path,
      query,
      headers: { accept: "application/json", ...framing, ...ask.headers },
      body: isStream(body) ? body : text === undefined ? Stream.empty : Stream.make(new TextEncoder().encode(text))
    })
  }

  ask(method: string, target: string, ask: Ask = {}): Effect.Effect<Answer> {
    return Effect.gen(this, function* () {
      const response = yield* this.send(method, target, ask)
      const text = new TextDecoder().decode(yield* Effect.orDie(bytesOf(response)))
      const isJson = response.headers["content-type"] === "application/json" && text !== ""
      return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
    })
  }

  create(fields: Readonly<Record<string, unknown>> = {}, as = alice): Effect.Effect<string> {
    return Effect.map(
      this.ask("POST", "/v2/images", { as, body: { disk_format: "raw", container_format: "bare", ...fields } }),
      ({ json }) => json.id
    )
  }

  upload(id: string, data: string | Stream.Stream<Uint8Array, unknown>, ask: Ask = {}): Effect.Effect<Answer> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : undefined
    return this.ask("PUT", `/v2/images/${id}/file`, {
      ...ask,
      body: bytes === undefined ? data : Stream.make(bytes),
      headers: {
        "content-type": "application/octet-stream",
        ...(bytes === undefined ? {} : { "content-length": String(bytes.length) }),
        ...ask.headers
      }
    })
  }

  show(id: string, as = alice): Effect.Effect<Answer["json"]> {
    return Effect.map(this.ask("GET", `/v2/images/${id}`, { as }), ({ json }) => json)
  }
}

export const make = (options: Omit<Glance.GlanceOptions, "hasher"> = {}): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.map(Glance.make({ hasher, ...options }), (glance) => new Client(glance))

/** The sentence of an error, without the framework's markup. */
export const sentence = (answer: Answer): string =>
  String(answer.json?.message ?? "")
    .replace(/<br \/><br \/>\s*/g, " ")
    .trim()
