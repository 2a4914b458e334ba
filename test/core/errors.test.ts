import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import {
  GlanceError,
  Image,
  ImageMembers,
  ImageSchemas,
  Images,
  ImageTags,
  ImageTask,
  ImageTasks
} from "@effect-glance/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const imageId = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const taskId = ImageTask.TaskId.make("9c2e0000-0000-4000-8000-000000000046")

const sentence = `No 'image' found with "ID" é & more: 1 < 2, 3 > 2`

const escaped = sentence
  .replaceAll("&", "&amp;")
  .replaceAll("<", "&lt;")
  .replaceAll(">", "&gt;")
  .replaceAll('"', "&quot;")
  .replaceAll("'", "&#x27;")
  .replaceAll("é", "&#233;")

const reasons: { readonly [status: number]: string } = {
  300: "Multiple Choices",
  301: "Moved Permanently",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  416: "Requested Range Not Satisfiable",
  418: "I'm a teapot",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

/** Each body as it was seen from the service that sends it. */
const bodies: ReadonlyArray<
  readonly [form: string, response: (status: number) => Response, detail: string | ((status: number) => string)]
> = [
  ["Glance's JSON", (status) => Port.refusal(status, sentence), sentence],
  [
    "Glance's JSON with a cause behind the explanation",
    (status) =>
      Port.json(
        { message: `It failed.<br /><br />\n${sentence}\n\n`, code: `${status} ${reasons[status]}`, title: "x" },
        { status }
      ),
    `It failed. ${sentence}`
  ],
  [
    "Glance's HTML",
    (status) =>
      Port.html(
        status,
        `<html>\n <head>\n  <title>${status} ${reasons[status]}</title>\n </head>\n <body>\n  <h1>${status} ` +
          `${reasons[status]}</h1>\n  ${escaped}<br /><br />\n\n\n\n </body>\n</html>`
      ),
    sentence
  ],
  [
    "Glance's plain text",
    (status) => Port.text(status, `${status} ${reasons[status]}\n\n${sentence}\n\n   `),
    sentence
  ],
  [
    "Keystone's JSON",
    (status) => Port.json({ error: { code: status, message: sentence, title: reasons[status] } }, { status }),
    sentence
  ],
  [
    "Rackspace's JSON",
    (status) => Port.json({ itemNotFound: { code: status, message: sentence } }, { status }),
    sentence
  ],
  [
    "a proxy's page",
    (status) =>
      Port.html(
        status,
        `<!DOCTYPE html>\r\n<html><head><style>h1 { color: red }</style><title>${status}</title></head>\r\n` +
          `<body>\r\n<!-- padding -->\r\n<center><h1>${status} ${reasons[status]}</h1></center>\r\n<hr>` +
          "<center>nginx/1.24</center>\r\n</body></html>"
      ),
    (status) => reasons[status] ?? ""
  ],
  ["no body", (status) => Port.empty(status), ""]
]

type Tag = GlanceError.GlanceError["_tag"]

/** What every status means that an operation gives no meaning of its own. */
const common: { readonly [status: number]: Tag } = {
  300: "EndpointVersionMismatch",
  301: "UnexpectedStatus",
  400: "BadRequest",
  401: "AuthenticationFailed",
  403: "Forbidden",
  404: "UnexpectedStatus",
  405: "UnexpectedStatus",
  409: "UnexpectedStatus",
  410: "UnexpectedStatus",
  413: "QuotaExceeded",
  415: "UnexpectedStatus",
  416: "UnexpectedStatus",
  418: "UnexpectedStatus",
  429: "RateLimited",
  500: "ServerError",
  501: "ServerError",
  502: "ServiceUnavailable",
  503: "ServiceUnavailable",
  504: "ServiceUnavailable"
}

interface Operation {
  readonly name: string
  readonly request: string
  readonly run: Effect.Effect<
    unknown,
    GlanceError.GlanceError,
    Images.Images | ImageMembers.ImageMembers | ImageTags.ImageTags | ImageTasks.ImageTasks | ImageSchemas.ImageSchemas
  >
  readonly own: { readonly [status: number]: Tag }
}

const path = `/images/${imageId}`

const operations: ReadonlyArray<Operation> = [
  {
    name: "Images.list",
    request: "GET /images",
    run: Effect.flatMap(Images.Images, (images) => images.list()),
    own: {}
  },
  {
    name: "Images.listAll",
    request: "GET /images?tag=a&tag=b",
    run: Effect.flatMap(Images.Images, (images) => Stream.runDrain(images.listAll({ tags: ["a", "b"] }))),
    own: {}
  },
  {
    name: "Images.get",
    request: `GET ${path}`,
    run: Effect.flatMap(Images.Images, (images) => images.get(imageId)),
    own: { 404: "ImageNotFound" }
  },
  {
    name: "Images.create",
    request: "POST /images",
    run: Effect.flatMap(Images.Images, (images) => images.create({ name: "n" })),
    own: { 409: "DuplicateImage" }
  },
  {
    name: "Images.update",
    request: `PATCH ${path}`,
    run: Effect.flatMap(Images.Images, (images) => images.update(imageId, { name: "n" })),
    // The record is there, so the image is not missing.
    own: { 404: "UpdateConflict", 409: "UpdateConflict" }
  },
  {
    name: "Images.delete",
    request: `DELETE ${path}`,
    run: Effect.flatMap(Images.Images, (images) => images.delete(imageId)),
    own: { 404: "ImageNotFound", 409: "ImageInUse" }
  },
  {
    name: "ImageMembers.list",
    request: `GET ${path}/members`,
    run: Effect.flatMap(ImageMembers.ImageMembers, (members) => members.list(imageId)),
    own: { 404: "ImageNotFound" }
  },
  {
    name: "ImageMembers.add",
    request: `POST ${path}/members`,
    run: Effect.flatMap(ImageMembers.ImageMembers, (members) => members.add(imageId, "p")),
    own: { 403: "UnsharableImage", 404: "ImageNotFound", 409: "DuplicateImageMember" }
  },
  {
    name: "ImageMembers.setStatus",
    request: `PUT ${path}/members/own-project`,
    run: Effect.flatMap(ImageMembers.ImageMembers, (members) => members.setStatus(imageId, "accepted")),
    own: { 403: "InvalidImageMember", 404: "InvalidImageMember" }
  },
  {
    name: "ImageMembers.remove",
    request: `DELETE ${path}/members/p`,
    run: Effect.flatMap(ImageMembers.ImageMembers, (members) => members.remove(imageId, "p")),
    own: { 404: "ImageMemberNotFound" }
  },
  {
    name: "ImageTags.add",
    request: `PUT ${path}/tags/t`,
    run: Effect.flatMap(ImageTags.ImageTags, (tags) => tags.add(imageId, "t")),
    own: { 404: "UpdateConflict" }
  },
  {
    name: "ImageTags.remove",
    request: `DELETE ${path}/tags/t`,
    run: Effect.flatMap(ImageTags.ImageTags, (tags) => tags.remove(imageId, "t")),
    own: { 404: "ImageTagNotFound" }
  },
  {
    name: "ImageTasks.get",
    request: `GET /tasks/${taskId}`,
    run: Effect.flatMap(ImageTasks.ImageTasks, (tasks) => tasks.get(taskId)),
    own: { 404: "TaskNotFound" }
  },
  {
    name: "ImageSchemas.image",
    request: "GET /schemas/image",
    run: Effect.flatMap(ImageSchemas.ImageSchemas, (schemas) => schemas.image),
    own: {}
  }
]

describe.each(operations)("$name", ({ name, own, request, run }) => {
  const table = Object.entries({ ...common, ...own }).map(([status, tag]) => [Number(status), tag] as const)

  it.effect.each(table)("ends in its own error when it is answered %i, whatever the body: %s", ([status, tag]) => {
    let answer = () => Port.empty()
    const script: Port.Script = ({ method }) => (request.startsWith(`${method} `) ? answer() : Port.json(imageRecord()))
    return Effect.forEach(bodies, ([form, response, wanted]) =>
      Effect.gen(function* () {
        const detail = typeof wanted === "string" ? wanted : wanted(status)
        answer = () => response(status)
        const error = yield* Effect.flip(run)
        assert.strictEqual(error._tag, tag, form)
        assert.strictEqual(error.name, tag)
        // The one error that has no place for a status.
        if (error._tag !== "ImageTagNotFound") {
          assert("status" in error && "detail" in error && "url" in error)
          assert.strictEqual(error.operation, name)
          assert.strictEqual(`${error.method} ${error.url}`, request)
          assert.strictEqual(error.status, status)
          assert.include(error.message, `(${request} returned ${status}${detail === "" ? ")" : `: ${detail})`}`)
        }
        assert("requestId" in error && "detail" in error)
        assert.strictEqual(error.detail, detail, form)
        deepStrictEqual(error.requestId, Option.some(Port.requestId))
        assert.isTrue(error.message.startsWith(`${name}: `), error.message)
        assert.isTrue(error.message.endsWith(` [${Port.requestId}]`), error.message)
        assert.notMatch(error.message, /<[a-z/!]|&#?\w+;|\n/i)
      })
    ).pipe(Effect.provide(Port.core(script)))
  })
})

describe("the sentence in an error", () => {
  const failing = (response: Response) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.get(imageId)))
      assert(error._tag === "BadRequest")
      return error
    }).pipe(Effect.provide(Port.core([response])))

  it.effect("is the server's own, angle brackets and all, where it comes as JSON", () =>
    Effect.gen(function* () {
      const { detail } = yield* failing(Port.refusal(400, "Property <my_prop> of <b>x&amp;y does not exist"))
      assert.strictEqual(detail, "Property <my_prop> of <b>x&amp;y does not exist")
    })
  )

  it.effect("is looked for at the beginning of a page, however long the page is", () =>
    Effect.gen(function* () {
      const page = `<html><body><p>Sorry.</p>${"<title>".repeat(1_000_000)}`
      const { detail } = yield* failing(new Response(page, { status: 400, headers: { "content-type": "text/html" } }))
      assert.strictEqual(detail, "Sorry.")
    })
  )

  it.effect("is cut where it is longer than anybody reads", () =>
    Effect.gen(function* () {
      const { detail } = yield* failing(Port.refusal(400, "x".repeat(100_000)))
      assert.strictEqual(detail, `${"x".repeat(500)} …`)
    })
  )

  const odd: ReadonlyArray<readonly [body: string, detail: string]> = [
    ['"just a text"', "just a text"],
    ['{"error":"just a text"}', "just a text"],
    ['{"error":"just a text","code":400}', "just a text"],
    ["null", "null"],
    ["[]", "[]"],
    ['{"message":5}', '{"message":5}'],
    ["{not json", "{not json"],
    ["&#0; &#x110000; &unknown; &toString;", "&#0; &#x110000; &unknown; &toString;"],
    ["&#128512;&#x1F600;&nbsp;&apos;", "😀😀 '"],
    ["400 is not a status line", "400 is not a status line"],
    ["<script>alert('<b>')</script>text", "text"]
  ]

  it.effect.each(odd)("of %s is %s", ([body, detail]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* failing(Port.text(400, body))).detail, detail)
    })
  )

  it.effect("stands without a request id where the answer has none", () =>
    Effect.gen(function* () {
      const error = yield* failing(new Response("nobody", { status: 400 }))
      deepStrictEqual(error.requestId, Option.none())
      assert.isTrue(error.message.endsWith("returned 400: nobody)"), error.message)
    })
  )

  it.effect.each([["x-openstack-request-id"], ["x-compute-request-id"], ["x-trans-id"]] as const)(
    "stands beside the request id in %s",
    ([header]) =>
      Effect.gen(function* () {
        const error = yield* failing(new Response("", { status: 400, headers: [[header, "id-1"]] }))
        deepStrictEqual(error.requestId, Option.some("id-1"))
      })
  )
})

