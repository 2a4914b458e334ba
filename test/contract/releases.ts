/** What must hold of releases, on the memory cloud and on the real one. */
import { createHash } from "node:crypto"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import { assert, layer } from "@effect/vitest"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as ImageReleases from "@effect-glance/core/ImageReleases"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Cloud from "./cloud.js"

const bytesOf = (text: string) => new TextEncoder().encode(text.padEnd(1000, "."))
const sourceOf = (text: string) => ImageSource.bytes(bytesOf(text))
const hashOf = (text: string) => ({
  algorithm: "sha512",
  value: createHash("sha512").update(bytesOf(text)).digest("hex")
})

export const releaseOf = (name: string): ImageReleases.Release => ({ name, diskFormat: "raw", containerFormat: "bare" })

export const releases = ({ http }: Pick<Cloud.Project, "http">) =>
  Effect.provide(ImageReleases.make, Layer.merge(Layer.succeed(GlanceClient.GlanceClient, http), NodeHasher.layer))

/** All of a name, hidden ones last, and none of them after the test. */
const named = (project: Cloud.Project, name: string) =>
  Effect.map(
    Effect.forEach([false, true], (osHidden) => Stream.runCollect(project.images.listAll({ name, osHidden }))),
    (all) => all.flatMap((images) => Chunk.toReadonlyArray(images))
  )

const aName = (project: Cloud.Project) =>
  Effect.acquireRelease(Cloud.unique("release"), (name) =>
    Effect.flatMap(Effect.orDie(named(project, name)), (images) =>
      Effect.forEach(images, (image) => Cloud.discard(project, image))
    )
  )

