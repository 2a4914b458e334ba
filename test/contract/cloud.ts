/** The cloud that the contract is held against, as its projects see it. */

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Discovery from "@effect-glance/core/Discovery"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import type * as Image from "@effect-glance/core/Image"
import * as ImageCache from "@effect-glance/core/ImageCache"
import * as ImageCreation from "@effect-glance/core/ImageCreation"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as ImageLocations from "@effect-glance/core/ImageLocations"
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as ImageSchemas from "@effect-glance/core/ImageSchemas"
import * as ImageStores from "@effect-glance/core/ImageStores"
import * as Images from "@effect-glance/core/Images"
import * as ImageTags from "@effect-glance/core/ImageTags"
import * as ImageTasks from "@effect-glance/core/ImageTasks"
import * as Metadefs from "@effect-glance/core/Metadefs"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Identity from "@effect-glance/http/Identity"
import * as Keystone from "@effect-glance/http/Keystone"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { observed } from "./observed.js"

/** Three members of a project each, and an administrator in a fourth. */
export type AccountName = "alice" | "bob" | "carol" | "admin"

export interface Account {
  readonly username: string
  readonly password: string
  readonly projectId: string
  readonly projectName: string
}

/** A release of Glance that the contract is held against. */
export type Release = "25.1" | "30.0"

export interface TestCloud {
  readonly release: Release
  readonly authUrl: string
  readonly imageUrl: string
  readonly region: string
  readonly accounts: { readonly [A in AccountName]: Account }
}

/** A request as it left. */
export interface Sent {
  readonly method: string
  readonly url: string
}

export interface Project {
  readonly http: GlanceClient.Service
  readonly identity: Identity.Service
  readonly images: Images.Service
  readonly members: ImageMembers.Service
  readonly tags: ImageTags.Service
  readonly tasks: ImageTasks.Service
  readonly schemas: ImageSchemas.Service
  readonly metadefs: Metadefs.Service
  readonly imports: ImageImport.Service
  readonly discovery: Discovery.Service
  readonly stores: ImageStores.Service
  readonly locations: ImageLocations.Service
  readonly cache: ImageCache.Service
  readonly creation: ImageCreation.Service
  readonly projectId: string
  /** Gives a queued image its data. */
  readonly give: (image: Image.Image, data: string) => Effect.Effect<unknown, unknown>
  /** What this project sends while the effect runs, beside the result. */
  readonly counting: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<readonly [A, ReadonlyArray<Sent>], E, R>
  /** Runs `before` once, before the next request of this method leaves. */
  readonly interpose: (method: string, before: Effect.Effect<unknown, unknown>) => Effect.Effect<void>
}

export class Projects extends Context.Tag("test/contract/Projects")<
  Projects,
  { readonly [A in AccountName]: Project }
>() {}

export class TheCloud extends Context.Tag("test/contract/TheCloud")<TheCloud, TestCloud>() {}

/** The real cloud that the script made which runs these tests. */
export const fromEnvironment = Effect.map(
  Config.nonEmptyString("GLANCE_TEST_CLOUD"),
  (text) => JSON.parse(text) as TestCloud
)

/** That cloud, over the client of Node that keeps its connections. */
export const theRealCloud = Layer.merge(Layer.effect(TheCloud, fromEnvironment), NodeHttpClient.layerUndici)

export const credentials = ({ accounts, authUrl }: TestCloud, name: AccountName) => ({
  authUrl,
  username: accounts[name].username,
  userDomainId: "default",
  password: Redacted.make(accounts[name].password),
  projectId: accounts[name].projectId
})

const makeProject = (cloud: TestCloud, name: AccountName) =>
  Effect.gen(function* () {
    const sent = yield* Ref.make<ReadonlyArray<Sent>>([])
    const interposed = yield* Ref.make(Option.none<{ method: string; before: Effect.Effect<unknown, unknown> }>())
    const client = HttpClient.tapRequest(observed(yield* HttpClient.HttpClient), ({ method, url, urlParams }) =>
      Effect.gen(function* () {
        const query = new URLSearchParams(urlParams as Array<[string, string]>).toString()
        yield* Ref.update(sent, (all) => [...all, { method, url: query === "" ? url : `${url}?${query}` }])
        const waiting = yield* Ref.getAndUpdate(
          interposed,
          Option.filter((each) => each.method !== method)
        )
        if (Option.isSome(waiting) && waiting.value.method === method) yield* Effect.ignore(waiting.value.before)
      })
    )
    const identity = yield* Keystone.makePassword(credentials(cloud, name)).pipe(
      Effect.provideService(HttpClient.HttpClient, client)
    )
    const http = yield* Cloud.make({ region: cloud.region }).pipe(
      Effect.provideService(HttpClient.HttpClient, client),
      Effect.provideService(Identity.Identity, identity)
    )
    const services = yield* Effect.all({
      images: Images.make,
      members: ImageMembers.make,
      tags: ImageTags.make,
      tasks: ImageTasks.make,
      schemas: ImageSchemas.make,
      metadefs: Metadefs.make,
      imports: ImageImport.ImageImport,
      discovery: Discovery.Discovery,
      stores: ImageStores.make,
      locations: ImageLocations.make,
      cache: ImageCache.make,
      creation: ImageCreation.ImageCreation
    }).pipe(
      Effect.provide(Layer.fresh(Layer.mergeAll(ImageImport.layer, Discovery.layer, ImageCreation.layer))),
      Effect.provide(NodeHasher.layer),
      Effect.provideService(GlanceClient.GlanceClient, http)
    )
    const project: Project = {
      ...services,
      http,
      identity,
      projectId: cloud.accounts[name].projectId,
      give: ({ id }, data) =>
        http.client
          .execute(
            HttpClientRequest.bodyText(HttpClientRequest.put(`/images/${id}/file`), data, "application/octet-stream")
          )
          .pipe(
            Effect.filterOrFail(({ status }) => status === 204),
            Effect.flatMap((response) => response.text)
          ),
      counting: (effect) =>
        Effect.gen(function* () {
          const before = (yield* Ref.get(sent)).length
          const result = yield* effect
          return [result, (yield* Ref.get(sent)).slice(before)] as const
        }),
      interpose: (method, before) => Ref.set(interposed, Option.some({ method, before }))
    }
    return project
  })

/** The projects of the cloud. */
export const layer: Layer.Layer<Projects, never, TheCloud | HttpClient.HttpClient> = Layer.scoped(
  Projects,
  Effect.flatMap(TheCloud, (cloud) =>
    Effect.all({
      alice: makeProject(cloud, "alice"),
      bob: makeProject(cloud, "bob"),
      carol: makeProject(cloud, "carol"),
      admin: makeProject(cloud, "admin")
    })
  )
)

/** An image that is gone after the test, whatever the test did to it. */
export const newImage = (project: Project, attributes: Images.NewImage = {}) =>
  Effect.acquireRelease(project.images.create(attributes), (image) => discard(project, image))

export const discard = (project: Project, image: Image.ImageRef) =>
  project.images
    .update(image, { protected: false }, { readFirst: false })
    .pipe(Effect.zipRight(project.images.delete(image)), Effect.ignore)

/** A word that no other test has. */
export const unique = (word: string) => Effect.sync(() => `${word}-${crypto.randomUUID().slice(0, 8)}`)
