/**
 * Every operation of every service and every login against servers that do all they can to keep it alive. Time is
 * virtual: a clock that jumps to the end of the next wait, because two days hold too many steps for
 * `TestClock`.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Glance, GlanceClient, ImageSource } from "@effect-glance/core"
import { Cloud, Identity, Keystone, Rackspace } from "@effect-glance/http"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http from "../support/http.js"
import * as Operations from "../support/operations.js"
import { imageRecord, memberRecord, taskRecord } from "../support/records.js"
import { credentials, imageService, tokenAnswer } from "./support.js"

const hours = (count: number) => count * 3_600_000

/** A clock that stands until it is moved to the end of the next wait. */
const makeClock = () => {
  let now = 0
  const sleeps: Array<{ readonly until: number; readonly wake: () => void }> = []
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.floor(now * 1_000_000)),
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.floor(now * 1_000_000))),
    sleep: (duration) =>
      Effect.async((resume) => {
        const sleep = { until: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        sleeps.push(sleep)
        return Effect.sync(() => {
          const index = sleeps.indexOf(sleep)
          if (index >= 0) sleeps.splice(index, 1)
        })
      })
  }
  /** Returns whether a fiber waited. */
  const advance = (): boolean => {
    const next = sleeps.reduce((least, { until }) => Math.min(least, until), Number.POSITIVE_INFINITY)
    if (!Number.isFinite(next)) return false
    now = Math.max(now, next)
    for (const sleep of sleeps.filter(({ until }) => until <= now)) {
      sleeps.splice(sleeps.indexOf(sleep), 1)
      sleep.wake()
    }
    return true
  }
  return { clock, advance, now: () => now }
}

type Answer = Effect.Effect<Response, HttpClientError.HttpClientError>

/** How a server answers: nothing where it does as a good one does. */
type Behaviour = (request: HttpClientRequest.HttpClientRequest, url: URL, index: number) => Answer | undefined

const imageId = "5f0a3b2c-0000-4000-8000-000000000001"
const taskId = "9c2e0000-0000-4000-8000-000000000046"
const data = "hello world"

const reply = (...args: Parameters<typeof Http.json>): Answer => Effect.sync(() => Http.json(...args))

/** Reads what is sent, for clients wait for that. */
const drained = ({ body }: HttpClientRequest.HttpClientRequest) =>
  body._tag === "Stream" ? Effect.ignore(Stream.runDrain(body.stream)) : Effect.void

const isLogin = ({ pathname }: URL) => pathname.endsWith("/tokens")

let tokens = 0

const keystone = (lives = 100 * 24): Answer =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.sync(() =>
      tokenAnswer(`token-${tokens++}`, {
        issuedAt: now,
        expiresAt: now + hours(lives),
        catalog: [imageService("https://glance.test"), imageService("https://swift.test", "RegionOne", "object-store")]
      })
    )
  )

/** A cloud that answers everything at once. */
const good =
  (image: Parameters<typeof imageRecord>[0] = {}, task: Parameters<typeof taskRecord>[0] = { status: "success" }) =>
  (request: HttpClientRequest.HttpClientRequest, url: URL): Answer => {
    // Uploads compare the format with the first bytes before they send anything.
    const record = { disk_format: "raw", ...image }
    const path = url.pathname.replace(/^\/v2/, "")
    const { method } = request
    if (isLogin(url)) return keystone()
    if (/\/(file|stage)$/.test(path)) {
      return method === "PUT"
        ? Effect.as(drained(request), new Response(null, { status: 204 }))
        : Effect.sync(() => new Response(data, { headers: { "content-length": String(data.length) } }))
    }
    if (path.endsWith("/import")) {
      return path.startsWith("/info")
        ? reply({ "import-methods": { value: ["glance-direct", "web-download", "copy-image", "glance-download"] } })
        : reply({}, 202)
    }
    if (path === "/info/stores") return reply({ stores: [{ id: "s1", default: "true" }, { id: "s2" }] })
    if (path.endsWith("/tasks")) {
      return method === "POST" ? reply(taskRecord(task), 201) : reply({ tasks: [taskRecord(task)] })
    }
    if (path.startsWith("/tasks/")) return reply(taskRecord(task))
    if (path.endsWith("/members")) {
      return method === "GET" ? reply({ members: [memberRecord()] }) : reply(memberRecord())
    }
    if (path === "/images") {
      return method === "POST"
        ? reply(imageRecord({ status: "queued", size: null, checksum: null, os_hash_value: null, ...record }), 201)
        : reply({ images: [imageRecord(record)] })
    }
    if (/^\/images\/[^/]+$/.test(path) && method !== "DELETE") return reply(imageRecord(record))
    return method === "GET" ? reply({}) : Effect.sync(() => new Response(null, { status: 204 }))
  }

