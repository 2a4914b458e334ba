import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Fault, type Matcher, matches, type Target } from "../Fault.js"
import type { Entry } from "../RequestLog.js"
import type { Directory } from "./directory.js"
import type { Endpoints, Place } from "./endpoints.js"
import { asString, isObject, parse, readText } from "./reply.js"
import { callerOf, type Tokens } from "./tokens.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

/** The connection broke: before the answer when an effect fails with it, within a body when a stream does. */
export class ConnectionReset extends Data.TaggedError("ConnectionReset")<{ readonly message: string }> {}

const reset = () => new ConnectionReset({ message: "read ECONNRESET" })

/** A service of the cloud behind the log, the faults and the tokens. */
export interface Services {
  readonly identity: (request: WireRequest, endpoints: Endpoints) => Effect.Effect<WireResponse>
  readonly image: (
    request: WireRequest,
    caller: Caller | undefined,
    region: string,
    endpoints: Endpoints
  ) => Effect.Effect<WireResponse>
  readonly objectStore: (
    request: WireRequest,
    caller: Caller | undefined,
    region: string
  ) => Effect.Effect<WireResponse>
}

/** Everything a transport needs of a cloud: an answer, or a connection that breaks. */
export interface Engine {
  readonly clock: Clock.Clock
  readonly regions: ReadonlyArray<string>
  readonly answer: (
    request: WireRequest,
    place: Place,
    endpoints: Endpoints,
    /** Speaks in place of a token. */
    as?: Caller
  ) => Effect.Effect<WireResponse, ConnectionReset>
  /** How many requests it has met so far. */
  readonly inject: (matcher: Matcher, fault: Fault, times: number) => () => number
  readonly clearFaults: () => void
  readonly entries: () => ReadonlyArray<Entry>
  readonly clearEntries: () => void
  /** Requests that are being handled, and answers that are being sent. */
  readonly idle: Effect.Effect<void>
}

interface Record_ {
  readonly number: number
  readonly target: Target
  readonly headers: Readonly<Record<string, string>>
  readonly login: number | undefined
  readonly startedAt: number
  readonly fault: Fault | undefined
  body: string | undefined
  status: number | undefined
  bytesReceived: number
  bytesSent: number
  endedAt: number | undefined
  outcome: Entry["outcome"]
}

const secrets = ["x-auth-token", "x-subject-token", "x-service-token", "authorization", "cookie"]
const loggedBody = 64 * 1024
/** The longest patch that the `StrictAdd` fault rewrites. */
const largestPatch = 1024 * 1024

