import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type Release, TheCloud } from "../contract/cloud.js"

const imageUrl = "http://glance.memory"

const names = { alice: "alpha", bob: "beta", carol: "gamma", admin: "admin" } as const

/** What imports read: the cloud's own list of versions, as the real one can, and what is on the web of this machine. */
const fetchUri: MemoryCloud.Options["fetchUri"] = (uri) =>
  uri === `${imageUrl}/versions`
    ? Effect.succeed({ size: undefined, body: Stream.make(new TextEncoder().encode('{"versions": []}')) })
    : Effect.tryPromise({
        try: async (signal) => {
          const response = await fetch(uri, { signal })
          const { body } = response
          if (!response.ok || body === null) throw new Error(`status ${response.status}`)
          return {
            size: Number(response.headers.get("content-length")),
            body: Stream.fromReadableStream({ evaluate: () => body, onError: String })
          }
        },
        catch: (error) => ({ message: `nobody answers at ${uri}: ${error}` })
      })

const cloud = (release: Release) =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.make({
      release,
      projects: ["alpha", "beta", "gamma"],
      users: (["alice", "bob", "carol"] as const).map((name) => ({
        name,
        password: `${name}'s password`,
        roles: { [names[name]]: ["member", "reader"] }
      })),
      showMultipleLocations: true,
      showDirectUrl: true,
      importHosts: ["127.0.0.1", "glance.memory"],
      fetchUri
    })
    const account = (name: keyof typeof names) => {
      const credentials = MemoryCloud.credentials(memory, { project: names[name], user: name })
      return { ...credentials, password: Redacted.value(credentials.password) }
    }
    return Layer.merge(
      MemoryCloud.layerHttpClient(memory),
      Layer.succeed(TheCloud, {
        release,
        authUrl: MemoryCloud.authUrl,
        imageUrl,
        region: "RegionOne",
        accounts: { alice: account("alice"), bob: account("bob"), carol: account("carol"), admin: account("admin") }
      })
    )
  })

/** A fresh cloud in memory with the projects and users of the contract, and the client that reaches it. */
export const memoryCloudOf = (release: Release) => Layer.unwrapScoped(cloud(release))

export const theMemoryCloud = memoryCloudOf("25.1")