/** Bytes that come now and then and never end. */
const endless = (every: Duration.DurationInput, bytes = " ") =>
  Effect.map(Effect.runtime<never>(), (runtime) =>
    Stream.toReadableStreamRuntime(
      Stream.repeatEffect(Effect.as(Effect.sleep(every), new TextEncoder().encode(bytes))),
      runtime
    )
  )

const dripping = (status: number, every: Duration.DurationInput, headers: Record<string, string> = {}): Answer =>
  Effect.map(endless(every), (body) => new Response(body, { status, headers }))

/** All but logins. */
const toServices =
  (answer: (request: HttpClientRequest.HttpClientRequest, url: URL, index: number) => Answer): Behaviour =>
  (request, url, index) =>
    isLogin(url) ? undefined : Effect.zipRight(drained(request), answer(request, url, index))

const ofData =
  (answer: () => Answer): Behaviour =>
  ({ method }, { pathname }) =>
    method === "GET" && pathname.endsWith("/file") ? answer() : undefined

const toUpload =
  (answer: (request: HttpClientRequest.HttpClientRequest) => Answer): Behaviour =>
  (request, { pathname }) =>
    request.method === "PUT" && /\/(file|stage)$/.test(pathname) ? answer(request) : undefined

const refusing = (status: number, headers: Record<string, string> = {}) =>
  toServices(() => reply({ message: "no" }, status, headers))

const isList = ({ pathname }: URL) => /\/(images|tasks|namespaces|tags|members)$/.test(pathname)

const paging =
  (page: (index: number) => { readonly records: ReadonlyArray<unknown>; readonly next: string }): Behaviour =>
  ({ method }, url, index) => {
    if (method !== "GET" || !isList(url)) return undefined
    const { next, records } = page(index)
    const key = url.pathname.split("/").at(-1) ?? ""
    return reply({ [key]: records, next: `${url.pathname}?marker=${next}` })
  }

const reset = (request: HttpClientRequest.HttpClientRequest): Answer =>
  new HttpClientError.RequestError({
    request,
    reason: "Transport",
    cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
  })

interface Case {
  readonly behaviour: Behaviour
  /** What a good answer holds that the behaviour leaves. */
  readonly otherwise?: ReturnType<typeof good>
  /** Whether nothing that sends a request can succeed. */
  readonly hopeless?: boolean
  /** When all has to have ended. */
  readonly within?: number
  /** Operations that are not looked at, with the reason. */
  readonly exempt?: { readonly [operation: string]: string }
  /** The error at the limit of each operation that the server keeps waiting. */
  readonly expected?: { readonly [operation: string]: string }
}

const changes = { "Images.changes": "polls as long as its consumer wants to hear of changes" }
const hopeless = { hopeless: true, within: hours(2) }

const always = (answer: Parameters<typeof toServices>[0]): Case => ({ behaviour: toServices(answer), ...hopeless })
const refused = (status: number, headers?: Record<string, string>): Case => ({
  behaviour: refusing(status, headers),
  ...hopeless
})

const imports = Object.fromEntries(
  ["ImageImport.await", "ImageImport.progress", "ImageImport.importAndWait", "ImageImport.importWithProgress"].map(
    (operation) => [operation, "ImportNotEnded"]
  )
)
const importing = { ...imports, "ImageCreation.createFrom of a URL": "ImportNotEnded" }
const tasking = { "ImageTasks.await": "TaskNotEnded", "ImageCreation.createFrom of an object": "TaskNotEnded" }
const sending = (error: string) =>
  Object.fromEntries(
    ["ImageData.upload", "ImageData.uploadWithProgress", "ImageData.createWithData", "ImageCreation.createFrom"].map(
      (operation) => [operation, error]
    )
  )
const uploading = sending("UploadNotEnded")

const noData = { status: "queued", size: null, checksum: null, os_hash_value: null }

