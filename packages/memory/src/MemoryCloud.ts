/**
 * A cloud in this process: a Glance, and the Keystone that it needs, which respond as the real ones do.
 *
 * @since 0.1.0
 */

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as UrlParams from "@effect/platform/UrlParams"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { Fault, Matcher } from "./Fault.js"
import { makeClient, send } from "./internal/client.js"
import type { ProjectOptions, UserOptions } from "./internal/directory.js"
import { defaultPassword, required } from "./internal/directory.js"
import { memoryEndpoints, type ServiceName } from "./internal/endpoints.js"
import * as internalFetch from "./internal/fetchUri.js"
import type {
  Hasher,
  HashingAlgorithm,
  ImportFault,
  ImportStep,
  Quotas,
  StoreOptions
} from "./internal/glance/options.js"
import { algorithms, plain } from "./internal/hasher.js"
import { type Inside, inside, makeInside } from "./internal/inside.js"
import type * as internal from "./internal/options.js"
import { storageTenant } from "./internal/rackspace.js"
import { userOf } from "./internal/tokens.js"
import type { Caller } from "./internal/wire.js"
import type * as RequestLog from "./RequestLog.js"

/**
 * The types of the options.
 *
 * @since 0.1.0
 * @category models
 */
export type { Hasher, HashingAlgorithm, ImportFault, ImportStep, ProjectOptions, Quotas, StoreOptions, UserOptions }

/**
 * An image that exists from the start. Its owner and its members are projects, by name or id.
 *
 * @since 0.1.0
 * @category models
 */
export type ImageOptions = internal.ImageOptions

/**
 * The options of a cloud. By default it has two projects, `demo` and `guest`, each with a user of the same name, and
 * an `admin`; every password is `secret`.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = internal.CloudOptions

/**
 * Computes all hash algorithms in JavaScript. A cloud uses it if the runtime has no hash algorithms of its own.
 *
 * @since 0.1.0
 * @category models
 */
export const plainHasher: Hasher = plain

/**
 * The values of the option `hashingAlgorithm`.
 *
 * @since 0.1.0
 * @category models
 */
export const hashingAlgorithms: ReadonlyArray<HashingAlgorithm> = algorithms

/**
 * The id and the name of a project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Project {
  readonly id: string
  readonly name: string
}

/**
 * A user and its roles on projects.
 *
 * @since 0.1.0
 * @category models
 */
export interface User extends Project {
  /** Project id -> role names. */
  readonly roles: ReadonlyMap<string, ReadonlyArray<string>>
}

/**
 * An image as the service stores it, with the size of its data in the stores and in the staging area.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageState {
  readonly id: string
  readonly region: string
  readonly status: string
  readonly owner: string | null
  readonly size: number | null
  /** Bytes that the stores hold, all copies together. */
  readonly bytesStored: number
  /** Bytes in the staging area. */
  readonly bytesStaged: number
}

/**
 * A fault that was injected.
 *
 * @since 0.1.0
 * @category models
 */
export interface InjectedFault {
  /** How many requests have met the fault so far. A fault that no request meets does nothing, and is not reported. */
  readonly hits: Effect.Effect<number>
}

