/** Every operation and every login, against a server that repeats the whole request wherever it can. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Discovery, Glance, ImageImport, ImageSource, Images } from "@effect-glance/core"
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
import * as TestClock from "effect/TestClock"
import * as Http from "../support/http.js"
import * as Operations from "../support/operations.js"
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
const signedSource = ImageSource.url(`http://${signed}`)
const swift = `swift+https://${signed}`
const skipping = { undecodable: "skip" }

const tableIn = (directory: string) => (): Operations.Table => ({
  ...Operations.argumentsOf({
    image: id,
    source: bytes(),
    target: `${directory}/target`,
    url: `https://${signed}`,
    transfer,
    polling: once
  }),
  "Images.list with skipped records": [{ name: "x" }, skipping],
  "Images.listAll with skipped records": [{}, skipping],
  "Images.update of a read image": [id, { name: "y" }, { readFirst: true }],
  "ImageData.upload of a URL": [id, signedSource, transfer],
  "ImageMembers.setStatus in a project": [id, "accepted", { projectId: "p" }],
  "ImageTasks.list with skipped records": [{}, skipping],
  "ImageTasks.listAll with skipped records": [{}, skipping],
  "ImageLocations.register of a container": [id, swift],
  "ImageLocations.add of a container": [id, { url: swift }],
  "ImageLocations.remove of a container": [id, swift],
  "ImageLocations.replace with a container": [id, [{ url: swift }]],
  "ImageCache.clear of both": ["both"],
  "ImageImport.start of a copy": [id, ImageImport.copyImage],
  "ImageCreation.createFrom with a signed source": [newImage, signedSource, { ...transfer, ...once }],
  "ImageCreation.createFrom by staging": [newImage, bytes(), { ...transfer, ...once, by: "stage" }],
  "ImageReleases.ensure with a deletion": [newImage, bytes(), { ...transfer, retire: { by: "delete" } }],
  "Metadefs.namespaces.listAll with skipped records": [{}, skipping]
})

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
const leaksOf = (name: string, run: Operations.Program): Effect.Effect<ReadonlyArray<string>> =>
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
        const calls = Operations.callsIn(context, tableIn(yield* fs.makeTempDirectoryScoped()))
        const leaks: Array<string> = []
        for (const [turn, { name, program }] of calls.entries()) {
          for (const [index, place] of placesOf(turn).entries()) {
            // Half of the places for each operation, the other half for the next one.
            if ((index + turn) % 2 === 1) continue
            current.reply = place.reply
            yield* refresh
            leaks.push(...(yield* leaksOf(`${name}, ${place.name}`, program)))
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
        const calls = Operations.callsIn(context, tableIn(yield* fs.makeTempDirectoryScoped()))
        const tags = new Set<string>()
        const leaks: Array<string> = []
        for (const { name, operation, program } of calls) {
          if (!madeOfRecords.test(operation)) continue
          for (const { name: place, reply } of endings) {
            current.reply = reply
            const noted = Effect.tapError(program, (error) =>
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