/** A server whose records and tasks never change. */
const staying = (image: Parameters<typeof imageRecord>[0], status: string): Case => ({
  behaviour: () => undefined,
  otherwise: good(image, { status }),
  exempt: changes,
  expected: { ...importing, ...tasking, ...uploading },
  within: hours(13)
})

const consumed = "a stream lives as long as its consumer, because each page has new records"

const cases: { readonly [server: string]: Case } = {
  "never answers": always(() => Effect.never),
  "sends a byte of a body every 20 seconds": always(() =>
    dripping(200, "20 seconds", { "content-type": "application/json" })
  ),
  "sends a byte of an error every 20 seconds": always(() => dripping(500, "20 seconds")),
  "sends a byte of a 503 every 2 seconds": always(() => dripping(503, "2 seconds")),
  "answers 503 and wants a second": refused(503, { "retry-after": "1" }),
  "answers 503 and wants years": refused(503, { "retry-after": "99999999999" }),
  "answers 503 and wants nonsense": refused(503, { "retry-after": "soon" }),
  "answers 503 and wants less than nothing": refused(503, { "retry-after": "-5" }),
  "answers 503 and wants a date in 2199": refused(503, { "retry-after": "Tue, 01 Jan 2199 00:00:00 GMT" }),
  "answers 429 and wants a second": refused(429, { "retry-after": "1" }),
  "answers 429 and wants years": refused(429, { "retry-after": "99999999999" }),
  "answers 401": refused(401),
  "answers 404": { behaviour: refusing(404), within: hours(2) },
  "answers 409": { behaviour: refusing(409), within: hours(2) },
  redirects: always((_, url) => reply({}, 302, { location: url.href })),
  "resets each connection": always(reset),
  "answers 202 and then nothing": {
    behaviour: (request, url) => (isLogin(url) ? undefined : request.method === "GET" ? Effect.never : reply({}, 202)),
    within: hours(2)
  },
  "has pages without records": {
    behaviour: paging((index) => ({ records: [], next: `m${index}` })),
    exempt: changes
  },
  "repeats a marker": { behaviour: paging(() => ({ records: [], next: "m" })), exempt: changes },
  "has pages without end": {
    behaviour: (request, url, index) => {
      const id = `i${index}`
      const record = url.pathname.endsWith("/tasks")
        ? taskRecord({ id, status: "pending" })
        : url.pathname.endsWith("/members")
          ? memberRecord({ member_id: id })
          : url.pathname.includes("metadefs")
            ? { namespace: id, name: id }
            : imageRecord({ id, name: id })
      const answer = paging(() => ({ records: [record], next: id }))(request, url, index)
      // The limit is a time, and a slow server takes fewer requests to reach it.
      return answer === undefined ? undefined : Effect.delay(answer, "1 second")
    },
    exempt: {
      ...changes,
      "Images.listAll": consumed,
      "ImageTasks.listAll": consumed,
      "Metadefs.namespaces.listAll": consumed,
      "Metadefs.tags.listAll": consumed
    },
    expected: {
      ...imports,
      "Images.find": "TimeLimitExceeded",
      "Images.getMany": "TimeLimitExceeded",
      "ImageMembers.acceptAll": "TimeLimitExceeded",
      "ImageReleases.ensure": "TimeLimitExceeded"
    },
    within: hours(13)
  },
  "leaves records queued": staying(noData, "pending"),
  "leaves records saving": staying({ status: "saving" }, "processing"),
  "leaves records uploading": staying({ status: "uploading" }, "processing"),
  "leaves records importing": staying({ status: "importing" }, "processing"),
  "leaves records in a status of its own": {
    ...staying({ status: "thinking" }, "thinking"),
    expected: { ...importing, ...tasking }
  },
  "has tasks that succeed and images that do not": {
    ...staying({ status: "importing" }, "success"),
    expected: uploading,
    within: hours(1)
  },
  "accepts imports and never has a task": {
    ...staying(noData, "pending"),
    behaviour: ({ method }, { pathname }) =>
      method === "GET" && pathname.endsWith("/tasks") ? reply({ tasks: [] }) : undefined
  },
  "has a lock that never ends": {
    ...staying({ status: "importing", os_glance_import_task: taskId }, "processing"),
    behaviour: ({ method }, { pathname }) =>
      method === "POST" && pathname.endsWith("/import")
        ? reply({ message: "Image has an active task" }, 409)
        : method === "DELETE"
          ? reply({ message: "in use" }, 409)
          : undefined,
    expected: {
      ...tasking,
      "ImageImport.await": "ImportNotEnded",
      "ImageImport.start": "ImageLocked",
      "ImageImport.importAndWait": "ImageLocked",
      "ImageStores.deleteImage": "ImageInUse"
    }
  },
  "holds each id of a release with an upload that never ends": {
    ...staying({ status: "saving", effect_glance_unpublished: "x" }, "processing"),
    behaviour: ({ method }, { pathname }) =>
      method === "POST" && pathname.endsWith("/images") ? reply({ message: "Duplicate" }, 409) : undefined,
    expected: { "ImageReleases.ensure": "DuplicateImage" }
  },
  "never reads an upload": {
    behaviour: toUpload(() => Effect.never),
    exempt: changes,
    expected: sending("TransferStalled")
  },
  "reads one piece of an upload and no more": {
    behaviour: toUpload(({ body }) =>
      body._tag === "Stream"
        ? Effect.zipRight(Effect.ignore(Stream.runForEach(body.stream, () => Effect.never)), Effect.never)
        : Effect.never
    ),
    exempt: changes,
    expected: sending("TransferStalled")
  },
  "reads a piece of an upload every four minutes": {
    behaviour: toUpload(({ body }) =>
      body._tag === "Stream"
        ? Effect.zipRight(Effect.ignore(Stream.runForEach(body.stream, () => Effect.sleep("4 minutes"))), Effect.never)
        : Effect.never
    ),
    exempt: changes,
    expected: sending("TransferStalled")
  },
  "breaks each upload off": {
    behaviour: toUpload((request) => Effect.zipRight(drained(request), reset(request))),
    exempt: changes,
    expected: sending("TransportError")
  },
  "stalls in data": { behaviour: ofData(() => dripping(200, "40 days")), exempt: changes },
  "sends a byte of data each minute": { behaviour: ofData(() => dripping(200, "1 minute")), exempt: changes },
  "sends a byte of a terabyte each minute": {
    behaviour: ofData(() => dripping(200, "1 minute", { "content-length": String(2 ** 40) })),
    otherwise: good({ size: 2 ** 40 }),
    exempt: changes
  },
  "breaks off after each byte of data": {
    behaviour: ({ headers, method }, { pathname }) => {
      if (method !== "GET" || !pathname.endsWith("/file")) return undefined
      const start = Number(/bytes=(\d+)/.exec(headers["range"] ?? "")?.[1] ?? 0)
      const range = { "content-range": `bytes ${start}-${2 ** 40 - 1}/${2 ** 40}` }
      return Effect.sync(() => new Response("x", start === 0 ? { status: 200 } : { status: 206, headers: range }))
    },
    otherwise: good({ size: 2 ** 40 }),
    exempt: changes
  }
}

