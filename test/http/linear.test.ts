/** A mebibyte of hostile text for each parser of what servers send, through the operations that read it. */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { describe, it } from "@effect/vitest"
import {
  Answer,
  type Glance,
  GlanceHttp,
  Image,
  ImageData,
  ImageFormat,
  ImageMembers,
  Images,
  ImageTask,
  ImageTasks
} from "@effect-glance/core"
import { Catalog, Cloud } from "@effect-glance/http"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as RequestLog from "@effect-glance/memory/RequestLog"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Http from "../support/http.js"
import * as Linear from "../support/linear.js"
import * as Port from "../support/port.js"
import { imageRecord, memberRecord, taskRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

/** As a header can be. */
const ascii = (text: string) => text.replace(/[^\x20-\x7e]/g, "?").trim() || "?"

type Core = Layer.Layer.Success<typeof Glance.layer>

/** Runs an operation against a server that gives this answer. */
const against =
  (operation: Effect.Effect<unknown, unknown, Core>, answer: (text: string) => Response) =>
  (text: string): Promise<unknown> =>
    operation.pipe(
      Effect.provide(Port.core(() => answer(text))),
      Effect.exit,
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.runPromise
    )

const images = Effect.flatMap(Images.Images, (images) => images.list())
const get = Effect.flatMap(Images.Images, (images) => images.get(id))
const range = Effect.flatMap(ImageData.ImageData, (data) =>
  Stream.runDrain(data.download(id, { verify: false, range: { start: 1, length: 2 }, retries: 0 }))
)

const parsers: { readonly [parser: string]: (text: string) => unknown } = {
  "the sentence of an error": (text) => Answer.detailOf(text),
  "the sentence of an error in JSON": (text) => Answer.detailOf(JSON.stringify({ message: text })),
  "the sentence of a page": (text) => Answer.detailOf(`<html><title>x</title><h1>y</h1>${text}`, ["secret-secret"]),
  "the sentence of JSON that is cut": (text) => Answer.detailOf(`{"error": {"message": "${text}`),
  "Retry-After": (text) => Effect.runSync(Answer.retryAfterOf(Headers.fromInput({ "retry-after": text }))),
  "the root of an endpoint": (text) => [
    Catalog.imageRoot(text),
    Catalog.unversionedRoot(text),
    Catalog.imageRoot(`https://glance.test/${text}`),
    Catalog.endpoint([{ service: "image", region: "r", interface: "public", url: text }], "image")
  ],
  "a catalog without the service": (text) =>
    Catalog.endpoint([{ service: text, region: text, interface: text, url: text }], text, { region: text }),
  "the format of data": (text) => ImageFormat.detect(new TextEncoder().encode(text)),
  "a body that is no JSON": against(images, (text) => Port.text(200, text)),
  "a marker": against(images, (text) => Port.json({ images: [], next: `/v2/images?${text}` })),
  "a marker that is a parameter": against(images, (text) => Port.json({ images: [], next: `?marker=${text}` })),
  "a listing without records": against(images, (text) => Port.json({ images: text })),
  "a record of wrong types": against(get, (text) =>
    Port.json(
      imageRecord({ id: text, status: [text], tags: text, size: { [text]: text }, min_ram: text, protected: text })
    )
  ),
  "the times and names of a record": against(get, (text) =>
    Port.json(imageRecord({ created_at: text, updated_at: text, name: text, visibility: text, [text]: text }))
  ),
  "the sizes of a record": against(get, (text) =>
    Port.json(imageRecord({ size: text, virtual_size: text, min_disk: text }))
  ),
  "a member": against(
    Effect.flatMap(ImageMembers.ImageMembers, (members) => members.list(id)),
    (text) => Port.json({ members: [memberRecord({ status: text, created_at: text, member_id: [text] })] })
  ),
  "a task": against(
    Effect.flatMap(ImageTasks.ImageTasks, (tasks) =>
      tasks.await(ImageTask.TaskId.make("9c2e0000-0000-4000-8000-000000000046"))
    ),
    (text) => Port.json(taskRecord({ status: "failure", message: text, result: { [text]: text }, expires_at: text }))
  ),
  "Content-Range": against(
    range,
    (text) => new Response("ab", { status: 206, headers: { "content-range": `bytes ${ascii(text)}` } })
  ),
  "Content-Range with numbers": against(
    range,
    (text) => new Response("ab", { status: 206, headers: { "content-range": `bytes 1-${ascii(text)}/*` } })
  ),
  "the headers of an error": against(get, (text) =>
    Port.json(
      { message: "no" },
      {
        status: 503,
        headers: { "retry-after": ascii(text), "x-openstack-request-id": ascii(text), "content-encoding": ascii(text) }
      }
    )
  )
}

describe("takes time in proportion to a text of a mebibyte", { timeout: 60_000 }, () => {
  it.each(Object.entries(parsers))("%s", (name, parse) => Linear.assertLinear(name, parse))

  it("an argument in a message", () =>
    Linear.assertLinear("argument", (text) =>
      Effect.flatMap(Images.Images, (images) => Effect.exit(images.get(text as Image.ImageId))).pipe(
        Effect.provide(Port.core([])),
        Effect.runPromise
      )
    ))

  it("the path of a request", () =>
    Linear.assertLinear("route", (text) =>
      Effect.flatMap(GlanceHttp.GlanceHttp, (port) =>
        Effect.exit(port.execute(HttpClientRequest.get(`/images/${text}/members/${text}`)))
      ).pipe(
        Effect.provide(
          Cloud.layerToken({ endpoint: "https://glance.test", token: Redacted.make("t") }).pipe(
            Layer.provide(Http.layer(() => () => Http.json({})))
          )
        ),
        Effect.runPromise
      )
    ))

  it("a request to the cloud in memory, and its log", async () => {
    const cloud = await Effect.runPromise(Effect.scoped(MemoryCloud.make({})))
    const client = MemoryCloud.httpClient(cloud)
    await Linear.assertLinear("memory", (text) =>
      Effect.gen(function* () {
        const url = `${MemoryCloud.authUrl}/auth/tokens`
        yield* Effect.exit(
          client.execute(HttpClientRequest.bodyText(HttpClientRequest.post(url), text, "application/json"))
        )
        const log = yield* cloud.requests
        RequestLog.lines(RequestLog.select(log, { service: "any", path: "/v3/**/tokens" }))
      }).pipe(Effect.runPromise)
    )
  })
})
