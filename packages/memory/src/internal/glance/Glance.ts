import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as MemoryCloud from "../../MemoryCloud.js"
import { empty, lengthOf } from "../reply.js"
import type { Caller, WireRequest, WireResponse } from "../wire.js"
import { type Context, emptyPage, type Reply } from "./context.js"
import { Fault, internalError, render } from "./errors.js"
import { randomId } from "./images.js"
import * as info from "./info.js"
import { initialImages, initialResourceTypes, makeState } from "./initial.js"
import type { Accounts, GlanceOptions } from "./options.js"
import * as releases from "./releases.js"
import { decodePath } from "./request.js"
import { dispatch } from "./router.js"
import type { Image, State } from "./state.js"

/** What a test can ask about an image without a request. */
export type ImageState = Omit<MemoryCloud.ImageState, "region">

export interface Glance {
  /** Responds to one request. There is no `caller` if the request has no valid token. */
  readonly handle: (caller: Option.Option<Caller>, request: WireRequest) => Effect.Effect<WireResponse>
  readonly images: Effect.Effect<ReadonlyArray<ImageState>>
  /** What Rackspace's tasks read from and write to: project id, container, object. */
  readonly containers: Accounts
  readonly image: (id: string) => Effect.Effect<Option.Option<ImageState>>
}

const longestRequestId = 64

const inspect = (state: State, image: Image): ImageState => ({
  id: image.id,
  status: image.status,
  owner: image.owner,
  size: image.size,
  bytesStored: [...state.stores.values()].reduce((total, { blobs }) => total + (blobs.get(image.id)?.size ?? 0), 0),
  bytesStaged: state.staging.get(image.id)?.blob.size ?? 0
})

/** A response to HEAD has no body. */
const finish = (request: WireRequest, reply: Reply): WireResponse => {
  const { body, headers, status } = reply
  if (request.method === "HEAD") return empty(status, { ...headers, "content-length": "0" })
  const length = status === 204 || headers["content-length"] !== undefined ? undefined : lengthOf(body)
  return length === undefined ? reply : { ...reply, headers: { ...headers, "content-length": String(length) } }
}

/** Bytes of the first line of a request, with its line break: `url_length_limit` of eventlet's `wsgi.server`. */
const longestRequestLine = 8192
/** Bytes of one header: Glance's `max_header_line`. */
const longestHeader = 16_384

/** The status of a request with a line that is too long. The server below the service refuses it. */
const overlong = ({ headers, method, path, query }: WireRequest): number | undefined => {
  const line = `${method} ${path}${query === "" ? "" : `?${query}`} HTTP/1.1\r\n`
  if (line.length >= longestRequestLine) return 414
  const isLong = Object.entries(headers).some(([name, value]) => name.length + value.length + 4 >= longestHeader)
  return isLong ? 400 : undefined
}

/** `Accept` has no effect on a response without a body. */
const refuse = (request: WireRequest, error: Fault): Reply =>
  request.method === "HEAD"
    ? empty(error.status, { ...error.options.headers, ...emptyPage })
    : render(error, request.method, request.headers)

const withRequestId = (reply: Reply, id: string): Reply => ({
  ...reply,
  headers: { ...reply.headers, "x-openstack-request-id": id.startsWith("req-") ? id : `req-${id}` }
})

const answer = (
  state: State,
  caller: Caller,
  request: WireRequest,
  path: string,
  now: number
): Effect.Effect<Reply> => {
  const asked = request.headers["x-openstack-request-id"]
  if (asked !== undefined && asked.length > longestRequestId) {
    // The service means to respond with 431, and fails on the way.
    return Effect.succeed(refuse(request, internalError()))
  }
  const requestId = asked === undefined || asked === "" ? `req-${randomId()}` : asked
  const context: Context = {
    state,
    request,
    caller,
    project: caller.projectId,
    isAdmin: releases.isAdmin(state, caller),
    requestId,
    now
  }
  return dispatch(context, path).pipe(
    Effect.map((reply) => withRequestId(reply, requestId)),
    Effect.catchAll((error) =>
      Effect.succeed(
        error.options.crash === true
          ? render(error, request.method, request.headers)
          : withRequestId(refuse(request, error), requestId)
      )
    )
  )
}

export const make = (options: GlanceOptions): Effect.Effect<Glance, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const state = makeState(options, scope, yield* Effect.makeSemaphore(1))
    const now = yield* Clock.currentTimeMillis
    initialResourceTypes(state, now)
    initialImages(state, now)

    const route = (caller: Option.Option<Caller>, request: WireRequest, now: number): Effect.Effect<Reply> => {
      const refused = overlong(request)
      if (refused !== undefined) return Effect.succeed(empty(refused))
      const whole = decodePath(request.path)
      if (whole === undefined) return Effect.succeed(empty(500, { "content-type": "text/plain" }))
      // The filter of cross-origin requests comes before all others.
      if (request.method === "OPTIONS") return Effect.succeed(empty(200))
      if (whole === "/healthcheck") {
        const headers = { "content-type": "text/plain; charset=UTF-8" }
        return Effect.succeed<Reply>({ status: 200, headers, body: "OK" })
      }
      const path = whole.replace(/^\/+/, "")
      const slash = path.indexOf("/")
      const version = slash < 0 ? path : path.slice(0, slash)
      if (version === "versions") return Effect.succeed(info.listVersions({ state, request }, 200))
      if (!info.isVersion(state, version)) return Effect.succeed(info.listVersions({ state, request }, 300))
      if (Option.isNone(caller)) {
        const challenge = `Keystone uri="${options.keystoneUrl ?? "http://keystone.memory/v3"}"`
        return Effect.succeed(refuse(request, new Fault(401, { headers: { "www-authenticate": challenge } })))
      }
      const rest = slash < 0 ? "" : path.slice(slash)
      const below = options.flavour === "rackspace" ? withoutTenant(rest, caller.value) : rest
      return answer(state, caller.value, request, below, now)
    }

    return {
      handle: (caller, request) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.map(route(caller, request, now), (reply) => finish(request, reply))
        ),
      containers: state.containers,
      images: Effect.sync(() => [...state.images.values()].map((image) => inspect(state, image))),
      image: (id) =>
        Effect.sync(() => Option.map(Option.fromNullable(state.images.get(id)), (image) => inspect(state, image)))
    }
  })

/** Rackspace's paths name the caller's tenant after the version. */
const withoutTenant = (path: string, { projectId }: Caller): string =>
  `${path}/`.startsWith(`/${projectId}/`) ? path.slice(projectId.length + 1) : path