export const makeEngine = (options: {
  readonly clock: Clock.Clock
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  readonly services: Services
  /** How many requests the log holds. */
  readonly kept: number
}): Engine => {
  const { clock, directory, services, tokens } = options
  const faults: Array<{ readonly matcher: Matcher; readonly fault: Fault; left: number; met: number }> = []
  let log: Array<Record_> = []
  let arrived = 0
  let working = 0
  const quiet = Effect.unsafeMakeLatch(true)

  const begin = () => {
    working += 1
    quiet.unsafeClose()
  }
  const end = () => {
    working -= 1
    if (working === 0) quiet.unsafeOpen()
  }

  const takeFault = (target: Target): Fault | undefined => {
    for (const [index, one] of faults.entries()) {
      const fault = matches(one.matcher, target) ? chosen(one.fault, target) : undefined
      if (fault === undefined) continue
      one.met += 1
      one.left -= 1
      if (one.left <= 0) faults.splice(index, 1)
      return fault
    }
    return undefined
  }

  const finish = (record: Record_, outcome: Entry["outcome"]) => {
    if (record.endedAt !== undefined) return
    record.endedAt = clock.unsafeCurrentTimeMillis()
    record.outcome = outcome
  }

  /** Rackspace's endpoints end in the tenant: what is below is the same service. */
  const withoutTenant = (place: Place): { readonly path: string; readonly tenant: string | undefined } => {
    const found = place.service === "image" ? /^(\/v2(?:\.\d+)?)\/([^/]+)(\/.*)?$/.exec(place.path) : null
    const tenant = found?.[2]
    if (tenant === undefined || !directory.projects.some((project) => project.id === tenant)) {
      return { path: place.path, tenant: undefined }
    }
    return { path: `${found?.[1] ?? ""}${found?.[3] ?? "/"}`, tenant }
  }

  const handle = (
    request: WireRequest,
    target: Target,
    endpoints: Endpoints,
    caller: Caller | undefined
  ): Effect.Effect<WireResponse> => {
    switch (target.service) {
      case "identity":
        return services.identity(request, endpoints)
      case "image":
        return services.image(request, caller, target.region, endpoints)
      case "object-store":
        return services.objectStore(request, caller, target.region)
    }
  }

  /** The answer as the fault lets it be. */
  const perform = (
    fault: Fault | undefined,
    request: WireRequest,
    target: Target,
    endpoints: Endpoints
  ): Effect.Effect<WireResponse, ConnectionReset> => {
    const handled = (body = request.body) =>
      handle(body === request.body ? request : { ...request, body }, target, endpoints, target.caller)
    switch (fault?._tag) {
      case undefined:
        return handled()
      case "Status":
        return Effect.succeed({ status: fault.status, headers: fault.headers, body: fault.body })
      case "Delay":
        return Effect.zipRight(
          clock.sleep(Duration.decode(fault.duration)),
          Effect.suspend(() => perform(fault.then, request, target, endpoints))
        )
      case "Refuse":
        return Effect.fail(reset())
      case "LoseAnswer":
        return Effect.zipRight(handled(), Effect.fail(reset()))
      case "ResetAnswer":
        return Effect.map(handled(), (response) => ({
          ...response,
          // The length is told in any case, or a short answer would be over before it breaks.
          headers: withLength(response),
          body: cut(streamOf(response.body), fault.bytes, Stream.fail(reset()))
        }))
      case "TruncateAnswer":
        return Effect.map(handled(), (response) => ({
          ...response,
          headers: without(response.headers, "content-length"),
          body: cut(streamOf(response.body), fault.bytes, Stream.empty)
        }))
      case "ResetUpload":
        return Effect.suspend(() => {
          const broken = { is: false }
          return Effect.flatMap(handled(breaking(request.body, fault.bytes, broken)), (response) =>
            broken.is ? Effect.fail(reset()) : Effect.succeed(response)
          )
        })
      case "ExpireToken":
        return Effect.suspend(() => {
          const unauthorized = Effect.suspend(() => {
            const token = request.headers["x-auth-token"]
            if (token !== undefined) tokens.revoke(token)
            return handle({ ...request, body: Stream.empty }, target, endpoints, undefined)
          })
          if (fault.bytes <= 0) return unauthorized
          const broken = { is: false }
          return Effect.flatMap(handled(breaking(request.body, fault.bytes, broken)), (response) =>
            broken.is ? unauthorized : Effect.succeed(response)
          )
        })
      case "StrictAdd":
        if (request.method !== "PATCH") return handled()
        return readText(request, largestPatch).pipe(
          Effect.flatMap((text) =>
            text === undefined ? handled() : handle(asVersion20(request, text), target, endpoints, target.caller)
          ),
          Effect.catchTag("TooLarge", () => Effect.fail(reset()))
        )
      case "Hang":
        return Effect.never
      case "Choose":
        // Chosen when the request came in, unless it stands behind a delay.
        return perform(chosen(fault, target), request, target, endpoints)
    }
  }

  const answer: Engine["answer"] = (request, place, endpoints, as) =>
    Effect.uninterruptibleMask((restore) => {
      const { path, tenant } = withoutTenant(place)
      const now = clock.unsafeCurrentTimeMillis()
      const header = request.headers["x-auth-token"]
      const issued = header === undefined ? undefined : tokens.peek(header)
      const valid = header === undefined ? undefined : tokens.find(header, now)
      let caller = as ?? (valid === undefined ? undefined : callerOf(valid))
      if (tenant !== undefined && caller?.projectId !== tenant) caller = undefined
      const target: Target = {
        service: place.service,
        region: place.region,
        method: request.method,
        path,
        query: request.query,
        headers: redacted(request.headers),
        caller
      }
      const fault = takeFault({ ...target, headers: request.headers })
      arrived += 1
      const record: Record_ = {
        number: arrived,
        target,
        headers: target.headers,
        login: issued?.login,
        startedAt: now,
        fault,
        body: undefined,
        status: undefined,
        bytesReceived: 0,
        bytesSent: 0,
        endedAt: undefined,
        outcome: "open"
      }
      log.push(record)
      if (log.length >= 2 * options.kept) log = log.slice(-options.kept)
      begin()

      const keepsText = place.service !== "identity" && /json/i.test(request.headers["content-type"] ?? "")
      const decoder = keepsText ? new TextDecoder() : undefined
      const received = Stream.map(request.body, (bytes) => {
        record.bytesReceived += bytes.length
        if (decoder !== undefined) {
          const text = record.body ?? ""
          if (text.length < loggedBody)
            record.body = text + decoder.decode(bytes.subarray(0, loggedBody), { stream: true })
        }
        return bytes
      })

      return restore(perform(fault, { ...request, path, body: received }, target, endpoints)).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            end()
            if (Exit.isFailure(exit)) finish(record, Cause.isInterruptedOnly(exit.cause) ? "abandoned" : "reset")
          })
        ),
        Effect.map((response) => {
          record.status = response.status
          if (typeof response.body === "string" || response.body instanceof Uint8Array) {
            record.bytesSent =
              typeof response.body === "string" ? new TextEncoder().encode(response.body).length : response.body.length
            finish(record, "answered")
            return response
          }
          const body = response.body
          const sent = Stream.suspend(() => {
            begin()
            let whole = false
            return body.pipe(
              Stream.map((bytes) => {
                record.bytesSent += bytes.length
                return bytes
              }),
              // A reader who has had enough ends the stream as happily as its last byte does.
              Stream.concat(
                Stream.execute(
                  Effect.sync(() => {
                    whole = true
                  })
                )
              ),
              Stream.ensuringWith((exit) =>
                Effect.sync(() => {
                  end()
                  const left = Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)
                  finish(record, whole ? "answered" : left ? "abandoned" : "reset")
                })
              )
            )
          })
          return { ...response, body: sent }
        }),
        Effect.withClock(clock)
      )
    })

  return {
    clock,
    regions: options.regions,
    answer,
    inject: (matcher, fault, times) => {
      const one = { matcher, fault, left: times, met: 0 }
      if (times > 0) faults.push(one)
      return () => one.met
    },
    clearFaults: () => {
      faults.length = 0
    },
    entries: () => log.slice(-options.kept).map(entryOf),
    clearEntries: () => {
      log = []
    },
    idle: quiet.await
  }
}