const source = ImageSource.stream(
  Stream.suspend(() => Stream.range(1, 5000).pipe(Stream.map(() => new Uint8Array(1)))),
  { replayable: true }
)
const directory = mkdtempSync(join(tmpdir(), "ends-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let targets = 0

/** The arguments of each operation. Each download has its own file. */
const table = (): Operations.Table => ({
  ...Operations.argumentsOf({
    image: imageId,
    source,
    target: join(directory, `disk-${targets++}.raw`),
    url: "https://example.com/disk.raw",
    // Twelve hours with the default schedules are 8,640 polls.
    polling: { schedule: Schedule.spaced("10 minutes") }
  }),
  // Tasks have no schedule of their own here.
  "ImageCreation.createFrom of an object": [
    { name: "a", diskFormat: "raw", containerFormat: "bare" },
    { container: "c", object: "o" },
    { deadline: "10 minutes" }
  ]
})

/** The client that stands for a server, and how many requests it saw, by the operation that they are of. */
const clientOf = ({ behaviour, otherwise = good() }: Pick<Case, "behaviour" | "otherwise">) => {
  const counts = new Map<string, number>()
  let index = 0
  const client = HttpClient.make((request, url) =>
    Effect.flatMap(GlanceClient.Operation, ({ name }) => {
      const count = (counts.get(name) ?? 0) + 1
      counts.set(name, count)
      if (count > maxRequests) return Effect.dieMessage(`more than ${maxRequests} requests`)
      const answer = Effect.suspend(() => behaviour(request, url, index++) ?? otherwise(request, url))
      return Effect.map(Effect.zipRight(Effect.sleep("50 millis"), answer), (response) =>
        HttpClientResponse.fromWeb(request, response)
      )
    })
  )
  return { counts, client }
}

/** More than any operation needs here, and so few that an endless one fails by name before the test times out. */
const maxRequests = 2_000
const maxSteps = 100_000

interface Outcome {
  exit: Exit.Exit<unknown, unknown> | undefined
  at: number
}

/** Runs all of them until they have ended, or two days have passed. */
const outcomes = async (
  programs: Iterable<readonly [string, Effect.Effect<unknown, unknown>]>,
  { advance, clock, now }: ReturnType<typeof makeClock>
): Promise<ReadonlyMap<string, Outcome>> => {
  const results = new Map<string, Outcome>()
  const fibers = Array.from(programs, ([name, program]) => {
    const outcome: Outcome = { exit: undefined, at: 0 }
    results.set(name, outcome)
    return Effect.runFork(
      program.pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            outcome.exit = exit
            outcome.at = now()
          })
        ),
        Effect.withClock(clock),
        Logger.withMinimumLogLevel(LogLevel.None)
      )
    )
  })
  const turn = () => new Promise((resume) => setImmediate(resume))
  const pause = () => new Promise((resume) => setTimeout(resume, 5))
  let idle = 0
  for (let step = 0; step < maxSteps && now() < hours(48) && idle < 500; step++) {
    await turn()
    await turn()
    if ([...results.values()].every(({ exit }) => exit !== undefined)) break
    if (advance()) idle = 0
    else {
      // Files take the time of the machine.
      idle += 1
      await pause()
    }
  }
  await Effect.runPromise(Effect.forkDaemon(Fiber.interruptAll(fibers)))
  return results
}