describe("how long to wait", () => {
  const statuses = [413, 429, 502, 503, 504]

  const waiting = (status: number, retryAfter: string | undefined) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.get(imageId)))
      assert("retryAfter" in error)
      return Option.map(error.retryAfter, Duration.toMillis)
    }).pipe(
      Effect.provide(
        Port.core([Port.refusal(status, "later", retryAfter === undefined ? {} : { "retry-after": retryAfter })])
      )
    )

  const table: ReadonlyArray<readonly [header: string | undefined, millis: Option.Option<number>]> = [
    ["120", Option.some(120_000)],
    ["0", Option.some(0)],
    ["1.5", Option.some(1500)],
    ["Thu, 01 Jan 1970 01:01:30 GMT", Option.some(90_000)],
    ["Thu, 01 Jan 1970 00:00:00 GMT", Option.some(0)],
    ["soon", Option.none()],
    ["", Option.none()],
    [undefined, Option.none()]
  ]

  it.effect.each(table)("is read from Retry-After: %s", ([header, millis]) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      for (const status of statuses) deepStrictEqual(yield* waiting(status, header), millis)
    })
  )
})

describe("an error", () => {
  it.effect("survives a wire of its own", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Images.Images, (images) => images.get(imageId)))
      assert(error._tag === "ImageNotFound")
      const text = JSON.stringify(Schema.encodeSync(GlanceError.ImageNotFound)(error))
      const back = Schema.decodeUnknownSync(GlanceError.ImageNotFound)(JSON.parse(text))
      assert.instanceOf(back, GlanceError.ImageNotFound)
      assert.strictEqual(back.message, error.message)
    }).pipe(Effect.provide(Port.core([Port.refusal(404, "gone")])))
  )

  it("omits the operation from its message while the operation is empty", () => {
    assert.strictEqual(new GlanceError.NoMatchingImage({ query: "name=n" }).message, "no image matches name=n")
  })

  it("says in TransferStalled how long no bytes moved, and how many had moved before", () => {
    const error = new GlanceError.TransferStalled({ imageId, bytes: 10, limit: Duration.minutes(5) })
    assert.strictEqual(error.message, `image ${imageId}: no bytes moved for 5m (after 10 bytes)`)
  })
})

