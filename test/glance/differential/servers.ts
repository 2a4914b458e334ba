import { createHash } from "node:crypto"
import * as http from "node:http"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Glance from "../../../packages/memory/src/internal/glance/index.js"

export type Who = "alice" | "bob" | "carol" | "admin" | "nobody"

/** A request as the generator makes it: both servers get exactly this. */
export interface Probe {
  readonly who: Who
  readonly method: string
  /** Percent-encoded, with the query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
  /** Sent in pieces, without telling its length first. */
  readonly chunked?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The connection broke before the end of the body. */
  readonly broken: boolean
}

export type Server = (probe: Probe) => Promise<Answer>

export interface Account {
  readonly username: string
  readonly password: string
  readonly projectName: string
  readonly userId: string
  readonly projectId: string
}

export interface Cloud {
  readonly release: "25.1" | "30.0"
  readonly authUrl: string
  readonly imageUrl: string
  readonly accounts: Readonly<Record<"alice" | "bob" | "carol" | "admin", Account>>
}

export const hasher: Glance.Hasher = {
  create: (algorithm) => {
    const hash = createHash(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") }
  }
}

const bytesOf = (body: Probe["body"]): Buffer => (body === undefined ? Buffer.alloc(0) : Buffer.from(body))

/** Header names and framing as they are on the wire, for both. */
const framed = (probe: Probe, host: string): Record<string, string> => ({
  host,
  ...probe.headers,
  ...(probe.body === undefined
    ? {}
    : probe.chunked === true
      ? { "transfer-encoding": "chunked" }
      : { "content-length": String(bytesOf(probe.body).length) })
})

const login = async (cloud: Cloud, account: Account): Promise<string> => {
  const response = await fetch(`${cloud.authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: account.username, domain: { id: "default" }, password: account.password } }
        },
        scope: { project: { name: account.projectName, domain: { id: "default" } } }
      }
    })
  })
  const token = response.headers.get("x-subject-token")
  if (token === null) throw new Error(`no token for ${account.username}: ${response.status}`)
  return token
}

export const realServer = async (cloud: Cloud): Promise<Server> => {
  const tokens = new Map<Who, string>()
  for (const who of ["alice", "bob", "carol", "admin"] as const) {
    tokens.set(who, await login(cloud, cloud.accounts[who]))
  }
  const url = new URL(cloud.imageUrl)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  return (probe) =>
    new Promise((resolve, reject) => {
      const token = tokens.get(probe.who)
      const request = http.request(
        {
          agent,
          host: url.hostname,
          port: url.port,
          method: probe.method,
          path: probe.target,
          headers: {
            ...framed(probe, url.host),
            ...(token === undefined ? {} : { "x-auth-token": token })
          }
        },
        (response) => {
          const chunks: Array<Buffer> = []
          response.on("data", (chunk: Buffer) => chunks.push(chunk))
          const answer = (broken: boolean) => () => {
            const headers: Record<string, string> = {}
            for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value)
            resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks), broken })
          }
          response.on("error", answer(true))
          response.on("end", answer(false))
        }
      )
      request.on("error", reject)
      request.end(bytesOf(probe.body))
    })
}

export const memoryServer =
  (cloud: Cloud, glance: Glance.Glance): Server =>
  async (probe) => {
    const question = probe.target.indexOf("?")
    const account = probe.who === "nobody" ? undefined : cloud.accounts[probe.who]
    const response = await Effect.runPromise(
      glance.handle(
        Option.map(Option.fromNullable(account), ({ projectId, userId }) => ({
          projectId,
          userId,
          roles: probe.who === "admin" ? ["admin", "member", "reader"] : ["member", "reader"]
        })),
        {
          method: probe.method,
          path: question < 0 ? probe.target : probe.target.slice(0, question),
          query: question < 0 ? "" : probe.target.slice(question + 1),
          headers: framed(probe, new URL(cloud.imageUrl).host),
          body: probe.body === undefined ? Stream.empty : Stream.make(new Uint8Array(bytesOf(probe.body)))
        }
      )
    )
    const { body, headers, status } = response
    if (typeof body === "string" || body instanceof Uint8Array) {
      return { status, headers, body: Buffer.from(body), broken: false }
    }
    const chunks: Array<Uint8Array> = []
    const exit = await Effect.runPromiseExit(Stream.runForEach(body, (chunk) => Effect.sync(() => chunks.push(chunk))))
    return { status, headers, body: Buffer.concat(chunks), broken: Exit.isFailure(exit) }
  }