export const releasesContract = <E>(
  name: string,
  cloud: Layer.Layer<Cloud.TheCloud | HttpClient.HttpClient, E>,
  { times }: { readonly times: number }
): void => {
  layer(Layer.provideMerge(Cloud.layer, cloud), { excludeTestServices: true, timeout: "60 seconds" })(name, (it) => {
    it.scoped("a release makes the image, and finds it in one request when it is there", () =>
      Effect.gen(function* () {
        const { alice } = yield* Cloud.Projects
        const { ensure } = yield* releases(alice)
        const name = yield* aName(alice)
        const release = { ...releaseOf(name), tags: ["a"], properties: { os_distro: "debian" }, minDisk: 1 }
        const [first, sent] = yield* alice.counting(ensure(release, sourceOf("one"), { hash: hashOf("one") }))
        assert.isTrue(first.created)
        const { image } = first
        assert.deepStrictEqual([image.status, image.osHidden, image.minDisk], ["active", false, 1])
        assert.deepStrictEqual([...image.properties], [["os_distro", "debian"]])
        assert.deepStrictEqual(image.osHashValue, Option.some(hashOf("one").value))
        assert.isAtMost(sent.length, 6)

        const [again, look] = yield* alice.counting(ensure(release, sourceOf("one"), { hash: hashOf("one") }))
        assert.deepStrictEqual([again.created, again.image.id, look.length], [false, image.id, 1])
        // Without a hash the source is read; what is wanted besides is brought about.
        const [changed, patched] = yield* alice.counting(ensure({ ...release, tags: ["b"] }, sourceOf("one")))
        assert.deepStrictEqual([changed.image.id, [...changed.image.tags]], [image.id, ["b"]])
        assert.strictEqual(patched.filter(({ method }) => method === "PATCH").length, 1)
        assert.strictEqual((yield* named(alice, name)).length, 1)
      })
    )

    it.scoped(
      "of two at once, time and again, comes one image, and both have it",
      () =>
        Effect.gen(function* () {
          const { alice } = yield* Cloud.Projects
          const { ensure } = yield* releases(alice)
          for (let time = 0; time < times; time++) {
            const name = yield* aName(alice)
            const one = ensure(releaseOf(name), sourceOf("x"), { hash: hashOf("x") })
            const both = yield* Effect.all([one, one], { concurrency: "unbounded" })
            assert.strictEqual(both[0].image.id, both[1].image.id)
            const all = yield* named(alice, name)
            assert.deepStrictEqual(
              all.map(({ id, osHidden, status }) => [id, osHidden, status]),
              [[both[0].image.id, false, "active"]]
            )
          }
        }),
      120_000
    )

    it.scoped(
      "older images are hidden, deactivated or deleted, all but as many as are to stay",
      () =>
        Effect.gen(function* () {
          const { alice, bob } = yield* Cloud.Projects
          const { ensure } = yield* releases(alice)
          const name = yield* aName(alice)
          yield* Cloud.newImage(bob, { name, visibility: "community" })
          const version = (text: string, retire?: ImageReleases.Retirement) =>
            ensure(releaseOf(name), sourceOf(text), { hash: hashOf(text), retire })
          const one = yield* version("1")
          const two = yield* version("2", { by: "hide", keep: 1 })
          assert.deepStrictEqual(two.retired, [])
          const three = yield* version("3", { by: "hide", keep: 1 })
          assert.deepStrictEqual(
            three.retired.map(({ error, image }) => [image.id, error._tag]),
            [[one.image.id, "None"]]
          )
          const states = Effect.map(named(alice, name), (all) =>
            Object.fromEntries(all.map(({ id, osHidden, status }) => [id, osHidden ? "hidden" : status]))
          )
          assert.deepStrictEqual(yield* states, {
            [one.image.id]: "hidden",
            [two.image.id]: "active",
            [three.image.id]: "active"
          })
          // What is released again is the newest, and an image of its own.
          const again = yield* version("1", { by: "deactivate" })
          assert.notStrictEqual(again.image.id, one.image.id)
          assert.deepStrictEqual(yield* states, {
            [one.image.id]: "hidden",
            [two.image.id]: "deactivated",
            [three.image.id]: "deactivated",
            [again.image.id]: "active"
          })
          yield* alice.images.update(three.image, { protected: true })
          const last = yield* version("4", { by: "delete" })
          assert.sameMembers(
            last.retired.map(({ error, image }) => `${image.id} ${Option.getOrUndefined(error)?._tag}`),
            [
              `${one.image.id} undefined`,
              `${two.image.id} undefined`,
              `${three.image.id} Forbidden`,
              `${again.image.id} undefined`
            ]
          )
          assert.deepStrictEqual(yield* states, {
            [three.image.id]: "deactivated",
            [last.image.id]: "active"
          })
        }),
      60_000
    )

    it.scoped(
      "what a crash left is taken up, and what was deleted is made again",
      () =>
        Effect.gen(function* () {
          const { alice } = yield* Cloud.Projects
          const { ensure } = yield* releases(alice)
          const name = yield* aName(alice)
          // From one request on nothing of the program reaches the cloud any more, not even what it would clean up.
          for (let last = 0; last < 6; last++) {
            const [text, release] = [`crash ${last}`, releaseOf(name)]
            let sent = 0
            const execute: GlanceClient.Client["execute"] = (request) =>
              sent++ < last
                ? alice.http.client.execute(request)
                : Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: "gone" }))
            const crashing = yield* releases({ http: { ...alice.http, client: GlanceClient.makeClient(execute) } })
            yield* Effect.exit(
              crashing.ensure(release, sourceOf(text), { hash: hashOf(text), retries: 0, settleLimit: 0 })
            )
            const { image } = yield* ensure(release, sourceOf(text), { hash: hashOf(text) })
            assert.strictEqual((yield* alice.images.find({ name, osHashValue: hashOf(text).value })).id, image.id)
          }
          const hidden = (yield* named(alice, name)).filter(({ osHidden }) => osHidden)
          assert.deepStrictEqual(hidden, [])
          const first = yield* ensure(releaseOf(name), sourceOf("x"), { hash: hashOf("x") })
          yield* alice.images.delete(first.image)
          const second = yield* ensure(releaseOf(name), sourceOf("x"), { hash: hashOf("x") })
          assert.isTrue(second.created)
          assert.notStrictEqual(second.image.id, first.image.id)
          assert.strictEqual((yield* alice.images.find({ name, osHashValue: hashOf("x").value })).id, second.image.id)
        }),
      60_000
    )

    it.scoped("a failed upload leaves nothing behind", () =>
      Effect.gen(function* () {
        const { alice } = yield* Cloud.Projects
        const { ensure } = yield* releases(alice)
        const name = yield* aName(alice)
        const broken = Stream.concat(Stream.make(bytesOf("x")), Stream.fail("the disk is broken"))
        const failure = yield* Effect.flip(ensure(releaseOf(name), broken, { hash: hashOf("x") }))
        assert.strictEqual(failure, "the disk is broken")
        const wrong = yield* Effect.flip(ensure(releaseOf(name), sourceOf("y"), { hash: hashOf("x") }))
        assert.strictEqual(typeof wrong === "object" && wrong._tag, "ImageIntegrityError")
        assert.deepStrictEqual(yield* named(alice, name), [])
      })
    )
  })
}