type ErrorClass = Schema.Schema<GlanceError.GlanceError, unknown> & {
  readonly _tag: Tag
  readonly identifier: string
  readonly name: string
}

const classes = Object.values(GlanceError).flatMap(
  (value): ReadonlyArray<ErrorClass> =>
    typeof value === "function" && "_tag" in value ? [value as unknown as ErrorClass] : []
)

describe.each(classes.map((schema) => [schema._tag, schema] as const))("GlanceError.%s", (tag, schema) => {
  it("has its tag as its name and in its identifier", () => {
    assert.isTrue(Reflect.get(GlanceError, tag) === schema)
    assert.strictEqual(schema.identifier, `@effect-glance/core/${tag}`)
    assert.strictEqual(schema.name, tag)
  })

  it("survives encoding and decoding, and has no control character in its message", () => {
    const encode = Schema.encodeSync(schema)
    const decode = Schema.decodeUnknownSync(schema)
    FastCheck.assert(
      FastCheck.property(Arbitrary.make(schema), (error) => {
        const back = decode(encode(error))
        assert.isTrue(GlanceError.isGlanceError(back))
        assert.strictEqual(back._tag, tag)
        assert.strictEqual(back.message, error.message)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.notMatch(error.message, /[\u0000-\u001f\u007f-\u009f]/)
      }),
      { numRuns: 20 }
    )
  })
})

