/** Every operation and every login, against a server that repeats the whole request wherever it can. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import {
  Discovery,
  Glance,
  ImageCache,
  ImageCreation,
  ImageData,
  ImageImport,
  ImageLocations,
  ImageMembers,
  ImageReleases,
  ImageSchemas,
  ImageSource,
  ImageStores,
  Images,
  ImageTags,
  ImageTasks,
  Metadefs
} from "@effect-glance/core"
import { Cloud, Keystone, Rackspace } from "@effect-glance/http"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import { imageRecord, memberRecord, taskRecord } from "../support/records.js"
import { list } from "./support.js"
import * as Witness from "./witness.js"

// ---------------------------------------------------------------------------------------------------------------------
// what must not come out
// ---------------------------------------------------------------------------------------------------------------------

/** Each secret holds its mark several times, so that a part of it shows, too. None has a form that gives it away. */
const marks = /t0k3n|pa55w0rd|51gn4tur3|ap1k3y|c0d3s3cr3t|cr3d3nt1al/
const token = "t0k3n-A1-t0k3n-B2-t0k3n-C3"
const password = `pa55w0rd "&<1> /\\pa55w0rd`
const signed = "user:pa55w0rd@source.test/disk?sig=51gn4tur3-51gn4tur3"
const redacted = Redacted.make

// ---------------------------------------------------------------------------------------------------------------------
// the operations
// ---------------------------------------------------------------------------------------------------------------------

const id = "5f0a3b2c-0000-4000-8000-000000000001"
const bytes = () => ImageSource.bytes(new TextEncoder().encode("hello world"))
const newImage = { name: "cirros", diskFormat: "raw", containerFormat: "bare" }
const transfer = { retries: 0, maxWait: 0, settleLimit: 0 }
const once = { schedule: Schedule.stop }
const location = { url: `swift+https://${signed}` }
const web = ImageImport.webDownload(`https://${signed}`)

type Arguments = ReadonlyArray<unknown>

