import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, type GlanceError } from "@effect-glance/core"
import { Identity } from "@effect-glance/http"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { cloud, execute, images, list, logins, noImages, port, tokenAnswer, tokens, wrongPassword } from "./support.js"

const hour = 3_600_000

const hundred = Array.from({ length: 100 }, (_, index) => index)

const slowly = (response: () => Response) => Effect.delay(Effect.sync(response), "1 second")

/** A login that is counted and takes a second; the outcome is by its number. */
const identityOf = (
  outcome: (number: number) => Effect.Effect<Identity.Session, GlanceError.ConnectionError> = (number) =>
    Effect.succeed(sessionOf(number))
) =>
  Effect.gen(function* () {
    const count = yield* Ref.make(0)
    const login = Effect.flatMap(
      Ref.updateAndGet(count, (count) => count + 1),
      (number) =>
        Effect.delay(
          Effect.suspend(() => outcome(number)),
          "1 second"
        )
    )
    return { identity: yield* Identity.make(login), count: Ref.get(count) }
  })

const sessionOf = (number: number, lifetime = Option.none<{ issuedAt: number; expiresAt: number }>()) => ({
  token: Redacted.make(`token-${number}`),
  lifetime,
  projectId: Option.none(),
  catalog: []
})

const turnsOf = (turns: number): Effect.Effect<void> =>
  turns === 0
    ? Effect.void
    : Effect.zipRight(
        Effect.yieldNow(),
        Effect.suspend(() => turnsOf(turns - 1))
      )

/** So many steps of a fiber, without a turn for others. */
const busy = (steps: number): Effect.Effect<void> => (steps === 0 ? Effect.void : Effect.suspend(() => busy(steps - 1)))

const tokenOf = (session: Identity.Session) => Redacted.value(session.token)