const chosen = (fault: Fault, target: Target): Fault | undefined => {
  let decided: Fault | undefined = fault
  while (decided?._tag === "Choose") decided = decided.choose(target)
  return decided
}

const entryOf = (record: Record_): Entry => ({
  number: record.number,
  service: record.target.service,
  region: record.target.region,
  method: record.target.method,
  path: record.target.path,
  query: record.target.query,
  headers: record.headers,
  body: Option.fromNullable(record.body),
  caller: Option.fromNullable(record.target.caller),
  login: Option.fromNullable(record.login),
  status: Option.fromNullable(record.status),
  bytesReceived: record.bytesReceived,
  bytesSent: record.bytesSent,
  startedAt: record.startedAt,
  endedAt: Option.fromNullable(record.endedAt),
  outcome: record.outcome,
  fault: Option.fromNullable(record.fault)
})

const redacted = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const shown = { ...headers }
  for (const name of secrets) if (name in shown) shown[name] = "<redacted>"
  return shown
}

const without = (headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> => {
  const { [name]: _, ...rest } = headers
  return rest
}

const withLength = (response: WireResponse): Readonly<Record<string, string>> => {
  if ("content-length" in response.headers) return response.headers
  if (typeof response.body !== "string" && !(response.body instanceof Uint8Array)) return response.headers
  const length =
    typeof response.body === "string" ? new TextEncoder().encode(response.body).length : response.body.length
  return { ...response.headers, "content-length": String(length) }
}

/** A body as a stream, in pieces such as a socket brings them. */
export const streamOf = (body: WireResponse["body"]): Stream.Stream<Uint8Array, unknown> => {
  if (typeof body === "string") return body === "" ? Stream.empty : Stream.sync(() => new TextEncoder().encode(body))
  if (!(body instanceof Uint8Array)) return body
  return body.length === 0 ? Stream.empty : pieces(body)
}

const pieceSize = 64 * 1024

const pieces = (bytes: Uint8Array): Stream.Stream<Uint8Array> =>
  bytes.length <= pieceSize
    ? Stream.succeed(bytes)
    : Stream.unfold(0, (from) =>
        from >= bytes.length
          ? Option.none()
          : Option.some([bytes.subarray(from, from + pieceSize), from + pieceSize] as const)
      ).pipe(Stream.rechunk(1))

/** The first bytes, and then what comes after them; a body that is shorter is left as it is. */
const cut = <E>(
  body: Stream.Stream<Uint8Array, unknown>,
  bytes: number,
  after: Stream.Stream<never, E>
): Stream.Stream<Uint8Array, unknown> =>
  Stream.suspend(() => {
    if (bytes <= 0) return after
    let left = bytes
    const kept = body.pipe(
      Stream.map((chunk) => {
        const part = chunk.subarray(0, left)
        left -= part.length
        return part
      }),
      Stream.rechunk(1),
      Stream.takeUntil(() => left === 0)
    )
    return Stream.concat(
      kept,
      Stream.suspend(() => (left === 0 ? after : Stream.empty))
    )
  })

const breaking = (
  body: Stream.Stream<Uint8Array, unknown>,
  bytes: number,
  broken: { is: boolean }
): Stream.Stream<Uint8Array, unknown> =>
  cut(
    body,
    bytes,
    Stream.suspend(() => {
      broken.is = true
      return Stream.fail(reset())
    })
  )

/** The same changes in the media type of v2.0, whose `add` is for properties that are not there. */
const asVersion20 = (request: WireRequest, text: string): WireRequest => {
  const changes = parse(text)
  const body = Array.isArray(changes)
    ? JSON.stringify(
        changes.map((change) => {
          const op = isObject(change) ? asString(change["op"]) : undefined
          if (!isObject(change) || op === undefined) return change
          const { op: _, path, ...rest } = change
          return { [op]: path, ...rest }
        })
      )
    : text
  const bytes = new TextEncoder().encode(body)
  return {
    ...request,
    headers: {
      ...request.headers,
      "content-type": "application/openstack-images-v2.0-json-patch",
      "content-length": String(bytes.length)
    },
    body: Stream.succeed(bytes)
  }
}