/** What each method is called with, once or several times. Those that take nothing need no line. */
const samplesIn = (directory: string): { readonly [operation: string]: ReadonlyArray<Arguments> } => ({
  "Images.list": [[], [{ name: "x" }, { undecodable: "skip" }]],
  "Images.listAll": [[], [{}, { undecodable: "skip" }]],
  "Images.changes": [[{}, once]],
  "Images.find": [[{ name: "x" }]],
  "Images.findFirst": [[{ name: "x" }]],
  "Images.findNewest": [[{ name: "x" }]],
  "Images.get": [[id]],
  "Images.getMany": [[[id, "5f0a3b2c-0000-4000-8000-000000000002"]]],
  "Images.create": [[newImage]],
  "Images.update": [
    [id, { name: "y" }],
    [id, { name: "y" }, { readFirst: true }]
  ],
  "Images.delete": [[id]],
  "Images.deactivate": [[id]],
  "Images.reactivate": [[id]],
  "ImageData.upload": [
    [id, bytes(), transfer],
    [id, ImageSource.url(`http://${signed}`), transfer]
  ],
  "ImageData.uploadWithProgress": [[id, bytes(), transfer]],
  "ImageData.stage": [[id, bytes(), transfer]],
  "ImageData.createWithData": [[newImage, bytes(), transfer]],
  "ImageData.download": [[id, transfer]],
  "ImageData.downloadTo": [[id, `${directory}/target`, transfer]],
  "ImageData.downloadToWithProgress": [[id, `${directory}/target`, transfer]],
  "ImageMembers.list": [[id]],
  "ImageMembers.get": [[id, "p"]],
  "ImageMembers.add": [[id, "p"]],
  "ImageMembers.remove": [[id, "p"]],
  "ImageMembers.setStatus": [[id, "accepted", { projectId: "p" }]],
  "ImageMembers.share": [[id, ["p"]]],
  "ImageMembers.acceptAll": [[]],
  "ImageTags.add": [[id, "t"]],
  "ImageTags.remove": [[id, "t"]],
  "ImageTags.set": [[id, ["t"]]],
  "ImageTasks.list": [[], [{}, { undecodable: "skip" }]],
  "ImageTasks.listAll": [[], [{}, { undecodable: "skip" }]],
  "ImageTasks.listOf": [[id]],
  "ImageTasks.get": [[id]],
  "ImageTasks.create": [["import", { import_from: `https://${signed}`, import_from_format: "raw" }]],
  "ImageTasks.export": [[id, "container"]],
  "ImageTasks.import": [["container", "object"]],
  "ImageTasks.await": [[id, once]],
  "ImageCache.queue": [[id]],
  "ImageCache.delete": [[id]],
  "ImageCache.clear": [[], ["both"]],
  "ImageCache.nodes": [[id]],
  "ImageLocations.list": [[id]],
  "ImageLocations.register": [[id, location.url]],
  "ImageLocations.add": [[id, location]],
  "ImageLocations.remove": [[id, location.url]],
  "ImageLocations.replace": [[id, [location]]],
  "ImageStores.deleteImage": [["store", id]],
  "ImageImport.check": [[web]],
  "ImageImport.start": [
    [id, web],
    [id, ImageImport.copyImage]
  ],
  "ImageImport.await": [[id, once]],
  "ImageImport.progress": [[id, once]],
  "ImageImport.importAndWait": [[id, web, once]],
  "ImageImport.importWithProgress": [[id, web, once]],
  "ImageCreation.createFrom": [
    [newImage, ImageSource.url(`http://${signed}`), { ...transfer, ...once }],
    [newImage, bytes(), { ...transfer, ...once, by: "stage" }]
  ],
  "ImageReleases.ensure": [[newImage, bytes(), { ...transfer, retire: { by: "delete" } }]],
  "Metadefs.namespaces.list": [[]],
  "Metadefs.namespaces.listAll": [[], [{}, { undecodable: "skip" }]],
  "Metadefs.namespaces.get": [["n"]],
  "Metadefs.namespaces.create": [["n", { description: "d" }]],
  "Metadefs.namespaces.update": [["n", { description: "d" }]],
  "Metadefs.namespaces.delete": [["n"]],
  "Metadefs.objects.listAll": [["n"]],
  "Metadefs.objects.get": [["n", "o"]],
  "Metadefs.objects.create": [["n", "o"]],
  "Metadefs.objects.update": [["n", "o", { description: "d" }]],
  "Metadefs.objects.delete": [["n", "o"]],
  "Metadefs.objects.deleteAll": [["n"]],
  "Metadefs.properties.listAll": [["n"]],
  "Metadefs.properties.get": [["n", "p"]],
  "Metadefs.properties.create": [["n", "p", { title: "t", type: "string" }]],
  "Metadefs.properties.update": [["n", "p", { title: "u" }]],
  "Metadefs.properties.delete": [["n", "p"]],
  "Metadefs.properties.deleteAll": [["n"]],
  "Metadefs.resourceTypes.associations": [["n"]],
  "Metadefs.resourceTypes.associate": [["n", "r"]],
  "Metadefs.resourceTypes.dissociate": [["n", "r"]],
  "Metadefs.tags.listAll": [["n"]],
  "Metadefs.tags.get": [["n", "t"]],
  "Metadefs.tags.create": [["n", "t"]],
  "Metadefs.tags.append": [["n", ["t"]]],
  "Metadefs.tags.set": [["n", ["t"]]],
  "Metadefs.tags.rename": [["n", "t", "u"]],
  "Metadefs.tags.delete": [["n", "t"]],
  "Metadefs.tags.deleteAll": [["n"]]
})

type Samples = ReturnType<typeof samplesIn>

const services: { readonly [name: string]: Context.Tag<never, object> } = Object.fromEntries(
  Object.entries({
    Discovery: Discovery.Discovery,
    ImageCache: ImageCache.ImageCache,
    ImageCreation: ImageCreation.ImageCreation,
    ImageData: ImageData.ImageData,
    ImageImport: ImageImport.ImageImport,
    ImageLocations: ImageLocations.ImageLocations,
    ImageMembers: ImageMembers.ImageMembers,
    ImageReleases: ImageReleases.ImageReleases,
    ImageSchemas: ImageSchemas.ImageSchemas,
    ImageStores: ImageStores.ImageStores,
    ImageTags: ImageTags.ImageTags,
    ImageTasks: ImageTasks.ImageTasks,
    Images: Images.Images,
    Metadefs: Metadefs.Metadefs
  }).map(([name, tag]) => [name, tag as unknown as Context.Tag<never, object>])
)

