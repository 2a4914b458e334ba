/** Which function asks for what in which test: what the table of routes in the documentation is held against. */
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, type Vitest } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { isAt, others, type Route, routes } from "../support/routes.js"

interface Call {
  readonly test: string
  /** The spans that it was made in, the innermost first. */
  readonly spans: ReadonlyArray<string>
  readonly method: string
  /** Below the version. */
  readonly path: string
  readonly status: number
}

const test = FiberRef.unsafeMake("")

const calls: Array<Call> = []

const namesOf = (span: Option.Option<Tracer.AnySpan>): ReadonlyArray<string> =>
  Option.match(span, {
    onNone: () => [],
    onSome: (one) => (one._tag === "Span" ? [one.name, ...namesOf(one.parent)] : [])
  })

/** The client, and what is made of it is noted down. */
export const observed = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.tap(client, ({ request, status }) =>
    Effect.gen(function* () {
      const spans = namesOf(yield* Effect.option(Effect.currentParentSpan))
      const path = new URL(request.url).pathname.replace(/^\/v2(?=\/)/, "")
      calls.push({ test: yield* FiberRef.get(test), spans, method: request.method, path, status })
    })
  )

/** The same tests, of which it is known which one runs; and the last one, which is about what was seen in them. */
export const watching = <R>(tests: Vitest.MethodsNonLive<R, true>) => {
  const titles = new Set<string>()
  const scoped = (...[name, run, timeout]: Parameters<typeof tests.scoped>) => {
    titles.add(name)
    tests.scoped(name, (...given) => Effect.locally(run(...given), test, name), timeout)
  }
  const last = () =>
    tests.scoped("the functions in the table of routes are seen to call their routes", () =>
      Effect.sync(() => {
        const ran = new Set(calls.map((call) => call.test))
        const unseen = [...routes, ...others]
          // A test that was left out of this run shows nothing.
          .filter(({ shownBy }) => titles.has(shownBy) && ran.has(shownBy))
          .filter((route) => !calls.some((call) => shows(call, route)))
        assert.deepStrictEqual(unseen, [])
      })
    )
  return { it: { ...tests, scoped: Object.assign(scoped, tests.scoped) } as unknown as typeof tests, last }
}

/** Of a route that no function calls it is shown what it answers. */
const shows = (call: Call, route: Route): boolean =>
  call.test === route.shownBy &&
  isAt(route, call) &&
  (route.calledBy === undefined || (call.spans.includes(route.calledBy) && call.status < 300))
