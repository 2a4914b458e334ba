import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Types from "effect/Types"
import type { Fault, Matcher, Target } from "../Fault.js"
import type { Entry } from "../RequestLog.js"
import type { Directory } from "./directory.js"
import type { Endpoints, Place, ServiceName } from "./endpoints.js"
import { type ConnectionReset, faultFor, makePending, perform } from "./faults.js"
import { lengthOf } from "./reply.js"
import { callerOf, type Tokens } from "./tokens.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

/** The services of the cloud, without the log, the faults and the tokens. */
export type Services = Readonly<
  Record<
    ServiceName,
    (
      request: WireRequest,
      endpoints: Endpoints,
      region: string,
      caller: Caller | undefined
    ) => Effect.Effect<WireResponse>
  >
>

/** What a transport needs of a cloud: a response, or a connection that breaks. */
export interface Engine {
  readonly clock: Clock.Clock
  readonly regions: ReadonlyArray<string>
  readonly answer: (
    request: WireRequest,
    place: Place,
    endpoints: Endpoints,
    /** The caller, instead of the one of the token. */
    as?: Caller
  ) => Effect.Effect<WireResponse, ConnectionReset>
  /** Returns how many requests have met the fault so far. */
  readonly inject: (matcher: Matcher, fault: Fault, times: number) => () => number
  readonly clearFaults: () => void
  readonly entries: () => ReadonlyArray<Entry>
  readonly clearEntries: () => void
  /** Waits until no request is being handled and no response is being sent. */
  readonly idle: Effect.Effect<void>
}

/** A request in the log. */
type LogRecord = Types.Mutable<Entry>

const secrets = ["x-auth-token", "x-subject-token", "x-service-token", "authorization", "cookie"]
const loggedBody = 64 * 1024

interface EngineOptions {
  readonly clock: Clock.Clock
  readonly directory: Directory
  readonly tokens: Tokens
  readonly regions: ReadonlyArray<string>
  readonly services: Services
  /** How many requests the log holds. */
  readonly kept: number
}

export const makeEngine = (options: EngineOptions): Engine => {
  const { clock, kept, services, tokens } = options
  const faults = makePending<Target, Fault>()
  const activity = makeActivity()
  let log: Array<LogRecord> = []
  let arrived = 0

  const begin = (target: Target, fault: Fault | undefined, token: string | undefined, startedAt: number): LogRecord => {
    arrived += 1
    const record: LogRecord = {
      number: arrived,
      ...target,
      body: Option.none(),
      caller: Option.fromNullable(target.caller),
      login: Option.fromNullable(token === undefined ? undefined : tokens.peek(token)?.login),
      status: Option.none(),
      bytesReceived: 0,
      bytesSent: 0,
      startedAt,
      endedAt: Option.none(),
      outcome: "open",
      fault: Option.fromNullable(fault)
    }
    log.push(record)
    if (log.length >= 2 * kept) log = log.slice(-kept)
    activity.begin()
    return record
  }

  const answer: Engine["answer"] = (request, place, endpoints, as) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(clock.currentTimeMillis, (now) => {
        const target = targetOf(options, request, place, as, now)
        const fault = faults.take({ ...target, headers: request.headers })
        const record = begin(target, fault, request.headers["x-auth-token"], now)
        const served = perform(fault, {
          request: { ...request, path: target.path, body: receiving(record, request) },
          target,
          clock,
          handle: (request, caller) => services[target.service](request, endpoints, target.region, caller),
          revoke: tokens.revoke
        })
        return restore(served).pipe(
          Effect.onExit((exit) => {
            activity.end()
            if (Exit.isSuccess(exit)) return Effect.void
            return finish(clock, record, Cause.isInterruptedOnly(exit.cause) ? "abandoned" : "reset")
          }),
          Effect.flatMap((response) => sending(clock, activity, record, response))
        )
      })
    ).pipe(Effect.withClock(clock))

  return {
    clock,
    regions: options.regions,
    answer,
    inject: (matcher, fault, times) => faults.inject(faultFor(matcher, fault), times),
    clearFaults: faults.clear,
    entries: () => log.slice(-kept).map((record) => ({ ...record })),
    clearEntries: () => {
      log = []
    },
    idle: activity.idle
  }
}