type Program = Effect.Effect<unknown, unknown, never>

interface Operation {
  readonly name: string
  readonly run: Program
}

const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> =>
  typeof value === "object" && value !== null && Stream.StreamTypeId in value

const programOf = (value: unknown): Program => (isStream(value) ? Stream.runDrain(value) : (value as Program))

/** Every method of every service, found by its name. One without a sample is an error. */
const operationsIn = (samples: Samples, name: string, service: object): ReadonlyArray<Operation> =>
  Object.entries(service).flatMap(([key, value]) => {
    const path = `${name}.${key}`
    if (isStream(value) || Effect.isEffect(value)) return [{ name: path, run: programOf(value) }]
    if (typeof value === "function") {
      const calls = samples[path]
      if (calls === undefined) throw new Error(`${path} has no arguments in the table of this test`)
      return calls.map((args) => ({
        name: path,
        run: Effect.suspend(() => programOf((value as (...args: Arguments) => unknown)(...args)))
      }))
    }
    return operationsIn(samples, path, value as object)
  })

const operationsOf = (samples: Samples, context: Context.Context<never>): ReadonlyArray<Operation> => {
  const all = [...context.unsafeMap.keys()].filter((key) => key.startsWith("@effect-glance/core/Image"))
  const known = new Set(Object.values(services).map(({ key }) => key))
  for (const key of all) if (!known.has(key)) throw new Error(`${key} is no service that this test knows`)
  return Object.entries(services).flatMap(([name, tag]) => operationsIn(samples, name, Context.unsafeGet(context, tag)))
}

// ---------------------------------------------------------------------------------------------------------------------
// the server
// ---------------------------------------------------------------------------------------------------------------------

const statuses = [300, 400, 401, 403, 404, 405, 409, 410, 413, 415, 416, 429, 500, 503]

/** What the server repeats by itself: no token but that of the request. */
const tokenOf = (headers: Http.Sent["headers"]): string => headers["x-auth-token"] ?? "none"

/** The whole request, with the URL as a person would write it. */
const wholeOf = ({ body, headers, method, url }: Http.Sent): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const full = `http://alice:pa55w0rd@${url.host}${url.pathname}${url.search}`
  return `${method} ${full} ${lines.join(", ")} ${JSON.stringify(headers)} ${body} token ${tokenOf(headers)}`
}

const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 4000)

/** Every header that any code looks at. */
const headersOf = (sent: Http.Sent): Record<string, string> => {
  const whole = ascii(wholeOf(sent))
  return {
    "x-openstack-request-id": whole,
    location: `http://alice:pa55w0rd@elsewhere.test/?token=${tokenOf(sent.headers)}&q=${encodeURIComponent(whole)}`,
    "retry-after": whole,
    "content-range": whole,
    "www-authenticate": whole,
    "openstack-image-import-methods": whole,
    "openstack-image-store-ids": whole,
    "content-md5": whole
  }
}

const html = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const bodies: ReadonlyArray<(sent: Http.Sent) => readonly [body: string, type: string]> = [
  (sent) => [JSON.stringify({ message: wholeOf(sent) }), "application/json"],
  (sent) => [`<html><title>Error</title><body><h1>No</h1>${html(wholeOf(sent))}</body></html>`, "text/html"],
  (sent) => [`400 Bad Request\n\n${wholeOf(sent)}`, "text/plain"]
]

/** Documents that stand for every kind of record at once, with a text in each field that may hold any. */
const records = (text: string, overrides: { readonly [key: string]: unknown } = {}): string => {
  const image = imageRecord({
    name: text,
    owner: text,
    tags: [text],
    checksum: text,
    os_hash_algo: text,
    os_hash_value: text,
    stores: text,
    custom: text,
    os_glance_import_task: text,
    os_glance_importing_to_stores: text,
    os_glance_failed_import: text,
    locations: [{ url: `http://${text}`, metadata: { x: text } }],
    ...overrides
  })
  const task = taskRecord({ message: text, request_id: text, user_id: text, owner: text, image_id: id, ...overrides })
  const times = { created_at: "2026-11-23T15:40:23Z", updated_at: "2026-11-23T15:40:23Z" }
  const named = { name: text, namespace: text, description: text, title: text, type: "string", ...times }
  return JSON.stringify({
    ...image,
    ...task,
    ...named,
    ...overrides,
    message: text,
    images: [image, image],
    tasks: [task],
    members: [memberRecord({ member_id: text })],
    namespaces: [named],
    objects: [named],
    properties: { [text.slice(0, 100)]: named },
    tags: [named],
    resource_types: [named],
    resource_type_associations: [named],
    versions: [{ id: text, status: text, links: [] }],
    stores: [{ id: text, description: text, properties: { x: text } }],
    "import-methods": { value: [text, "web-download", "glance-direct", "copy-image"] },
    usage: { [text.slice(0, 100)]: { usage: 1, limit: 2 } },
    cached_images: [{ image_id: id, hits: 1, last_accessed: text, last_modified: 1, size: 1 }],
    queued_images: [text],
    next: `/v2/images?marker=${encodeURIComponent(text.slice(0, 100))}`
  })
}

