import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Directory, makeDirectory, required } from "./directory.js"
import { type Engine, makeEngine, type Services } from "./engine.js"
import { makePending, type Pending } from "./faults.js"
import * as Glance from "./glance/index.js"
import type { ImportFault, ImportStep, InitialImage } from "./glance/options.js"
import { hasher } from "./hasher.js"
import { makeKeystone } from "./keystone/Keystone.js"
import { makeObjectStore } from "./objectStore.js"
import type { CloudOptions } from "./options.js"
import { makeRackspace } from "./rackspace.js"
import { makeTokens, type Tokens } from "./tokens.js"

/** The key of the parts that only this package uses. */
export const inside: unique symbol = Symbol.for("@effect-glance/memory/inside")

const defaultRegions: ReadonlyArray<string> = ["RegionOne"]

export interface Inside {
  readonly directory: Directory
  readonly tokens: Tokens
  readonly engine: Engine
  readonly imports: Pending<ImportStep, ImportFault>
  readonly glances: ReadonlyMap<string, Glance.Glance>
  /** Whether the catalogs name an object store. */
  readonly objectStore: boolean
}

const imagesIn = (
  { images = [], regions = defaultRegions }: CloudOptions,
  region: string,
  { projectId }: Directory
): ReadonlyArray<InitialImage> =>
  images
    .filter((image) => (image.region ?? regions[0]) === region)
    .map(({ region: _, ...image }) => ({
      ...image,
      owner: projectId(image.owner),
      members: Object.fromEntries(
        Object.entries(image.members ?? {}).map(([project, status]) => [projectId(project), status])
      )
    }))

/** A Glance for each region. An import can read from any of them. */
const makeGlances = (
  options: CloudOptions,
  regions: ReadonlyArray<string>,
  directory: Directory,
  takeFault: (step: ImportStep) => ImportFault | undefined
): Effect.Effect<ReadonlyMap<string, Glance.Glance>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const initial = Object.fromEntries(
      Object.entries(options.containers ?? {}).map(([project, names]) => [directory.projectId(project), names])
    )
    const glances = new Map<string, Glance.Glance>()
    for (const region of regions) {
      const glance = yield* Glance.make({
        ...options,
        hasher: options.hasher ?? hasher,
        images: imagesIn(options, region, directory),
        containers: { initial },
        findRemote: (name) => {
          const wanted = regions.find((one) => one.toLowerCase() === name.toLowerCase())
          const remote = wanted === undefined ? undefined : glances.get(wanted)
          return remote === undefined ? undefined : (caller, request) => remote.handle(Option.some(caller), request)
        },
        onImport: (step) => options.onImport?.(step) ?? takeFault(step)
      })
      glances.set(region, glance)
    }
    return glances
  })

/** Glance makes its URLs from the `Host` header, so that header also has the path at which it is mounted. */
const imageService =
  (glances: ReadonlyMap<string, Glance.Glance>): Services["image"] =>
  (request, endpoints, region, caller) => {
    const glance = glances.get(region)
    if (glance === undefined) return Effect.dieMessage(`no region is called ${region}`)
    const base = new URL(endpoints.image(region))
    const host = `${base.host}${base.pathname.replace(/\/$/, "")}`
    const headers = { ...request.headers, host, "x-forwarded-proto": base.protocol.slice(0, -1) }
    const challenge = { "www-authenticate": `Keystone uri="${endpoints.identity}/v3"` }
    return Effect.map(glance.handle(Option.fromNullable(caller), { ...request, headers }), (response) =>
      "www-authenticate" in response.headers
        ? { ...response, headers: { ...response.headers, ...challenge } }
        : response
    )
  }

export const makeInside = (options: CloudOptions, clock: Clock.Clock): Effect.Effect<Inside, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { containers, domains, images = [], projects, regions = defaultRegions, users } = options
    const isRackspace = options.flavour === "rackspace"
    const hasObjectStore = isRackspace || containers !== undefined
    const directory = makeDirectory({ domains, projects, users, numericIds: isRackspace })
    for (const { region = regions[0] } of images) {
      required(
        "region",
        region,
        regions.find((one) => one === region)
      )
    }
    const tokens = makeTokens()
    const imports = makePending<ImportStep, ImportFault>()
    const glances = yield* makeGlances(options, regions, directory, imports.take)
    // The object store of a region shows what the tasks of its Glance read and write.
    const objectStores = new Map(
      [...glances].map(([region, { containers }]) => [
        region,
        makeObjectStore({ directory, hasher: options.hasher ?? hasher, accounts: containers })
      ])
    )
    const tokenLifetime = Duration.toMillis(options.tokenLifetime ?? "1 hour")
    const keystone = makeKeystone({ directory, tokens, regions, tokenLifetime, objectStore: hasObjectStore })
    const rackspace = makeRackspace({ directory, tokens, regions, tokenLifetime })
    const engine = makeEngine({
      clock,
      directory,
      tokens,
      regions,
      kept: Math.max(1, options.requestsKept ?? 10_000),
      services: {
        identity: (request, endpoints) =>
          (/^\/v2\.0(\/|$)/.test(request.path) ? rackspace : keystone)(request, endpoints),
        image: imageService(glances),
        "object-store": (request, _, region, caller) =>
          objectStores.get(region)?.(request, caller) ?? Effect.dieMessage(`no region is called ${region}`)
      }
    })
    return { directory, tokens, engine, imports, glances, objectStore: hasObjectStore }
  })
