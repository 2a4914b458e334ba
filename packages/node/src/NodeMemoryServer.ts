/**
 * Serves a cloud in memory on a socket of this machine.
 *
 * @since 0.1.0
 */
import * as Http from "node:http"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as MemoryServer from "@effect-glance/memory/MemoryServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * The port and the host to listen on, and the pages and host names that may use the cloud.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Pick<MemoryServer.Options, "cors" | "hosts"> {
  /** One port for all services, which are then below `/identity`, `/image` and `/object-store`. @default any free one */
  readonly port?: number | undefined
  /** A port for each service instead, at its root: `0` is any free one. */
  readonly ports?:
    | {
        readonly identity: number
        readonly image: number
        readonly objectStore?: number | undefined
      }
    | undefined
  /** A name or an address. The server accepts requests for this name as well. @default 127.0.0.1 */
  readonly host?: string | undefined
}

/**
 * A cloud on a socket.
 *
 * @since 0.1.0
 * @category models
 */
export interface Server {
  readonly cloud: MemoryCloud.Service
  /** Keystone's, with its `/v3`. */
  readonly authUrl: string
  /** Rackspace's identity service, with its `/v2.0`. */
  readonly rackspaceAuthUrl: string
  readonly imageUrl: string
  readonly objectStoreUrl: string | undefined
  /** Returns the `OS_*` variables of a user of the cloud. */
  readonly environment: (
    options?: Pick<MemoryCloud.PortOptions, "project" | "user" | "region">
  ) => Readonly<Record<string, string>>
}

/**
 * The server of {@link layer}.
 *
 * @since 0.1.0
 * @category tags
 */
export class NodeMemoryServer extends Context.Tag("@effect-glance/node/NodeMemoryServer")<NodeMemoryServer, Server>() {}

/**
 * Reads a request's body without closing its socket when the reader stops early, and lets faults break the socket.
 *
 * @since 0.1.0
 * @category apps
 */
export const connection = (request: HttpServerRequest.HttpServerRequest): MemoryServer.Connection => {
  const source = NodeHttpServerRequest.toIncomingMessage(request)
  const response = NodeHttpServerRequest.toServerResponse(request)
  // An early answer must not leave a client stuck that sends all of its body before it reads.
  response.once("finish", () => source.resume())
  const bytes = NodeStream.fromReadable<unknown, Uint8Array>(
    () => source,
    (error) => error,
    { closeOnDone: false }
  )
  return {
    body: Stream.concat(
      bytes,
      // A message that is gone before anybody reads looks like one that has ended.
      Stream.suspend(() => (source.complete ? Stream.empty : Stream.fail(new Error("aborted"))))
    ),
    reset: (when) =>
      Effect.sync(() => {
        const { socket } = source
        if (when === "now") {
          socket.resetAndDestroy()
        } else {
          response.flushHeaders()
          socket.destroySoon()
        }
      })
  }
}

/** Bytes of all headers: more than Glance takes of one, so that it is the cloud that refuses it. */
const maxHeaderSize = 65_536

/**
 * Serves a cloud until the scope is closed, which closes every connection.
 *
 * @example
 * ```ts
 * import { MemoryCloud } from "@effect-glance/memory"
 * import { NodeMemoryServer } from "@effect-glance/node"
 * import { Effect } from "effect"
 *
 * const served = Effect.flatMap(MemoryCloud.make(), (cloud) => NodeMemoryServer.serve(cloud, { port: 9292 }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = (
  cloud: MemoryCloud.Service,
  options: Options = {}
): Effect.Effect<Server, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function* () {
    const host = options.host ?? "127.0.0.1"
    const listen = (port: number) =>
      Effect.gen(function* () {
        // An upload may take longer than the five minutes that Node grants a request.
        const server = Http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000, maxHeaderSize })
        const listening = yield* NodeHttpServer.make(() => server, { port, host })
        yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
        const { address } = listening
        const name = host.includes(":") ? `[${host}]` : host
        return {
          url: address._tag === "TcpAddress" ? `http://${name}:${address.port}` : `http://${name}`,
          serve: (app: MemoryServer.Options) =>
            listening.serve(
              MemoryServer.app(cloud, {
                ...app,
                connection,
                cors: options.cors,
                hosts: [host, ...(options.hosts ?? [])]
              })
            )
        }
      })

    const { ports } = options
    if (ports === undefined) {
      const one = yield* listen(options.port ?? 0)
      yield* one.serve({})
      const { identity, image, objectStore } = MemoryServer.defaultMount
      return server(cloud, `${one.url}${identity}`, `${one.url}${image}`, `${one.url}${objectStore}`)
    }
    const identity = yield* listen(ports.identity)
    const image = yield* listen(ports.image)
    const objectStore = ports.objectStore === undefined ? undefined : yield* listen(ports.objectStore)
    const urls = { identity: identity.url, image: image.url, objectStore: objectStore?.url }
    yield* identity.serve({ mount: { identity: "" }, urls })
    yield* image.serve({ mount: { image: "" }, urls })
    yield* objectStore?.serve({ mount: { objectStore: "" }, urls }) ?? Effect.void
    return server(cloud, urls.identity, urls.image, urls.objectStore)
  })

/**
 * Provides a fresh cloud, and a server for it.
 *
 * @example
 * ```ts
 * import { NodeMemoryServer } from "@effect-glance/node"
 * import { Console, Effect } from "effect"
 *
 * const program = Effect.flatMap(NodeMemoryServer.NodeMemoryServer, ({ authUrl }) => Console.log(authUrl))
 * const main = Effect.provide(program, NodeMemoryServer.layer({ port: 9292 }))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options & MemoryCloud.Options = {}
): Layer.Layer<NodeMemoryServer | MemoryCloud.MemoryCloud, HttpServerError.ServeError> =>
  Layer.scoped(
    NodeMemoryServer,
    Effect.flatMap(MemoryCloud.MemoryCloud, (cloud) => serve(cloud, options))
  ).pipe(Layer.provideMerge(MemoryCloud.layerCloud(options)))

const server = (
  cloud: MemoryCloud.Service,
  identity: string,
  image: string,
  objectStore: string | undefined
): Server => ({
  cloud,
  authUrl: `${identity}/v3`,
  rackspaceAuthUrl: `${identity}/v2.0`,
  imageUrl: image,
  objectStoreUrl: objectStore,
  environment: (options) => {
    const credentials = MemoryCloud.credentials(cloud, options)
    return {
      OS_AUTH_URL: `${identity}/v3`,
      OS_IDENTITY_API_VERSION: "3",
      OS_USERNAME: credentials.username,
      OS_USER_DOMAIN_NAME: credentials.userDomainName,
      OS_PASSWORD: Redacted.value(credentials.password),
      OS_PROJECT_NAME: credentials.projectName,
      OS_PROJECT_DOMAIN_NAME: credentials.projectDomainName,
      OS_REGION_NAME: credentials.region
    }
  }
})