/** A document of a helpful server, which lets an operation come to its next request. */
const valid = records("x", { id, checksum: "5eb63bbbe01eeed093cb22bb8f5acdc3", os_hash_algo: "md5", stores: "a" })

const json = (body: string, sent: Http.Sent, status = 200) =>
  new Response(body, { status, headers: { ...headersOf(sent), "content-type": "application/json" } })

interface Place {
  readonly name: string
  readonly reply: Http.Handler
}

const refusing =
  (status: number, kind: number): Http.Handler =>
  (sent) => {
    const [body, type] = bodies[kind % bodies.length]?.(sent) ?? ["", ""]
    return new Response(body, { status, headers: { ...headersOf(sent), "content-type": type } })
  }

const helpful =
  (reply: Http.Handler): Http.Handler =>
  (sent, index) =>
    sent.method === "GET" ? Http.json(JSON.parse(valid)) : reply(sent, index)

/** Where the request is repeated. Which statuses, and which of the bodies, differs from operation to operation. */
const placesOf = (turn: number): ReadonlyArray<Place> => [
  ...statuses.flatMap((status, index) =>
    (index + turn) % 7 !== 0
      ? []
      : [
          { name: `the body of status ${status}`, reply: refusing(status, index + turn) },
          { name: `the body of status ${status} to a write`, reply: helpful(refusing(status, index + turn + 1)) }
        ]
  ),
  { name: "a body that is not JSON", reply: (sent) => json(`${tokenOf(sent.headers)} ${wholeOf(sent)}`, sent) },
  { name: "an HTML page", reply: (sent) => Http.html(`<html>${wholeOf(sent)}</html>`, 200, headersOf(sent)) },
  { name: "JSON of another shape", reply: (sent) => json(JSON.stringify([wholeOf(sent)]), sent) },
  { name: "records", reply: (sent) => json(records(tokenOf(sent.headers)), sent) },
  { name: "records of the whole request", reply: (sent) => json(records(wholeOf(sent)), sent) },
  {
    name: "records with a bad size",
    reply: (sent) =>
      json(records(tokenOf(sent.headers), { id: tokenOf(sent.headers), size: tokenOf(sent.headers) }), sent)
  },
  { name: "records that failed", reply: (sent) => json(records(tokenOf(sent.headers), { status: "failure" }), sent) },
  {
    name: "records that were lost",
    reply: (sent) => json(records(tokenOf(sent.headers), { id, status: "killed" }), sent)
  },
  {
    name: "records of an unknown status",
    reply: (sent) =>
      json(records(tokenOf(sent.headers), { id: tokenOf(sent.headers), status: tokenOf(sent.headers) }), sent)
  },
  {
    name: "the name of a coding",
    reply: (sent) => new Response("x", { headers: { ...headersOf(sent), "content-encoding": tokenOf(sent.headers) } })
  },
  {
    name: "a broken connection",
    reply: (sent) =>
      Effect.fail(
        Object.assign(new TypeError(`fetch failed: ${wholeOf(sent)}`, { cause: new Error(wholeOf(sent)) }), {
          code: tokenOf(sent.headers)
        })
      )
  }
]

/** The states of an image and of its task that end in the errors of imports and uploads. */
const states = ["queued", "importing", "killed", "active"].flatMap((image) =>
  ["failure", "processing", "success"].flatMap((task) => [
    { image, task, held: true },
    { image, task, held: false }
  ])
)

