/** What the browser runs: the same program in each. Bundled, and started by `browsers.test.ts` in an empty page. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Glance from "@effect-glance/core/Glance"
import * as ImageData from "@effect-glance/core/ImageData"
import * as Images from "@effect-glance/core/Images"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Keystone from "@effect-glance/http/Keystone"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export interface Login {
  readonly authUrl: string
  readonly username: string
  readonly password: string
  readonly projectName: string
}

const contents = new Uint8Array(3 * 1024 * 1024 + 7).map((_, at) => at % 251)

const raw = (name: string) => ({ name, diskFormat: "raw", containerFormat: "bare" }) as const

const scenario = Effect.gen(function* () {
  const images = yield* Images.Images
  const data = yield* ImageData.ImageData
  const file = new File([contents], "disk.raw")
  const ofBytes = yield* data.createWithData(raw("bytes"), contents)
  const ofFile = yield* data.createWithData(raw("file"), file)
  const ofStream = yield* Effect.flip(data.createWithData(raw("stream"), Stream.make(contents)))
  const listed = yield* Stream.runCollect(images.listAll())
  const pieces = yield* Stream.runCollect(data.download(ofFile))
  const downloaded = new Uint8Array(yield* Effect.promise(() => new Blob([...pieces] as Array<BlobPart>).arrayBuffer()))
  return {
    uploads: [ofBytes, ofFile].map(({ size, status }) => [status, Option.getOrNull(size)]),
    names: [...listed].map(({ name }) => Option.getOrNull(name)).sort(),
    stream: { tag: ofStream._tag, message: ofStream.message },
    same: downloaded.length === contents.length && downloaded.every((byte, at) => byte === contents[at])
  }
})

export type Outcome = Effect.Effect.Success<typeof scenario>

const run = ({ password, ...login }: Login): Promise<Outcome> =>
  scenario.pipe(
    Effect.provide(Glance.layer),
    Effect.provide(Cloud.layer()),
    Effect.provide(Keystone.layerPassword({ ...login, password: Redacted.make(password) })),
    Effect.provide(FetchHttpClient.layer),
    Effect.runPromise
  )

Object.assign(globalThis, { run })
