import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, it } from "@effect/vitest"
import { Images } from "@effect-glance/core"
import { Fault, MemoryCloud } from "@effect-glance/memory"
import { Effect, Stream } from "effect"
import * as Readme from "../../docs/snippets/readme.js"
import { cloud, ended, printed } from "../support/docs.js"
import { randomFile } from "../support/examples.js"

const fetchUri = () => Effect.succeed({ size: 10, body: Stream.make(new TextEncoder().encode("not a disk")) })

it.scoped("the capabilities in the README work on a cloud in memory", () =>
  Effect.gen(function* () {
    const memory = yield* MemoryCloud.MemoryCloud
    const images = yield* Images.Images
    const file = yield* randomFile(1000)
    const image = yield* images.create({ name: "disk", diskFormat: "raw", containerFormat: "bare" })
    assert.isNotEmpty((yield* printed(Readme.upload(image, file))).lines)
    assert.strictEqual((yield* images.get(image)).status, "active")
    assert.strictEqual((yield* ended(Readme.mirror("https://mirror.example/disk"))).status, "active")
    const guest = memory.project("guest").id
    assert.deepStrictEqual((yield* printed(Readme.share(image, [guest]))).lines, [`${guest} Added`])
    assert.isTrue((yield* Readme.release(file)).created)
    assert.isFalse((yield* Readme.release(file)).created)
    yield* memory.inject({ method: "DELETE" }, Fault.status(409))
    assert.lengthOf((yield* printed(Readme.remove(image))).lines, 1)
  }).pipe(Effect.provide(FetchHttpClient.layer), Effect.provide(cloud({ fetchUri })))
)
