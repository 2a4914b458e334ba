/**
 * A tour of the library on a cloud of yours, the one that the `OS_*` variables name, or else on one in memory. With the
 * credentials of a second project in `OTHER_OS_*` an image is shared with that project, which accepts it.
 *
 * What the tour makes it deletes again, also when it fails or is interrupted.
 */

import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Glance from "@effect-glance/core/Glance"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as Image from "@effect-glance/core/Image"
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as Images from "@effect-glance/core/Images"
import * as ImageTags from "@effect-glance/core/ImageTags"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Keystone from "@effect-glance/http/Keystone"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const step = (text: string) => Console.log(`• ${text}`)
const tell = (text: string) => Console.log(`    ${text}`)

/** A cloud as one project sees it. */
type ProjectCloud = ReturnType<typeof Cloud.layerEnv>

interface Clouds {
  readonly mine: ProjectCloud
  readonly other: Option.Option<ProjectCloud>
}

/** What one project does. `other` is the cloud as a second project sees it. */
const tour = (other: Option.Option<ProjectCloud>) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const tags = yield* ImageTags.ImageTags
    const run = `tour-${(yield* Random.nextIntBetween(0, 0xffffff)).toString(16).padStart(6, "0")}`

    yield* step("create three images, with custom properties and a tag")
    const [first] = yield* Effect.forEach(["small", "medium", "large"], (flavor, index) =>
      Effect.acquireRelease(
        images.create({
          name: `${run} ${flavor}`,
          diskFormat: "qcow2",
          containerFormat: "bare",
          visibility: "shared",
          minRam: 512 * 2 ** index,
          tags: [run],
          properties: { os_distro: "debian", flavor }
        }),
        (image) =>
          images.delete(image).pipe(
            Effect.zipRight(tell(`deleted ${image.id}`)),
            Effect.catchAll((error) => Console.error(`    could not delete ${image.id}: ${error.message}`))
          )
      ).pipe(Effect.tap((image) => tell(`${image.id}  ${Option.getOrElse(image.name, () => "")}`)))
    )
    if (first === undefined) return

    yield* step("stream those that carry the tag and need at least 1 GiB of memory, by name")
    yield* images
      .listAll({ tags: [run], minRam: { min: 1024 }, sort: [{ key: "name", direction: "asc" }], limit: 2 })
      .pipe(Stream.runForEach((image) => tell(`${Option.getOrElse(image.name, () => "")}  ${image.minRam} MiB`)))

    yield* step("update one: another name, a property added, one removed")
    const updated = yield* images.update(first, {
      name: `${run} tiny`,
      properties: { os_version: "13", flavor: null }
    })
    yield* tell(
      `${Option.getOrElse(updated.name, () => "")}  ${JSON.stringify(Object.fromEntries(updated.properties))}`
    )

    yield* step("tag it")
    yield* tags.add(first, "golden")
    yield* tags.add(first, "à jour / ready?")
    yield* tell((yield* images.get(first)).tags.join(", "))

    yield* Option.match(other, {
      onNone: () => step("share it: left out, since no OTHER_OS_* variables name a second project"),
      onSome: (other) => share(first, other)
    })
  }).pipe(Effect.scoped)

const share = (image: Image.ImageRef, other: ProjectCloud) =>
  Effect.gen(function* () {
    const mine = yield* ImageMembers.ImageMembers
    const theirs = yield* Effect.provide(
      Effect.all({ http: GlanceClient.GlanceClient, images: Images.make, members: ImageMembers.make }),
      yield* Layer.build(other)
    )
    const projectId = Option.getOrElse(yield* theirs.http.projectId, () => "")

    yield* step(`share it with project ${projectId}`)
    yield* tell((yield* mine.add(image, projectId)).status)

    yield* step("as that project: accept it, and find it in the listing")
    yield* tell((yield* theirs.members.setStatus(image, "accepted")).status)
    const found = yield* theirs.images.find({ id: Image.idOf(image), visibility: "shared" })
    yield* tell(Option.getOrElse(found.name, () => ""))

    yield* step("stop sharing it")
    yield* mine.remove(image, projectId)
  })

const isSet = (variable: string) => Config.nonEmptyString(variable).pipe(Effect.option, Effect.map(Option.isSome))

/** The cloud that the environment names and, where it names one, that of a second project. */
const named: Effect.Effect<Clouds> = Effect.gen(function* () {
  const hasOther = (yield* isSet("OTHER_OS_AUTH_URL")) || (yield* isSet("OTHER_OS_AUTH_TYPE"))
  const variables = ConfigProvider.nested(ConfigProvider.fromEnv(), "OTHER")
  const other = Layer.provide(Cloud.layerEnv(), Layer.setConfigProvider(variables))
  return { mine: Cloud.layerEnv(), other: hasOther ? Option.some(other) : Option.none() }
})

/** A cloud in this process, with a project and another. */
const inMemory: Effect.Effect<Clouds, never, Scope.Scope> = Effect.map(MemoryCloud.make(), (cloud) => {
  const of = (project: string) =>
    Cloud.layer().pipe(
      Layer.provide(Keystone.layerPassword(MemoryCloud.credentials(cloud, { project }))),
      Layer.provide(MemoryCloud.layerHttpClient(cloud))
    )
  return { mine: of("demo"), other: Option.some(of("guest")) }
})

const main = Effect.gen(function* () {
  // Rackspace's is known without a URL.
  const isNamed = (yield* isSet("OS_AUTH_URL")) || (yield* isSet("OS_AUTH_TYPE"))
  yield* Console.log(
    isNamed ? "On the cloud that the OS_* variables name" : "On a cloud in memory, since OS_AUTH_URL is not set"
  )
  const { mine, other } = yield* isNamed ? named : inMemory
  yield* Effect.provide(tour(other), Layer.provideMerge(Glance.layer, mine))
})

main.pipe(
  Effect.scoped,
  Effect.tapError((error) => Console.error(`✗ ${error.message}`)),
  Effect.provide(NodeTransport.layer),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