const shown = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ? "success" : Cause.pretty(exit.cause).slice(0, 300)

const isTyped = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isSuccess(exit) ||
  (Cause.isFailure(exit.cause) &&
    !Cause.isDie(exit.cause) &&
    Option.exists(
      Cause.failureOption(exit.cause),
      (error) => typeof error === "object" && error !== null && "_tag" in error
    ))

const tagOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isSuccess(exit)
    ? "success"
    : Option.getOrUndefined(Option.map(Cause.failureOption(exit.cause), (error) => (error as { _tag?: unknown })._tag))

/** What is wrong with how each ended. */
const complaints = (
  results: ReadonlyMap<string, Outcome>,
  {
    exempt = {},
    expected = {},
    hopeless = false,
    within = hours(26)
  }: Pick<Case, "exempt" | "expected" | "hopeless" | "within">
): ReadonlyArray<string> =>
  [...results].flatMap(([name, { at, exit }]) => {
    if (name in exempt) return []
    if (exit === undefined) return [`${name} is still alive`]
    if (!isTyped(exit)) return [`${name} ended in ${shown(exit)}`]
    if (at > within) return [`${name} ended after ${Duration.format(at)}: ${shown(exit)}`]
    const tag = expected[name]
    if (tag !== undefined && tagOf(exit) !== tag) return [`${name} ended in ${shown(exit)}, not in ${tag}`]
    const isRequest = Exit.isFailure(exit) && !/InvalidArgument|EROFS|ENOENT/.test(shown(exit))
    return hopeless && !isRequest ? [`${name} ended in ${shown(exit)}`] : []
  })

const servicesOf = (client: HttpClient.HttpClient) =>
  Glance.layer.pipe(
    Layer.provide(Cloud.layer()),
    Layer.provide(Keystone.layerPassword(credentials)),
    Layer.provideMerge(Layer.succeed(HttpClient.HttpClient, client))
  )

/** The services of a client, and all that they can do. */
const operationsOver = (client: HttpClient.HttpClient, clock: Clock.Clock) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const layer = Layer.merge(Layer.fresh(servicesOf(client)), NodeFileSystem.layer)
    const context = yield* Layer.buildWithScope(layer, scope)
    return Operations.callsIn(context, table)
      .filter(({ name }) => name !== "Discovery.refresh")
      .map(({ name, program }) => [name, Effect.provide(program, context)] as const)
  }).pipe(Effect.withClock(clock), Effect.runPromise)