/** Requests that are being handled, and responses that are being sent. */
type Activity = ReturnType<typeof makeActivity>

const makeActivity = () => {
  let working = 0
  const waiting = new Set<() => void>()
  return {
    begin: () => {
      working += 1
    },
    end: () => {
      working -= 1
      if (working > 0) return
      for (const resume of waiting) resume()
      waiting.clear()
    },
    idle: Effect.async<void>((resume) => {
      const done = () => resume(Effect.void)
      if (working === 0) return done()
      waiting.add(done)
      return Effect.sync(() => waiting.delete(done))
    })
  }
}

/** Rackspace's endpoints end in the tenant. The service below is the same. */
const withoutTenant = (directory: Directory, place: Place) => {
  const found = place.service === "image" ? /^(\/v2(?:\.\d+)?)\/([^/]+)(\/.*)?$/.exec(place.path) : null
  const tenant = found?.[2]
  if (tenant === undefined || !directory.projects.some((project) => project.id === tenant)) {
    return { path: place.path, tenant: undefined }
  }
  return { path: `${found?.[1] ?? ""}${found?.[3] ?? "/"}`, tenant }
}

/** What the request is for, and which caller its token stands for. `as` replaces the token. */
const targetOf = (
  { directory, tokens }: EngineOptions,
  request: WireRequest,
  place: Place,
  as: Caller | undefined,
  now: number
): Target => {
  const { path, tenant } = withoutTenant(directory, place)
  const header = request.headers["x-auth-token"]
  const token = header === undefined ? undefined : tokens.find(header, now)
  const caller = as ?? (token === undefined ? undefined : callerOf(token))
  return {
    service: place.service,
    region: place.region,
    method: request.method,
    path,
    query: request.query,
    headers: redacted(request.headers),
    caller: tenant !== undefined && caller?.projectId !== tenant ? undefined : caller
  }
}

const finish = (clock: Clock.Clock, record: LogRecord, outcome: Entry["outcome"]): Effect.Effect<void> =>
  Effect.map(clock.currentTimeMillis, (now) => {
    if (Option.isSome(record.endedAt)) return
    record.endedAt = Option.some(now)
    record.outcome = outcome
  })

/** The body of the request. The record counts its bytes and keeps the beginning of a JSON text. */
const receiving = (record: LogRecord, { body, headers }: WireRequest): WireRequest["body"] => {
  const keepsText = record.service !== "identity" && /json/i.test(headers["content-type"] ?? "")
  const decoder = keepsText ? new TextDecoder() : undefined
  return Stream.map(body, (bytes) => {
    record.bytesReceived += bytes.length
    const text = Option.getOrElse(record.body, () => "")
    if (decoder !== undefined && text.length < loggedBody) {
      record.body = Option.some(text + decoder.decode(bytes.subarray(0, loggedBody), { stream: true }))
    }
    return bytes
  })
}

/** The response. Its record ends when the last byte of the body is read. */
const sending = (
  clock: Clock.Clock,
  activity: Activity,
  record: LogRecord,
  response: WireResponse
): Effect.Effect<WireResponse> => {
  const { body, status } = response
  record.status = Option.some(status)
  if (typeof body === "string" || body instanceof Uint8Array) {
    record.bytesSent = lengthOf(body) ?? 0
    return Effect.as(finish(clock, record, "answered"), response)
  }
  const sent = Stream.suspend(() => {
    activity.begin()
    let isWhole = false
    const end = Effect.sync(() => {
      isWhole = true
    })
    return body.pipe(
      Stream.map((bytes) => {
        record.bytesSent += bytes.length
        return bytes
      }),
      // A reader that stops early ends the stream with success too.
      Stream.concat(Stream.execute(end)),
      Stream.ensuringWith((exit) => {
        activity.end()
        const isLeft = Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)
        return finish(clock, record, isWhole ? "answered" : isLeft ? "abandoned" : "reset")
      })
    )
  })
  return Effect.succeed({ ...response, body: sent })
}

const redacted = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const shown = { ...headers }
  for (const name of secrets) if (name in shown) shown[name] = "<redacted>"
  return shown
}