/** The operations that fail with what records say. */
const madeOfRecords =
  /^(ImageImport\.(start|await)|ImageTasks\.await|ImageData\.(upload|createWithData)|ImageCreation\.createFrom)$/

/** Records of these states, with the token in each field that holds text, and a refusal of imports. */
const endings: ReadonlyArray<Place> = [...states, ...states.map((state) => ({ ...state, image: "" }))].map(
  (state, index) => ({
    name: JSON.stringify(state),
    reply: (sent) => {
      const text = tokenOf(sent.headers)
      const path = sent.url.pathname
      const task = taskRecord({
        id: state.held ? text : "t",
        status: state.task,
        type: text,
        message: text,
        request_id: text,
        input: { backend: [text] }
      })
      if (path.endsWith("/tasks")) return json(JSON.stringify({ tasks: [task] }), sent)
      if (path.includes("/tasks")) return json(JSON.stringify(task), sent)
      if (path.endsWith("/import") && sent.method === "POST")
        return json('{"message": "active task"}', sent, index % 3 === 0 ? 409 : 202)
      if (path.endsWith("/file") || path.endsWith("/stage")) return new Response(null, { status: 204 })
      if (path.endsWith("/info/import")) {
        return json('{"import-methods": {"value": ["web-download", "glance-direct", "copy-image"]}}', sent)
      }
      const image = imageRecord({
        id,
        disk_format: "raw",
        status: state.image === "" ? text : state.image,
        checksum: text,
        os_hash_algo: text,
        os_hash_value: text,
        stores: state.task === "success" ? "a" : "",
        ...(state.held ? { os_glance_import_task: text } : {}),
        os_glance_importing_to_stores: text,
        os_glance_failed_import: text
      })
      return json(JSON.stringify(image), sent, sent.method === "POST" ? 201 : 200)
    }
  })
)

// ---------------------------------------------------------------------------------------------------------------------
// the run
// ---------------------------------------------------------------------------------------------------------------------

/** Runs to the end, with as much time of the test's clock as that takes. */
const finished = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    for (let turn = 1; (yield* Fiber.poll(fiber))._tag === "None"; turn++) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      if (turn % 100 === 0) yield* TestClock.adjust("1 minute")
    }
    // Not joined: that would take over the loggers of the run.
    return yield* Effect.flatten(Fiber.await(fiber))
  })

/** What an operation lets out of the secrets: where, and the text around. */
const leaksOf = (name: string, run: Program): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const witness = Witness.make({ successes: false })
    const exit = yield* finished(witness.watch(run).pipe(Effect.provide(witness.layer)))
    const leaks = witness.texts.flatMap((text) => {
      const at = text.search(marks)
      return at < 0 ? [] : [`${name}: ${text.slice(Math.max(0, at - 200), at + 60)}`]
    })
    if (Exit.isFailure(exit) && Cause.isDie(exit.cause)) leaks.push(`${name}: died: ${Cause.pretty(exit.cause)}`)
    return leaks.slice(0, 1)
  })

const labels: Effect.Effect<ReadonlyArray<string>> = Effect.map(Metric.snapshot, (pairs) =>
  pairs
    .map(({ metricKey }) => `${metricKey.name} ${JSON.stringify(metricKey.tags)}`)
    .filter((label) => marks.test(label))
)

const endpoint = "http://alice:pa55w0rd@glance.test/image"

