import { inspect } from "node:util"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Glance, GlanceClient, GlanceError, Image, ImageMembers, ImageSource, Images } from "@effect-glance/core"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Operations from "../support/operations.js"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const imageId = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

const table = (image: unknown): Operations.Table => ({
  ...Operations.argumentsOf({
    image: image as string,
    source: ImageSource.bytes(new Uint8Array(1)),
    target: "unused",
    url: "https://example.com/disk.raw"
  }),
  "Images.update of an image as it is": [image, { name: "n" }, { readFirst: false }],
  "Images.update with nothing to do": [image, {}],
  "ImageTags.add through an update": [image, "a/b"],
  "ImageTags.remove through an update": [image, "a/b"]
})

const callOf = (name: string, image: unknown): Effect.Effect<unknown, GlanceError.GlanceError> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const call = Operations.callsIn(context, () => table(image)).find((call) => call.name === name)
    assert.isDefined(call, `no operation is called ${name}`)
    return call.program as Effect.Effect<unknown, GlanceError.GlanceError>
  })

/** The operations on one image. */
const onImage = Object.entries(table(imageId)).flatMap(([name, [image]]) => (image === imageId ? [name] : []))

/** Operations whose first response has JSON. */
const reading = [
  "Images.get",
  "Images.list",
  "Images.listAll",
  "Images.create",
  "Images.update",
  "ImageMembers.list",
  "ImageMembers.add",
  "ImageMembers.setStatus",
  "ImageTasks.get",
  "ImageTasks.await",
  "ImageSchemas.image"
]

/** Operations whose first response has no body. */
const silent = ["Images.delete", "Images.deactivate", "ImageMembers.remove", "ImageTags.add", "ImageTags.remove"]

const page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Log in</body></html>"

describe("an id that cannot stand in a path", () => {
  const ids: ReadonlyArray<readonly [id: unknown, reason: RegExp]> = [
    ["", /must not be empty/],
    ["a/b", /must not contain a slash: "a\/b"/],
    ["/", /slash/],
    [`${imageId}/file`, /slash/],
    ["../images", /slash/],
    [".", /must not be "\."/],
    ["..", /must not be "\.\."/],
    ["é", /must be printable ASCII/],
    ["日本", /must be printable ASCII/],
    ["😀", /must be printable ASCII/],
    ["a\nb", /must be printable ASCII/],
    ["\u0000", /must be printable ASCII/],
    ["\ud83d", /surrogate/],
    [5, /must be a string, not number/],
    [undefined, /must be a string, not undefined/],
    [null, /must be a string, not null/],
    [{}, /must be a string, not undefined/]
  ]

  it.effect.each(ids)("is refused by every operation before any request: %o", ([id, reason]) =>
    Effect.gen(function* () {
      for (const name of onImage) {
        const error = yield* Effect.flip(callOf(name, id))
        assert(error._tag === "InvalidArgument", `${name} ended in ${error._tag}`)
        assert.strictEqual(error.argument, "image", name)
        assert.match(error.reason, reason)
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe.each(reading)("%s", (name) => {
  const program = callOf(name, imageId)

  it.effect("does not take a page of HTML for an answer", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(program)
      assert(error._tag === "UnexpectedAnswer")
      assert.strictEqual(error.operation, name)
      assert.strictEqual(error.status, 200)
      assert.include(error.detail, "not JSON")
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
    }).pipe(Effect.provide(Port.core([Port.html(200, page)])))
  )

  it.effect("does not take JSON that ends in the middle for an answer", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(program)
      assert(error._tag === "UnexpectedAnswer")
      assert.include(error.detail, "not JSON")
    }).pipe(Effect.provide(Port.core([Port.text(200, JSON.stringify({ images: [imageRecord()] }).slice(0, 100))])))
  )

  it.effect("does not take an empty body for an answer", () =>
    Effect.gen(function* () {
      for (const _ of [200, 204]) {
        const error = yield* Effect.flip(program)
        assert(error._tag === "UnexpectedAnswer")
        assert.strictEqual(error.detail, "the body is empty")
      }
    }).pipe(Effect.provide(Port.core([Port.text(200, ""), Port.empty(204)])))
  )

  it.effect("does not take other JSON for an answer", () =>
    Effect.gen(function* () {
      for (const _ of [1, 2, 3]) {
        const error = yield* Effect.flip(program)
        assert.strictEqual(error._tag, "UnexpectedAnswer")
      }
    }).pipe(Effect.provide(Port.core([Port.json(null), Port.json([1]), Port.json("ok")])))
  )

  it.effect("fails when the body breaks off, with what the client met", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(program)
      assert(error._tag === "TransportError")
      assert.strictEqual(error.operation, name)
      assert.include(error.detail, "UND_ERR_SOCKET other side closed")
      assert.include(error.message, `${name}: the body of the response broke off before its end`)
    }).pipe(Effect.provide(Port.core([breaking(200)])))
  )

  it.effect("ends when its time is over, if nobody answers", () => timing(name, program, () => Effect.never))

  it.effect("ends when its time is over, if the answer never ends", () => timing(name, program, () => endless()))
})