it("calls more than 90 operations", async () => {
  const { client } = clientOf({ behaviour: () => undefined })
  assert.isAbove((await operationsOver(client, makeClock().clock)).length, 90)
})

describe("every operation ends with a typed error or a result", () => {
  it.each(Object.entries(cases))("if the server %s", { timeout: 60_000 }, async (_, server) => {
    const time = makeClock()
    const operations = await operationsOver(clientOf(server).client, time.clock)
    const names = operations.map(([name]) => name)
    assert.includeMembers(names, [...Object.keys(server.exempt ?? {}), ...Object.keys(server.expected ?? {})])
    const programs = operations.filter(([name]) => server.exempt === undefined || !(name in server.exempt))
    assert.strictEqual(complaints(await outcomes(programs, time), server).join("\n"), "")
  })
})

const url = "https://keystone.test/v3"
const secret = Redacted.make("secret")
const user = { username: "alice", userDomainId: "default", projectName: "p", projectDomainId: "default" }

type Login = Layer.Layer<Identity.Identity, unknown, HttpClient.HttpClient>

/** Every login, by the name of its layer. */
const logins: { readonly [layer: string]: Login } = {
  "Keystone.layerPassword": Keystone.layerPassword(credentials),
  "Keystone.layerToken": Keystone.layerToken({ authUrl: url, token: secret, projectId: "p" }),
  "Keystone.layerApplicationCredential": Keystone.layerApplicationCredential({
    authUrl: url,
    applicationCredentialId: "i",
    applicationCredentialSecret: secret
  }),
  "Keystone.layerTotp": Keystone.layerTotp({ authUrl: url, ...user, passcode: Effect.succeed(secret) }),
  "Keystone.layerMultiFactor": Keystone.layerMultiFactor({
    authUrl: url,
    ...user,
    password: secret,
    passcode: Effect.succeed(secret)
  }),
  "Rackspace.layerApiKey": Rackspace.layerApiKey({ username: "alice", apiKey: secret }),
  "Rackspace.layerPassword": Rackspace.layerPassword({ username: "alice", password: secret })
}

const atLogin = (answer: (request: HttpClientRequest.HttpClientRequest) => Answer): Behaviour => answer

const loginServers: { readonly [server: string]: Behaviour } = {
  "never answers": atLogin(() => Effect.never),
  "sends a byte of a token every 2 seconds": atLogin(() => dripping(201, "2 seconds")),
  "sends a byte of a refusal every 2 seconds": atLogin(() => dripping(401, "2 seconds")),
  "answers 503 and wants a second": atLogin(() => reply({}, 503, { "retry-after": "1" })),
  "answers 503 and wants years": atLogin(() => reply({}, 503, { "retry-after": "99999999999" })),
  "answers 429 and wants nonsense": atLogin(() => reply({}, 429, { "retry-after": "soon" })),
  redirects: atLogin(() => reply({}, 302, { location: url })),
  "wants yet another factor": atLogin(() =>
    reply({ receipt: { methods: ["password"] }, required_auth_methods: [["password", "totp"]] }, 401, {
      "openstack-auth-receipt": "r"
    })
  ),
  "resets each connection": atLogin(reset)
}

describe("every login ends with a typed error", () => {
  it("is known to this test", () => {
    const layers = Object.entries({ Keystone, Rackspace }).flatMap(([module, exports]) =>
      Object.keys(exports)
        .filter((name) => name.startsWith("layer") && !name.endsWith("Config"))
        .map((name) => `${module}.${name}`)
    )
    assert.deepStrictEqual(layers.sort(), Object.keys(logins).sort())
  })

  it.each(Object.entries(loginServers))("if the identity service %s", async (_, behaviour) => {
    const programs = Object.entries(logins).map(([name, login]) => {
      const { client } = clientOf({ behaviour })
      const program = Effect.flatMap(Identity.Identity, ({ session }) => session).pipe(
        Effect.provide(Layer.provide(login, Layer.succeed(HttpClient.HttpClient, client)))
      )
      return [name, program] as const
    })
    const bounds = { within: hours(1) }
    const results = await outcomes(programs, makeClock())
    assert.strictEqual(complaints(results, bounds).join("\n"), "")
    for (const [name, { exit }] of results) assert.isTrue(exit !== undefined && Exit.isFailure(exit), name)
  })
})
