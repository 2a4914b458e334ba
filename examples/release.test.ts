import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import * as Images from "@effect-glance/core/Images"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import { Effect, Layer } from "effect"
import { release } from "./release.js"

const cloud = Glance.layer.pipe(Layer.provideMerge(MemoryCloud.layer()), Layer.provide(NodeHasher.layer))

it.scoped("a second release of the same file changes nothing, one of another puts that behind the name", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* fs.makeTempFileScoped()
    // A disk that begins as qcow2 does.
    const write = (text: string) =>
      fs.writeFile(path, Uint8Array.from([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3, ...new TextEncoder().encode(text)]))
    const images = yield* Images.Images
    yield* write("one")
    const first = yield* release("debian", path)
    assert.isFalse((yield* release("debian", path)).created)
    yield* write("two")
    const second = yield* release("debian", path)
    assert.notStrictEqual(second.image.id, first.image.id)
    assert.strictEqual((yield* images.findNewest({ name: "debian" })).id, second.image.id)
  }).pipe(Effect.provide(Layer.merge(cloud, NodeFileSystem.layer)))
)