/**
 * A cloud. Two clouds share nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  readonly projects: ReadonlyArray<Project>
  readonly users: ReadonlyArray<User>
  readonly regions: ReadonlyArray<string>
  /** Returns a project by name or id. An unknown one is a defect. */
  readonly project: (nameOrId: string) => Project
  /** Returns the requests since the cloud was made, or since `clearRequests`. */
  readonly requests: Effect.Effect<ReadonlyArray<RequestLog.Entry>>
  readonly clearRequests: Effect.Effect<void>
  /** Returns all images of all projects as the service stores them, in no order. */
  readonly images: Effect.Effect<ReadonlyArray<ImageState>>
  /** Returns the number of tokens that were issued. */
  readonly logins: Effect.Effect<number>
  /**
   * Injects a fault into the next requests that fit the matcher. A request meets one fault: the oldest that fits and is
   * not used up.
   */
  readonly inject: (
    matcher: Matcher,
    fault: Fault,
    options?: {
      /** The number of requests that meet the fault. `Infinity`: all until `clearFaults`. @default 1 */
      readonly times?: number | undefined
    }
  ) => Effect.Effect<InjectedFault>
  /** Makes the next imports that fit fail or hang when they reach a store. */
  readonly injectImport: (
    fault: ImportFault,
    options?: {
      readonly where?: ((step: ImportStep) => boolean) | undefined
      /** @default 1 */
      readonly times?: number | undefined
    }
  ) => Effect.Effect<void>
  /** Removes all faults that are not used up. */
  readonly clearFaults: Effect.Effect<void>
  /** Expires all tokens, as a restart of Keystone with new keys does. */
  readonly expireTokens: Effect.Effect<void>
  /** Waits until no request is handled and no response is sent. */
  readonly idle: Effect.Effect<void>
  /** @internal */
  readonly [inside]: Inside
}

/**
 * The cloud of a layer of this module.
 *
 * @since 0.1.0
 * @category tags
 */
export class MemoryCloud extends Context.Tag("@effect-glance/memory/MemoryCloud")<MemoryCloud, Service>() {}

/**
 * Makes a cloud. It uses the clock of the current fiber: under `TestClock`, tokens expire and imports end when the test
 * moves the clock. Closing the scope ends all imports.
 *
 * An unknown project, domain or region in the options is a defect.
 *
 * @example
 * ```ts
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const cloud = yield* MemoryCloud.make({ release: "30.0" })
 *   return yield* cloud.images
 * }).pipe(Effect.scoped)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    const within = yield* makeInside(options, clock)
    const { directory, engine, imports, tokens } = within
    return {
      projects: directory.projects.map(({ id, name }) => ({ id, name })),
      users: directory.users.map(({ id, name, roles }) => ({ id, name, roles })),
      regions: engine.regions,
      project: (nameOrId) => {
        const { id, name } = required("project", nameOrId, directory.project(nameOrId))
        return { id, name }
      },
      requests: Effect.sync(engine.entries),
      clearRequests: Effect.sync(engine.clearEntries),
      images: Effect.map(
        Effect.forEach(within.glances, ([region, glance]) =>
          Effect.map(glance.images, (images) => images.map((image) => ({ ...image, region })))
        ),
        (images) => images.flat()
      ),
      logins: Effect.sync(tokens.issued),
      inject: (matcher, fault, options) =>
        Effect.sync(() => ({ hits: Effect.sync(engine.inject(matcher, fault, options?.times ?? 1)) })),
      injectImport: (fault, options) =>
        Effect.sync(() => {
          const { times = 1, where = () => true } = options ?? {}
          imports.inject((step) => (where(step) ? fault : undefined), times)
        }),
      clearFaults: Effect.sync(() => {
        engine.clearFaults()
        imports.clear()
      }),
      expireTokens: Effect.sync(() => tokens.revokeWhere(() => true)),
      idle: engine.idle,
      [inside]: within
    }
  })

/**
 * Provides a fresh cloud, and the port into it for one project. A test of a program with images needs nothing else.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Layer } from "effect"
 *
 * const cloud = MemoryCloud.layer({ images: [{ owner: "demo", name: "debian", data: "bytes" }] })
 * const test = Layer.provideMerge(Images.layer, cloud)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options & PortOptions = {}): Layer.Layer<GlanceClient.GlanceClient | MemoryCloud> =>
  Layer.effect(
    GlanceClient.GlanceClient,
    Effect.map(MemoryCloud, (cloud) => port(cloud, options))
  ).pipe(Layer.provideMerge(layerCloud(options)))

/**
 * Provides a fresh cloud without a port.
 *
 * @example
 * ```ts
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Effect } from "effect"
 *
 * const program = Effect.flatMap(MemoryCloud.MemoryCloud, ({ requests }) => requests)
 * const main = Effect.provide(program, MemoryCloud.layerCloud({ projects: ["build", "deploy"] }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCloud = (options: Options = {}): Layer.Layer<MemoryCloud> => Layer.scoped(MemoryCloud, make(options))

/**
 * The caller of a port.
 *
 * @since 0.1.0
 * @category models
 */