describe("a hundred fibers at once", () => {
  it.effect("log in once when none has a token", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.fork(Effect.forEach(hundred, () => list, { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fibers)
      assert.strictEqual(yield* logins, 1)
      assert.deepStrictEqual(new Set(yield* tokens), new Set(["token-0"]))
      assert.lengthOf(yield* tokens, 100)
    }).pipe(Effect.provide(images(cloud((_, index) => slowly(() => tokenAnswer(`token-${index}`))))))
  )

  it.effect("log in once, and renew once, however they take turns", () =>
    Effect.gen(function* () {
      for (let steps = 12; steps < 48; steps++) {
        for (let turns = 0; turns < 6; turns++) {
          let logins = 0
          const login = Effect.suspend(() => Effect.as(turnsOf(turns), sessionOf(++logins)))
          const inSteps = <A, E>(ask: Effect.Effect<A, E>) =>
            Effect.forEach(hundred.slice(0, 40), (before) => Effect.zipRight(busy(before), ask), {
              concurrency: "unbounded",
              discard: true
            })
          yield* Effect.gen(function* () {
            const identity = yield* Identity.make(login)
            yield* inSteps(identity.session)
            yield* inSteps(identity.renew(yield* identity.session))
          }).pipe(Effect.scoped, Effect.withMaxOpsBeforeYield(steps))
          assert.strictEqual(logins, 2, `after ${steps} steps, with a login of ${turns} turns`)
        }
      }
    })
  )

  it.effect("log in once when their token is expired", () =>
    Effect.gen(function* () {
      const first = yield* Effect.fork(list)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      yield* TestClock.adjust("2 hours")
      const fibers = yield* Effect.fork(Effect.forEach(hundred, () => list, { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fibers)
      assert.strictEqual(yield* logins, 2)
      assert.deepStrictEqual(yield* tokens, ["token-0", ...hundred.map(() => "token-1")])
    }).pipe(Effect.provide(images(cloud((_, index) => slowly(() => tokenAnswer(`token-${index}`))))))
  )

  it.effect("log in once when their token is revoked, and each request is sent again", () =>
    Effect.gen(function* () {
      const answers = yield* Effect.forEach(hundred, () => list, { concurrency: "unbounded" })
      assert.lengthOf(answers, 100)
      assert.strictEqual(yield* logins, 2)
      const all = yield* tokens
      assert.lengthOf(
        all.filter((token) => token === "token-0"),
        100
      )
      assert.lengthOf(
        all.filter((token) => token === "token-1"),
        100
      )
    }).pipe(
      Effect.provide(
        images(
          cloud(
            (_, index) => tokenAnswer(`token-${index}`),
            ({ headers }) => (headers["x-auth-token"] === "token-0" ? Http.html("", 401) : noImages())
          )
        )
      )
    )
  )

  it.effect("send a wrong password once, and all are told", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.fork(Effect.forEach(hundred, () => Effect.flip(list), { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      const errors = yield* Fiber.join(fibers)
      assert.deepStrictEqual(new Set(errors.map(({ _tag }) => _tag)), new Set(["AuthenticationFailed"]))
      assert.strictEqual(yield* logins, 1)
      assert.lengthOf(yield* tokens, 0)
    }).pipe(Effect.provide(images(cloud(() => slowly(wrongPassword)))))
  )

  it.effect("are told of a token that the image service refuses also when it is new, after one replay each", () =>
    Effect.gen(function* () {
      const errors = yield* Effect.forEach(hundred, () => Effect.flip(list), { concurrency: "unbounded" })
      assert.deepStrictEqual(new Set(errors.map(({ _tag }) => _tag)), new Set(["AuthenticationFailed"]))
      assert.strictEqual(yield* logins, 2)
      assert.lengthOf(yield* tokens, 200)
    }).pipe(
      Effect.provide(
        images(
          cloud(
            (_, index) => tokenAnswer(`token-${index}`),
            () => Http.html("", 401)
          )
        )
      )
    )
  )
})

describe("a token", () => {
  const loginsAfter = (lifetime: number, passed: number) =>
    Effect.gen(function* () {
      yield* execute()
      yield* TestClock.adjust(Duration.millis(passed))
      yield* execute()
      return yield* logins
    }).pipe(Effect.provide(port(cloud(() => tokenAnswer("token", { expiresAt: lifetime })))))

  it.effect("of an hour serves until a minute before its end", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* loginsAfter(hour, hour - 60_001), 1)
      assert.strictEqual(yield* loginsAfter(hour, hour - 60_000), 2)
    })
  )

  it.effect("of ten seconds serves until a second before its end", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* loginsAfter(10_000, 8_999), 1)
      assert.strictEqual(yield* loginsAfter(10_000, 9_000), 2)
    })
  )

  it.effect("that is expired when it comes is used once, and not asked for in a circle", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* loginsAfter(-1, 0), 2)
    })
  )

  it.effect("lives as long as its service says, also where the clocks differ", () =>
    Effect.gen(function* () {
      // This machine is two hours ahead: by its clock, the token is long expired.
      yield* TestClock.adjust("2 hours")
      yield* execute()
      yield* TestClock.adjust("58 minutes")
      yield* execute()
      assert.strictEqual(yield* logins, 1)
      yield* TestClock.adjust("1 minute")
      yield* execute()
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(port(cloud(() => tokenAnswer("token", { issuedAt: 0, expiresAt: hour })))))
  )

  it.scoped("that was refused late does not drop the one that has come meanwhile", () =>
    Effect.gen(function* () {
      const { identity, count } = yield* identityOf()
      const first = yield* Effect.fork(identity.session)
      yield* TestClock.adjust("1 second")
      const old = yield* Fiber.join(first)
      const renewing = yield* Effect.fork(identity.renew(old))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(tokenOf(yield* Fiber.join(renewing)), "token-2")
      assert.strictEqual(tokenOf(yield* identity.renew(old)), "token-2")
      assert.strictEqual(tokenOf(yield* identity.session), "token-2")
      assert.strictEqual(yield* count, 2)
    })
  )

  it.effect("that has to last for a while is renewed when it would not, but for half of its life in any case", () =>
    Effect.gen(function* () {
      const { ensureToken } = yield* GlanceClient.GlanceClient
      yield* execute()
      yield* TestClock.adjust("30 minutes")
      yield* ensureToken(Duration.minutes(30))
      // More than a whole life: half of it will do.
      yield* ensureToken(Duration.hours(5))
      assert.strictEqual(yield* logins, 1)
      yield* ensureToken(Duration.minutes(10))
      yield* TestClock.adjust("1 minute")
      yield* ensureToken(Duration.minutes(29))
      assert.strictEqual(yield* logins, 1)
      yield* ensureToken(Duration.minutes(30))
      assert.strictEqual(yield* logins, 2)
      yield* ensureToken(Duration.hours(5))
      assert.strictEqual(yield* logins, 2)
    }).pipe(Effect.provide(port(cloud(() => tokenAnswer("token")))))
  )

  it.effect("that is fixed stays", () =>
    Effect.gen(function* () {
      const session = sessionOf(1, Option.some({ issuedAt: 0, expiresAt: 0 }))
      const identity = Identity.fixed(session)
      assert.strictEqual(yield* identity.session, session)
      assert.strictEqual(yield* identity.renew(session), session)
      assert.strictEqual(yield* identity.lasting(Duration.hours(1)), session)
    })
  )
})

