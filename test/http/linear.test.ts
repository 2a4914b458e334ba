/** A mebibyte of hostile text for each parser of what servers send, through the operations that read it. */
import * as Headers from "@effect/platform/Headers"
import { describe, it } from "@effect/vitest"
import { Answer, type Glance, Image, ImageFormat, Images } from "@effect-glance/core"
import { Catalog } from "@effect-glance/http"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Linear from "../support/linear.js"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")

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
  )
}

describe("takes time in proportion to a text of a mebibyte", { timeout: 60_000 }, () => {
  it.each(Object.entries(parsers))("%s", (name, parse) => Linear.assertLinear(name, parse))
})