describe.each(silent)("%s", (name) => {
  const program = callOf(name, imageId)

  it.effect("does not take a page of HTML for success", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(program)
      assert(error._tag === "UnexpectedAnswer")
      assert.strictEqual(error.operation, name)
    }).pipe(Effect.provide(Port.core([Port.html(200, page)])))
  )

  it.effect("needs no body to succeed", () =>
    Effect.gen(function* () {
      for (const _ of [200, 202, 204]) assert.isUndefined(yield* program)
    }).pipe(Effect.provide(Port.core([Port.text(200, ""), Port.empty(202), Port.empty(204)])))
  )

  it.effect("ends when its time is over", () => timing(name, program, () => Effect.never))
})

function breaking(status: number): Response {
  let pulls = 0
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new TextEncoder().encode('{"images": ['))
        else {
          const closed = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" })
          controller.error(new TypeError("terminated", { cause: closed }))
        }
      }
    }),
    { status, headers: { "x-openstack-request-id": Port.requestId } }
  )
}

function endless(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) }))
}

function timing(name: string, program: ReturnType<typeof callOf>, reply: () => Port.Reply) {
  return Effect.gen(function* () {
    const fiber = yield* Effect.fork(program)
    yield* TestClock.adjust("89 seconds")
    assert(Option.isNone(yield* Fiber.poll(fiber)))
    yield* TestClock.adjust("1 second")
    const error = yield* Effect.flip(Fiber.join(fiber))
    assert(error._tag === "TimeLimitExceeded")
    assert.strictEqual(error.operation, name)
    deepStrictEqual(error.limit, Duration.seconds(90))
    assert.include(error.message, "no complete response within 1m 30s")
    assert.strictEqual((yield* Port.requests).length, 1)
  }).pipe(Effect.provide(Port.core(reply, { timeLimit: Duration.seconds(90) })))
}

describe("the time limit", () => {
  const silent = () => Effect.never

  it.effect("holds where the caller cannot be interrupted", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const fiber = yield* Effect.fork(Effect.flip(Effect.uninterruptible(images.get(imageId))))
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(Effect.provide(Port.core(silent, { timeLimit: Duration.seconds(90) })))
  )

  it.effect("gives up the request that it ends", () =>
    Effect.gen(function* () {
      const given = yield* Ref.make(0)
      const silent = () => Effect.onInterrupt(Effect.never, () => Ref.update(given, (count) => count + 1))
      yield* Effect.gen(function* () {
        const images = yield* Images.Images
        const late = yield* Effect.fork(Effect.flip(images.get(imageId)))
        const unwanted = yield* Effect.fork(images.get(imageId))
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(unwanted)
        assert.strictEqual(yield* Ref.get(given), 1)
        yield* TestClock.adjust("89 seconds")
        assert.strictEqual((yield* Fiber.join(late))._tag, "TimeLimitExceeded")
        assert.strictEqual(yield* Ref.get(given), 2)
      }).pipe(Effect.provide(Port.core(silent, { timeLimit: Duration.seconds(90) })))
    })
  )

  it.effect("leaves what cannot be interrupted whole: an image is not created and forgotten", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const made = yield* Ref.make(false)
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(Effect.zipRight(images.create({ name: "kept" }), Ref.set(made, true)))
      )
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupting)
      assert.isTrue(yield* Ref.get(made))
    }).pipe(
      Effect.provide(
        Port.core(() =>
          Effect.delay(
            Effect.sync(() => Port.json(imageRecord())),
            "2 seconds"
          )
        )
      )
    )
  )

  it.effect("is for the operation, however many requests it takes", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const fiber = yield* Effect.fork(Effect.flip(images.update(imageId, { name: "new" })))
      yield* TestClock.adjust("89 seconds")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      assert.strictEqual((yield* Port.requests).length, 2)
      yield* TestClock.adjust("1 second")
      const exit = yield* Fiber.poll(fiber)
      assert.isTrue(Option.isSome(exit))
      const error = yield* Fiber.join(fiber)
      assert(error._tag === "TimeLimitExceeded")
      assert.strictEqual(error.operation, "Images.update")
    }).pipe(
      Effect.provide(
        Port.core(
          () =>
            Effect.delay(
              Effect.sync(() => Port.json(imageRecord())),
              "60 seconds"
            ),
          {
            timeLimit: Duration.seconds(90)
          }
        )
      )
    )
  )

  it.effect("counts the login by which an operation learns who it acts for", () =>
    Effect.gen(function* () {
      const members = yield* ImageMembers.ImageMembers
      const fiber = yield* Effect.fork(Effect.flip(members.setStatus(imageId, "accepted")))
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "TimeLimitExceeded")
    }).pipe(Effect.provide(Port.core([], { projectId: Effect.never, timeLimit: Duration.seconds(90) })))
  )
})

describe("an error whose body breaks off", () => {
  it.effect("is still what its status says", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.get(imageId)))
      assert(error._tag === "ImageNotFound")
      assert.strictEqual(error.detail, "")
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
    }).pipe(Effect.provide(Port.core([breaking(404)])))
  )
})