describe("no secret of a request comes out", () => {
  it.effect(
    "of any operation, wherever the server repeats the request",
    () => {
      const current: { reply: Http.Handler } = { reply: () => new Response() }
      const layer = Glance.layer.pipe(
        Layer.provideMerge(Cloud.layerToken({ endpoint, token: redacted(token), retries: 0 })),
        Layer.provideMerge(Http.layer(() => (sent, index) => current.reply(sent, index))),
        Layer.provideMerge(NodeFileSystem.layer)
      )
      return Effect.gen(function* () {
        const context = yield* Effect.context<never>()
        const { refresh } = Context.unsafeGet(context, Discovery.Discovery as never) as Discovery.Service
        const fs = yield* FileSystem.FileSystem
        const samples = samplesIn(yield* fs.makeTempDirectoryScoped())
        const operations = operationsOf(samples, context)
        const unused = Object.keys(samples).filter((path) => !operations.some(({ name }) => name === path))
        assert.deepStrictEqual(unused, [], "samples of no operation")
        const leaks: Array<string> = []
        for (const [turn, { name, run }] of operations.entries()) {
          for (const [index, place] of placesOf(turn).entries()) {
            // Half of the places for each operation, the other half for the next one.
            if ((index + turn) % 2 === 1) continue
            current.reply = place.reply
            yield* refresh
            leaks.push(...(yield* leaksOf(`${name}, ${place.name}`, run)))
          }
        }
        leaks.push(...(yield* labels))
        assert.deepStrictEqual(leaks, [])
      }).pipe(Effect.scoped, Effect.provide(layer)) as Effect.Effect<void>
    },
    240_000
  )

  it.effect(
    "of the errors that are made of records, with the token in every field of them",
    () => {
      const current: { reply: Http.Handler } = { reply: () => new Response() }
      const layer = Glance.layer.pipe(
        Layer.provideMerge(Cloud.layerToken({ endpoint, token: redacted(token), retries: 0 })),
        Layer.provideMerge(Http.layer(() => (sent, index) => current.reply(sent, index))),
        Layer.provideMerge(NodeFileSystem.layer)
      )
      return Effect.gen(function* () {
        const context = yield* Effect.context<never>()
        const fs = yield* FileSystem.FileSystem
        const samples = samplesIn(yield* fs.makeTempDirectoryScoped())
        const tags = new Set<string>()
        const leaks: Array<string> = []
        for (const { name, run } of operationsOf(samples, context)) {
          if (!madeOfRecords.test(name)) continue
          for (const { name: place, reply } of endings) {
            current.reply = reply
            const noted = Effect.tapError(run, (error) =>
              Effect.sync(() => tags.add((error as { readonly _tag: string })._tag))
            )
            leaks.push(...(yield* leaksOf(`${name}, ${place}`, noted)))
          }
        }
        assert.deepStrictEqual(leaks, [])
        assert.includeMembers(
          [...tags],
          ["ImportFailed", "ImportIncomplete", "ImportNotEnded", "ImageLocked", "UploadFailed", "TaskFailed"]
        )
      }).pipe(Effect.scoped, Effect.provide(layer)) as Effect.Effect<void>
    },
    240_000
  )

  const secret = redacted(password)
  const user = { authUrl: "http://alice:pa55w0rd@keystone.test/v3", username: "bob", userDomainId: "d", retries: 0 }
  const logins = {
    "Keystone.layerPassword": Keystone.layerPassword({ ...user, password: secret }),
    "Keystone.layerToken": Keystone.layerToken({ ...user, token: redacted(token) }),
    "Keystone.layerApplicationCredential": Keystone.layerApplicationCredential({
      ...user,
      applicationCredentialId: "x",
      applicationCredentialSecret: redacted("cr3d3nt1al-cr3d3nt1al")
    }),
    "Keystone.layerTotp": Keystone.layerTotp({ ...user, passcode: redacted("c0d3s3cr3t") }),
    "Keystone.layerMultiFactor": Keystone.layerMultiFactor({
      ...user,
      password: secret,
      passcode: redacted("c0d3s3cr3t")
    }),
    "Rackspace.layerApiKey": Rackspace.layerApiKey({ ...user, apiKey: redacted("ap1k3y-ap1k3y") }),
    "Rackspace.layerPassword": Rackspace.layerPassword({ ...user, password: secret })
  }

  it.effect(
    "of any login, wherever the server repeats the request",
    () =>
      Effect.gen(function* () {
        const names = Object.entries({ Keystone, Rackspace }).flatMap(([name, module]) =>
          Object.keys(module).flatMap((key) => (/^layer(?!.*Config$)/.test(key) ? [`${name}.${key}`] : []))
        )
        assert.sameMembers(Object.keys(logins), names, "a login has no sample")
        const leaks: Array<string> = []
        for (const [turn, [name, login]] of Object.entries(logins).entries()) {
          for (const place of placesOf(turn)) {
            const layer = Images.layer.pipe(
              Layer.provide(Cloud.layer()),
              Layer.provide(login),
              Layer.provide(Http.layer(() => place.reply))
            )
            leaks.push(...(yield* leaksOf(`${name}, ${place.name}`, Effect.provide(list, layer))))
          }
        }
        leaks.push(...(yield* labels))
        assert.deepStrictEqual(leaks, [])
      }),
    240_000
  )
})