export interface PortOptions {
  /** By name or id. @default the first project */
  readonly project?: string | undefined
  /** By name or id. @default the first user who has a role in the project */
  readonly user?: string | undefined
  /** The roles of the user. @default the user's roles in the project */
  readonly roles?: ReadonlyArray<string> | undefined
  /** @default the first region */
  readonly region?: string | undefined
  /** The time limit of operations. @default 5 minutes */
  readonly timeLimit?: Duration.DurationInput | undefined
}

/**
 * Makes the port into a cloud for one project. There is no login, and no token expires.
 *
 * @since 0.1.0
 * @category ports
 */
export const port = (cloud: Service, options: PortOptions = {}): GlanceClient.Service => {
  const { engine, objectStore } = cloud[inside]
  const { project, region, user } = speakerOf(cloud, options)
  if (options.user !== undefined) required("user", options.user, user)
  const caller: Caller = {
    projectId: project.id,
    userId: user?.id ?? "",
    roles: options.roles ?? user?.roles.get(project.id) ?? ["member", "reader"]
  }
  const endpoints = memoryEndpoints(engine.regions)

  const client = (service: ServiceName, base: string, root: string): GlanceClient.Client =>
    GlanceClient.makeClient((request) => {
      const url = UrlParams.makeUrl(`${base}${root}${request.url}`, request.urlParams, request.hash)
      if (url._tag === "Left") {
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause: url.left }))
      }
      const path = url.right.pathname
      return send(engine, endpoints, request, url.right, { service, region, path }, undefined, caller)
    })

  return {
    client: client("image", endpoints.image(region), "/v2"),
    unversioned: client("image", endpoints.image(region), ""),
    projectId: Effect.succeed(Option.some(project.id)),
    objectStore: Effect.succeed(
      objectStore
        ? Option.some(client("object-store", endpoints.objectStore(region), `/v1/${storageTenant(project.id)}`))
        : Option.none()
    ),
    ensureToken: () => Effect.void,
    timeLimit: Duration.decode(options.timeLimit ?? "5 minutes"),
    bodyStreaming: "always"
  }
}

/**
 * Provides the port into a cloud for one project.
 *
 * @example
 * ```ts
 * import { Images } from "@effect-glance/core"
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Layer } from "effect"
 *
 * const asGuest = (cloud: MemoryCloud.Service) =>
 *   Layer.provide(Images.layer, MemoryCloud.layerPort(cloud, { project: "guest" }))
 * ```
 *
 * @since 0.1.0
 * @category ports
 */
export const layerPort = (cloud: Service, options?: PortOptions): Layer.Layer<GlanceClient.GlanceClient> =>
  Layer.sync(GlanceClient.GlanceClient, () => port(cloud, options))

/**
 * Makes an HTTP client that reaches the cloud and nothing else, without a socket. Logins, catalogs and retries are tested
 * with it. A request to any other host fails with a transport error that names the hosts of the cloud.
 *
 * @since 0.1.0
 * @category clients
 */
export const httpClient = (cloud: Service): HttpClient.HttpClient =>
  makeClient(cloud[inside].engine, memoryEndpoints(cloud.regions))

/**
 * Provides the HTTP client of a cloud: see {@link httpClient}.
 *
 * @example
 * ```ts
 * import { Cloud, Keystone } from "@effect-glance/http"
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Layer } from "effect"
 *
 * const withLogin = (cloud: MemoryCloud.Service) =>
 *   Cloud.layer().pipe(
 *     Layer.provide(Keystone.layerPassword(MemoryCloud.credentials(cloud))),
 *     Layer.provide(MemoryCloud.layerHttpClient(cloud))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category clients
 */