describe("a login", () => {
  it.scoped("goes on for those who wait when the fiber that began it is interrupted", () =>
    Effect.gen(function* () {
      const { identity, count } = yield* identityOf()
      const first = yield* Effect.fork(identity.session)
      yield* TestClock.adjust("500 millis")
      const second = yield* Effect.fork(identity.session)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(tokenOf(yield* Fiber.join(second)), "token-1")
      assert.strictEqual(yield* count, 1)
    })
  )

  it.scoped("is left at once by a fiber that is interrupted", () =>
    Effect.gen(function* () {
      const { identity } = yield* identityOf()
      const first = yield* Effect.fork(identity.session)
      yield* Effect.yieldNow()
      // No time passes: an interruption that waited for the login would never end.
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(first)))
    })
  )

  it.scoped("serves the next caller when all who waited are interrupted", () =>
    Effect.gen(function* () {
      const { identity, count } = yield* identityOf()
      const fibers = yield* Effect.forEach(hundred, () => Effect.fork(identity.session))
      yield* TestClock.adjust("500 millis")
      yield* Fiber.interruptAll(fibers)
      const late = yield* Effect.fork(identity.session)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(tokenOf(yield* Fiber.join(late)), "token-1")
      assert.strictEqual(yield* count, 1)
    })
  )

  it.effect("that fails, fails for all who wait, and is tried again for the next", () =>
    Effect.gen(function* () {
      const fibers = yield* Effect.fork(Effect.forEach(hundred, () => Effect.flip(list), { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      const errors = yield* Fiber.join(fibers)
      assert.deepStrictEqual(new Set(errors.map(({ _tag }) => _tag)), new Set(["ServerError"]))
      assert.strictEqual(yield* logins, 1)
      yield* list
      assert.strictEqual(yield* logins, 2)
    }).pipe(
      Effect.provide(
        images(
          cloud((_, index) => (index === 0 ? slowly(() => new Response("", { status: 500 })) : tokenAnswer("new")))
        )
      )
    )
  )

  it.scoped("that dies leaves nothing behind that waits", () =>
    Effect.gen(function* () {
      const { identity } = yield* identityOf((number) =>
        number === 1 ? Effect.dieMessage("a defect") : Effect.succeed(sessionOf(number))
      )
      const fiber = yield* Effect.fork(Effect.exit(identity.session))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      const next = yield* Effect.fork(identity.session)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(tokenOf(yield* Fiber.join(next)), "token-2")
    })
  )

  it.scoped("that a refused token needs is the same that an expired one needs", () =>
    Effect.gen(function* () {
      const { identity, count } = yield* identityOf((number) =>
        Effect.succeed(sessionOf(number, Option.some({ issuedAt: 0, expiresAt: hour })))
      )
      const first = yield* Effect.fork(identity.session)
      yield* TestClock.adjust("1 second")
      const old = yield* Fiber.join(first)
      yield* TestClock.adjust("2 hours")
      const expired = yield* Effect.fork(identity.session)
      const refused = yield* Effect.fork(identity.renew(old))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(expired), yield* Fiber.join(refused))
      assert.strictEqual(yield* count, 2)
    })
  )

  it.effect("ends with the scope, and so do those who wait for it", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const interrupted = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      const identity = yield* Identity.make(
        Deferred.succeed(begun, undefined).pipe(
          Effect.zipRight(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      ).pipe(Scope.extend(scope))
      const fiber = yield* Effect.fork(Effect.exit(identity.session))
      yield* Deferred.await(begun)
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.await(interrupted)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(fiber)))
      assert.isTrue(Exit.isInterrupted(yield* Effect.exit(identity.session)))
    })
  )

  it.effect("is one for the layer, however many build on it", () =>
    Effect.gen(function* () {
      const identity = yield* Identity.Identity
      yield* Effect.all([identity.session, execute(), list])
      assert.strictEqual(yield* logins, 1)
    }).pipe(Effect.provide(Layer.fresh(images(cloud(() => tokenAnswer("token"))))))
  )
})