describe("the categories of errors", () => {
  const fields = { method: "GET", url: "/images", status: 400, requestId: Option.none(), detail: "" }
  const retryAfter = Option.some(Duration.seconds(1))
  const samples: ReadonlyArray<readonly [what: string, error: unknown, categories: ReadonlyArray<string>]> = [
    ["TransportError", new GlanceError.TransportError({ ...fields, cause: undefined }), ["transient"]],
    ["ServiceUnavailable", new GlanceError.ServiceUnavailable({ ...fields, retryAfter }), ["transient"]],
    ["RateLimited", new GlanceError.RateLimited({ ...fields, retryAfter: Option.none() }), ["transient", "throttled"]],
    ["QuotaExceeded with retryAfter", new GlanceError.QuotaExceeded({ ...fields, retryAfter }), ["throttled"]],
    ["QuotaExceeded without retryAfter", new GlanceError.QuotaExceeded({ ...fields, retryAfter: Option.none() }), []],
    ["AuthenticationFailed", new GlanceError.AuthenticationFailed(fields), ["auth"]],
    ["Forbidden", new GlanceError.Forbidden(fields), []],
    ["ServerError", new GlanceError.ServerError(fields), []],
    ["TimeLimitExceeded", new GlanceError.TimeLimitExceeded({ limit: Duration.minutes(1) }), []],
    ["an error of the application with the same tag", { _tag: "RateLimited" }, []],
    ["undefined", undefined, []]
  ]

  it.each(samples)("put %s where it belongs", (_, error, expected) => {
    const is = { transient: GlanceError.isTransient, throttled: GlanceError.isThrottled, auth: GlanceError.isAuth }
    const categories = Object.entries(is).flatMap(([name, isIn]) => (isIn(error) ? [name] : []))
    deepStrictEqual(categories, [...expected])
  })

  it("list only tags that their predicates accept, whatever the fields", () => {
    const table = [
      [GlanceError.transientTags, GlanceError.isTransient],
      [GlanceError.throttledTags, GlanceError.isThrottled],
      [GlanceError.authTags, GlanceError.isAuth]
    ] as const
    for (const [tags, isIn] of table) {
      for (const schema of classes.filter(({ _tag }) => (tags as ReadonlyArray<Tag>).includes(_tag))) {
        FastCheck.assert(FastCheck.property(Arbitrary.make(schema), isIn), { numRuns: 20 })
      }
    }
  })

  it.effect("work with catchTag", () =>
    Effect.gen(function* () {
      const handled = yield* Effect.flatMap(Images.Images, (images) => images.get(imageId)).pipe(
        Effect.catchTag(...GlanceError.transientTags, ({ _tag }) => Effect.succeed(_tag))
      )
      assert.strictEqual(handled, "RateLimited")
    }).pipe(Effect.provide(Port.core([Port.refusal(429, "later")])))
  )
})

it("an unexpected status says to check the endpoint if it is a redirect or an unknown route", () => {
  const messageOf = (status: number) =>
    new GlanceError.UnexpectedStatus({
      operation: "Images.list",
      method: "GET",
      url: "https://glance.test/v2/images",
      status,
      requestId: Option.none(),
      detail: ""
    }).message
  assert.include(messageOf(302), "the server redirects, which the client does not follow")
  assert.include(messageOf(404), "check that the endpoint is that of an image service")
  assert.strictEqual(messageOf(418), "Images.list: unexpected status (GET https://glance.test/v2/images returned 418)")
})