export const layerHttpClient = (cloud: Service): Layer.Layer<HttpClient.HttpClient> =>
  Layer.sync(HttpClient.HttpClient, () => httpClient(cloud))

/**
 * Provides a fresh cloud, and an HTTP client that reaches it and nothing else.
 *
 * @example
 * ```ts
 * import { HttpClient } from "@effect/platform"
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { Effect } from "effect"
 *
 * const versions = Effect.provide(HttpClient.get("http://glance.memory/versions"), MemoryCloud.layerClient())
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (options: Options = {}): Layer.Layer<HttpClient.HttpClient | MemoryCloud> =>
  Layer.effect(HttpClient.HttpClient, Effect.map(MemoryCloud, httpClient)).pipe(Layer.provideMerge(layerCloud(options)))

/**
 * The URL of Keystone for {@link httpClient}: the `OS_AUTH_URL` of the cloud.
 *
 * @since 0.1.0
 * @category clients
 */
export const authUrl = "http://keystone.memory/v3"

/**
 * The URL of Rackspace's identity service for {@link httpClient}.
 *
 * @since 0.1.0
 * @category clients
 */
export const rackspaceAuthUrl = "http://keystone.memory/v2.0"

/**
 * The credentials of a user for one project.
 *
 * @since 0.1.0
 * @category clients
 */
export interface Credentials {
  readonly authUrl: string
  readonly username: string
  readonly userDomainName: string
  readonly password: Redacted.Redacted
  readonly apiKey: Redacted.Redacted
  readonly projectId: string
  readonly projectName: string
  readonly projectDomainName: string
  readonly region: string
}

/**
 * Returns the credentials of a user for one project, to log in through {@link httpClient}.
 *
 * @since 0.1.0
 * @category clients
 */
export const credentials = (
  cloud: Service,
  options: Pick<PortOptions, "project" | "user" | "region"> = {}
): Credentials => {
  const { directory } = cloud[inside]
  const { project, region, user } = speakerOf(cloud, options)
  if (user === undefined) throw new Error(`no user of project ${project.name} is called ${options.user}`)
  return {
    authUrl,
    username: user.name,
    userDomainName: directory.domain(user.domainId)?.name ?? "Default",
    password: Redacted.make(user.password),
    apiKey: Redacted.make(user.apiKey),
    projectId: project.id,
    projectName: project.name,
    projectDomainName: directory.domain(project.domainId)?.name ?? "Default",
    region
  }
}

/**
 * The limits of {@link fetchUri}.
 *
 * @since 0.1.0
 * @category models
 */
export interface FetchOptions extends internalFetch.FetchOptions {}

/**
 * Reads http and https addresses with the `fetch` of the runtime, for the option `fetchUri` of {@link make}. A read fails
 * when it exceeds a limit, and so does the import that asked for it.
 *
 * @example
 * ```ts
 * import { MemoryCloud } from "@effect-glance/memory"
 *
 * const cloud = MemoryCloud.make({ fetchUri: MemoryCloud.fetchUri({ maxBytes: 100_000_000, timeLimit: "1 minute" }) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fetchUri = (options: FetchOptions = {}): NonNullable<Options["fetchUri"]> =>
  internalFetch.makeFetchUri(options)

/**
 * The password of users without one in the options.
 *
 * @since 0.1.0
 * @category clients
 */
export const password: string = defaultPassword

/** The project, the user and the region that the options name. */
const speakerOf = (cloud: Service, { project: name, region: wanted, user }: PortOptions) => {
  const { directory } = cloud[inside]
  const project = required("project", name, name === undefined ? directory.projects[0] : directory.project(name))
  const region = cloud.regions.find((candidate) => candidate === (wanted ?? cloud.regions[0]))
  return {
    project,
    region: required("region", wanted, region),
    user: user === undefined ? userOf(directory, project) : directory.user(user)
  }
}