describe("a failure of the port", () => {
  it.effect("comes through as it is", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.get(imageId)))
      assert(error._tag === "EndpointNotFound")
      assert.include(error.message, 'region "MARS"')
    }).pipe(
      Effect.provide(
        Port.core([
          new GlanceError.EndpointNotFound({
            service: "image",
            region: Option.some("MARS"),
            interface: "public",
            available: ["image EARTH public"]
          })
        ])
      )
    )
  )

  it.effect("is not retried here, where nobody knows what is safe to repeat", () =>
    Effect.gen(function* () {
      yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.update(imageId, { name: "n" })))
      assert.strictEqual((yield* Port.requests).length, 1)
    }).pipe(Effect.provide(Port.core([Port.empty(503)])))
  )
})

describe("the token", () => {
  const token = "gAAAAABsecret"
  const password = "hunter2-secret"

  /** A provider that puts its secrets where providers put them: headers, URL, body, and every error's request. */
  const leaky = (
    answer: (
      request: HttpClientRequest.HttpClientRequest
    ) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
  ) =>
    Layer.provide(
      Glance.layer,
      Layer.succeed(GlanceClient.GlanceClient, {
        client: GlanceClient.makeClient((request) =>
          answer(
            request.pipe(
              HttpClientRequest.prependUrl(`https://user:${password}@cloud.example/v2`),
              HttpClientRequest.setHeader("x-auth-token", token),
              HttpClientRequest.bodyText(password)
            )
          )
        ),
        unversioned: GlanceClient.makeClient(() => Effect.dieMessage("no request for the versions is expected")),
        projectId: Effect.succeedNone,
        objectStore: Effect.succeedNone,
        ensureToken: () => Effect.void,
        timeLimit: Duration.seconds(1)
      })
    )

  const nested = (request: HttpClientRequest.HttpClientRequest) =>
    new HttpClientError.RequestError({
      request,
      reason: "Transport",
      cause: new TypeError("fetch failed", {
        cause: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9292"), { code: "ECONNREFUSED", request })
      })
    })

  const ways: ReadonlyArray<readonly [what: string, layer: Layer.Layer<Images.Images>, tag: string]> = [
    ["a refused connection", leaky((request) => Effect.fail(nested(request))), "TransportError"],
    [
      "a failure within a failure",
      leaky((request) =>
        Effect.fail(new HttpClientError.RequestError({ request, reason: "Encode", cause: nested(request) }))
      ),
      "TransportError"
    ],
    [
      "a failure without a cause",
      leaky((request) => Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl" }))),
      "TransportError"
    ],
    [
      "a failure that is no error",
      leaky((request) =>
        Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: request }))
      ),
      "TransportError"
    ],
    [
      "a body that breaks off",
      leaky((request) => Effect.succeed(HttpClientResponse.fromWeb(request, breaking(200)))),
      "TransportError"
    ],
    [
      "a refusal",
      leaky((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Port.refusal(404, "No image")))),
      "ImageNotFound"
    ],
    [
      "an answer that cannot be read",
      leaky((request) => Effect.succeed(HttpClientResponse.fromWeb(request, Port.html(200, page)))),
      "UnexpectedAnswer"
    ]
  ]

  it.effect.each(ways)("is in nothing that tells of %s", ([, layer, tag]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        Effect.flatMap(Images.Images, (images) => images.get(imageId)).pipe(Effect.provide(layer))
      )
      assert(Exit.isFailure(exit))
      const error = Option.getOrThrow(Cause.failureOption(exit.cause)) as GlanceError.TransportError
      assert.strictEqual(error._tag, tag)
      const told = [
        error.message,
        String(error),
        error.stack,
        JSON.stringify(error),
        inspect(error, { depth: null, showHidden: true }),
        inspect(error.cause, { depth: null, showHidden: true }),
        JSON.stringify(exit),
        inspect(exit, { depth: null }),
        Cause.pretty(exit.cause, { renderErrorCause: true }),
        tag === "TransportError" ? JSON.stringify(Schema.encodeSync(GlanceError.TransportError)(error)) : ""
      ].join("\n")
      for (const secret of [token, password, "x-auth-token"]) assert.notInclude(told, secret)
      assert.include(told, `/images/${imageId}`)
    })
  )

  it.effect("has no place in what a failed connection does tell: who, where, why", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.flatMap(Images.Images, (images) => images.list({ name: "n" })).pipe(
          Effect.provide(leaky((request) => Effect.fail(nested(request))))
        )
      )
      assert(error._tag === "TransportError")
      assert.strictEqual(
        error.message,
        "Images.list: the connection was refused: no service listens at this host and port " +
          "[connect ECONNREFUSED 127.0.0.1:9292] (GET https://<redacted>@cloud.example/v2/images)"
      )
      assert.instanceOf(error.cause, Error)
      assert.strictEqual((error.cause as Error).message, "ECONNREFUSED connect ECONNREFUSED 127.0.0.1:9292")
    })
  )
})
