/** Faults that wait for their requests, and what each of them does to one. */
import type * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Fault, type Matcher, matches, type Target } from "../Fault.js"
import { asString, isObject, lengthOf, parse, readText, streamOf } from "./reply.js"
import type { Caller, WireRequest, WireResponse } from "./wire.js"

/** The connection broke: before the response if an effect fails with it, within a body if a stream does. */
export class ConnectionReset extends Data.TaggedError("ConnectionReset")<{ readonly message: string }> {}

const reset = () => new ConnectionReset({ message: "read ECONNRESET" })

/** The longest patch that the `StrictAdd` fault rewrites. */
const largestPatch = 1024 * 1024

/** Faults that wait for their subjects: requests, or steps of imports. */
export interface Pending<Subject, Fault> {
  /** `choose` returns a fault for each subject that meets it. Returns how many have met it so far. */
  readonly inject: (choose: (subject: Subject) => Fault | undefined, times: number) => () => number
  readonly clear: () => void
  /** The oldest fault for this subject; this counts as one of its times. */
  readonly take: (subject: Subject) => Fault | undefined
}

export const makePending = <Subject, Fault>(): Pending<Subject, Fault> => {
  const waiting: Array<{ readonly choose: (subject: Subject) => Fault | undefined; left: number; met: number }> = []
  return {
    inject: (choose, times) => {
      const one = { choose, left: times, met: 0 }
      if (times > 0) waiting.push(one)
      return () => one.met
    },
    clear: () => {
      waiting.length = 0
    },
    take: (subject) => {
      for (const [index, one] of waiting.entries()) {
        const fault = one.choose(subject)
        if (fault === undefined) continue
        one.met += 1
        one.left -= 1
        if (one.left <= 0) waiting.splice(index, 1)
        return fault
      }
      return undefined
    }
  }
}

/** The fault for a request that the matcher lets through. */
export const faultFor =
  (matcher: Matcher, fault: Fault) =>
  (target: Target): Fault | undefined =>
    matches(matcher, target) ? chosen(fault, target) : undefined

const chosen = (fault: Fault, target: Target): Fault | undefined => {
  let decided: Fault | undefined = fault
  while (decided?._tag === "Choose") decided = decided.choose(target)
  return decided
}

/** What a fault needs of the cloud. */
export interface Served {
  readonly request: WireRequest
  readonly target: Target
  readonly clock: Clock.Clock
  readonly handle: (request: WireRequest, caller: Caller | undefined) => Effect.Effect<WireResponse>
  readonly revoke: (token: string) => void
}

/** Handles the request as the fault allows it. */
export const perform = (fault: Fault | undefined, served: Served): Effect.Effect<WireResponse, ConnectionReset> => {
  const { clock, handle, request, target } = served
  const handled = (body = request.body) => handle(body === request.body ? request : { ...request, body }, target.caller)
  /** Handles the request with a body that breaks after some bytes, and responds otherwise if it did. */
  const broken = <E>(bytes: number, otherwise: Effect.Effect<WireResponse, E>) =>
    Effect.suspend(() => {
      let isBroken = false
      const breaks = Stream.suspend(() => {
        isBroken = true
        return Stream.fail(reset())
      })
      return Effect.flatMap(handled(cut(request.body, bytes, breaks)), (response) =>
        isBroken ? otherwise : Effect.succeed(response)
      )
    })
  switch (fault?._tag) {
    case undefined:
      return handled()
    case "Status":
      return Effect.succeed({ status: fault.status, headers: fault.headers, body: fault.body })
    case "Delay":
      return Effect.zipRight(
        clock.sleep(Duration.decode(fault.duration)),
        Effect.suspend(() => perform(fault.then, served))
      )
    case "Refuse":
      return Effect.fail(reset())
    case "LoseAnswer":
      return Effect.zipRight(handled(), Effect.fail(reset()))
    case "ResetAnswer":
      return Effect.map(handled(), (response) => ({
        ...response,
        // Without a length, a short response would be over before it breaks.
        headers: withLength(response),
        body: cut(streamOf(response.body), fault.bytes, Stream.fail(reset()))
      }))
    case "TruncateAnswer":
      return Effect.map(handled(), (response) => {
        const { "content-length": _, ...headers } = response.headers
        return { ...response, headers, body: cut(streamOf(response.body), fault.bytes, Stream.empty) }
      })
    case "ResetUpload":
      return broken(fault.bytes, Effect.fail(reset()))
    case "ExpireToken": {
      const unauthorized = Effect.suspend(() => {
        const token = request.headers["x-auth-token"]
        if (token !== undefined) served.revoke(token)
        return handle({ ...request, body: Stream.empty }, undefined)
      })
      return fault.bytes <= 0 ? unauthorized : broken(fault.bytes, unauthorized)
    }
    case "StrictAdd":
      if (request.method !== "PATCH") return handled()
      return readText(request, largestPatch).pipe(
        Effect.flatMap((text) => (text === undefined ? handled() : handle(asVersion20(request, text), target.caller))),
        Effect.catchTag("TooLarge", () => Effect.fail(reset()))
      )
    case "Hang":
      return Effect.never
    case "Choose":
      // Chosen when the request came in, unless it stands behind a delay.
      return perform(chosen(fault, target), served)
  }
}

const withLength = ({ body, headers }: WireResponse): WireResponse["headers"] => {
  const length = "content-length" in headers ? undefined : lengthOf(body)
  return length === undefined ? headers : { ...headers, "content-length": String(length) }
}

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
