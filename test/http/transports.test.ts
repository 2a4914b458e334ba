import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone } from "@effect-glance/http"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import * as Server from "./server.js"
import { cloud, credentials, execute, imageService, list, noImages, tokenAnswer } from "./support.js"

const tokenAt = (token: string, base: string) => tokenAnswer(token, { catalog: [imageService(base)] })

const broken = () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"images": [')),
      pull: (controller) => controller.error(new Error("cut"))
    }),
    { headers: { "content-length": "1000" } }
  )

for (const [name, client] of Object.entries(Server.transports)) {
  /** The handler's cloud, over this transport. */
  const on = (images: Http.Handler, login?: Http.Handler) =>
    Layer.unwrapEffect(
      Effect.map(Server.Base, (authUrl) =>
        Layer.provideMerge(Images.layer, Cloud.layer()).pipe(
          Layer.provideMerge(Keystone.layerPassword({ ...credentials, authUrl }))
        )
      )
    ).pipe(
      Layer.provideMerge(client),
      Layer.provideMerge(
        Server.layer((base) => cloud(login ?? ((_, index) => tokenAt(`token-${index}`, base())), images)())
      )
    )

  describe(`over ${name}`, () => {
    it.effect("a list is listed, and a revoked token renewed", () =>
      Effect.gen(function* () {
        assert.lengthOf((yield* list).items, 0)
        assert.deepStrictEqual(yield* Http.lines, [
          "POST /v3/auth/tokens",
          "GET /v2/images",
          "POST /v3/auth/tokens",
          "GET /v2/images"
        ])
      }).pipe(Effect.provide(on((_, index) => (index === 0 ? Http.html("no longer", 401) : noImages()))))
    )

    it.effect("a redirect is an error, and whoever it leads to hears nothing", () =>
      Effect.gen(function* () {
        for (const status of [301, 302, 303, 307, 308]) {
          const redirect = () => Http.html("moved", status, { location: "/elsewhere" })
          yield* Effect.gen(function* () {
            const error = yield* Effect.flip(list)
            if (error._tag !== "UnexpectedStatus") return assert.fail(error._tag)
            assert.strictEqual(error.status, status)
            assert.deepStrictEqual(yield* Http.lines, ["POST /v3/auth/tokens", "GET /v2/images"])
          }).pipe(Effect.provide(on(redirect)))
          yield* Effect.gen(function* () {
            const error = yield* Effect.flip(list)
            if (error._tag !== "UnexpectedStatus") return assert.fail(error._tag)
            assert.strictEqual(error.operation, "Keystone.password")
            assert.deepStrictEqual(yield* Http.lines, ["POST /v3/auth/tokens"])
          }).pipe(Effect.provide(on(noImages, redirect)))
        }
      })
    )

    it.effect("300 says that this is no version 2", () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* Effect.flip(list))._tag, "EndpointVersionMismatch")
        assert.lengthOf(yield* Http.sent, 2)
      }).pipe(Effect.provide(on(() => Http.json({ versions: [] }, 300, { location: "/elsewhere" }))))
    )

    it.effect("an answer that is cut in the middle is a transport's error", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(list)
        if (error._tag !== "TransportError") return assert.fail(error._tag)
        assert.strictEqual(error.operation, "Images.list")
      }).pipe(Effect.provide(on(broken)))
    )

    it.effect("a login that is cut in the middle is a transport's error", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(list)
        if (error._tag !== "TransportError") return assert.fail(error._tag)
        assert.strictEqual(error.operation, "Keystone.password")
      }).pipe(Effect.provide(on(noImages, broken)))
    )

    it.effect("a connection that breaks is tried again where that is safe", () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        yield* Effect.gen(function* () {
          const fiber = yield* Effect.fork(list)
          yield* Deferred.await(asked)
          // The failure arrives when it arrives: the clock goes on until the wait after it is over.
          while (Option.isNone(yield* Fiber.poll(fiber))) yield* TestClock.adjust("10 millis")
          assert.lengthOf((yield* Fiber.join(fiber)).items, 0)
        }).pipe(
          Effect.provide(
            on((_, index) =>
              index === 0
                ? Effect.zipRight(Deferred.succeed(asked, undefined), Effect.fail(new Error("reset")))
                : noImages()
            )
          )
        )
      })
    )

    it.effect("a server that never answers is left at the time limit, and its connection closed", () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        yield* Effect.gen(function* () {
          const fiber = yield* Effect.fork(Effect.flip(list))
          yield* Deferred.await(asked)
          yield* TestClock.adjust("1 minute")
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
          yield* Effect.flatMap(Server.Abandoned, Deferred.await)
        }).pipe(Effect.provide(on(() => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never))))
      })
    )

    it.effect("what cannot be sent is an error at once, and the same as over any other transport", () =>
      Effect.gen(function* () {
        const at = (endpoint: string, token: string) =>
          list.pipe(
            Effect.provide(Layer.provide(Images.layer, Cloud.layerToken({ endpoint, token: Redacted.make(token) }))),
            Effect.flip
          )
        const details = (error: Effect.Effect.Success<ReturnType<typeof at>>) =>
          error._tag === "TransportError" ? error.detail : error._tag
        assert.deepStrictEqual(
          [
            details(yield* at(yield* Server.Base, "two\nlines")),
            details(yield* at(yield* Server.Base, "ключ")),
            details(yield* at("ftp://glance.test", "token"))
          ],
          [
            "nothing was sent: a header cannot be sent as it is",
            "nothing was sent: a header cannot be sent as it is",
            "nothing was sent: the URL must begin with http:// or https://"
          ]
        )
        assert.lengthOf(yield* Http.sent, 0)
      }).pipe(Effect.provide(on(noImages)))
    )

    it.effect("a server that is not there is named in the error", () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(execute(HttpClientRequest.get("/images")))
        assert.strictEqual(error._tag, "RequestError")
        assert.include(String(error), "http://127.0.0.1:1/v2/images")
      }).pipe(
        Effect.provide(
          Cloud.layerToken({ endpoint: "http://127.0.0.1:1", token: Redacted.make("token"), retries: 0 }).pipe(
            Layer.provide(client)
          )
        )
      )
    )
  })
}
