/**
 * A thousand operations of fifty fibers, while one request in twenty meets something. What it meets is decided by a seed,
 * by the operation and by the number of its request, so that it is the same whoever comes first.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Glance from "@effect-glance/core/Glance"
import * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as ImageSource from "@effect-glance/core/ImageSource"
import * as Images from "@effect-glance/core/Images"
import * as ImageTags from "@effect-glance/core/ImageTags"
import * as Cloud from "@effect-glance/http/Cloud"
import * as Keystone from "@effect-glance/http/Keystone"
import * as Fault from "@effect-glance/memory/Fault"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import type * as RequestLog from "@effect-glance/memory/RequestLog"
import * as NodeHasher from "@effect-glance/node/NodeHasher"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { transports } from "./support.js"

const operations = 1000
const fibers = 50
const share = 0.05

/** The operation that a request is of, on the wire. */
const operationHeader = "x-campaign-operation"
class Current extends Context.Reference<Current>()("test/campaign/Current", { defaultValue: () => "none" }) {}

/** From 0 to 1, for a text. */
const chance = (text: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

const faults = (pause: Duration.Duration) => {
  const headers = { "retry-after": String(Duration.toSeconds(pause)) }
  return {
    "401": Fault.expireToken(),
    "429": Fault.status(429, { headers }),
    "500": Fault.status(500, { body: { message: "boom" } }),
    "502": Fault.status(502, { headers: { "content-type": "text/html" }, body: "<h1>Bad Gateway</h1>" }),
    "503": Fault.status(503, { headers }),
    "reset before": Fault.refuse,
    "reset after": Fault.loseAnswer,
    "reset within": Fault.resetAnswer(10),
    truncated: Fault.truncateAnswer(20),
    delay: Fault.delay(pause)
  }
}

const idOf = (index: number) => Image.ImageId.make(`0a4f0c3e-0000-4000-8000-${String(index).padStart(12, "0")}`)

const data = (index: number) => new Uint8Array(1000 + index).fill(index % 251)

/** Each operation has an image of its own, so that what becomes of it is its own doing. */
const kinds = ["get", "list", "create", "update", "delete", "tag", "member", "upload", "download"] as const
const kindOf = (index: number) => kinds[index % kinds.length] ?? "get"

const makeCloud = MemoryCloud.make({
  requestsKept: 100_000,
  images: Array.from({ length: operations }, (_, index) => ({
    id: idOf(index),
    owner: "demo",
    name: `image ${index}`,
    visibility: "shared" as const,
    diskFormat: "raw",
    containerFormat: "bare",
    ...(kindOf(index) === "upload" ? {} : { data: data(index) })
  }))
})

const operation = (index: number) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const bytes = yield* ImageData.ImageData
    const id = idOf(index)
    switch (kindOf(index)) {
      case "get":
        return yield* images.get(id)
      case "list":
        return yield* images.list({ limit: 5 })
      case "create":
        return yield* images.create({ name: `new ${index}` })
      case "update":
        return yield* images.update(id, { properties: { campaign: String(index) } })
      case "delete":
        return yield* images.delete(id)
      case "tag":
        return yield* Effect.flatMap(ImageTags.ImageTags, (tags) => tags.add(id, `tag ${index}`))
      case "member":
        return yield* Effect.flatMap(ImageMembers.ImageMembers, (members) => members.add(id, "guest"))
      case "upload":
        return yield* bytes.upload(id, ImageSource.bytes(data(index)))
      case "download":
        return yield* Stream.runFold(bytes.download(id), 0, (length, chunk) => length + chunk.length)
    }
  }).pipe(Effect.provideService(Current, String(index)))

interface Report {
  /** `ok`, or the tag of the error, of each operation. */
  readonly outcomes: ReadonlyArray<string>
  readonly entries: ReadonlyArray<RequestLog.Entry>
  readonly met: Readonly<Record<string, number>>
  readonly images: ReadonlyMap<string, Image.Image>
}

type Connect = (typeof transports)[number][1]

const campaign = (seed: number, connect: Connect, pause: Duration.Duration) =>
  Effect.gen(function* () {
    const cloud = yield* makeCloud
    const { authUrl, client } = yield* connect(cloud)
    const met: Record<string, number> = {}
    const requests = new Map<string, number>()
    const of = faults(pause)
    const choose = Fault.choose(({ caller, headers, service }) => {
      const operation = service === "identity" ? "login" : (headers[operationHeader] ?? "none")
      // A token that another request has let expire is refused by itself.
      if (service === "image" && caller === undefined) return undefined
      const number = requests.get(operation) ?? 0
      requests.set(operation, number + 1)
      if (chance(`${seed}/${operation}/${number}`) >= share) return undefined
      const names = Object.keys(of).filter((name) => service === "image" || name !== "401") as Array<keyof typeof of>
      const name = names[Math.floor(chance(`${seed}/${operation}/${number}/which`) * names.length)] ?? "500"
      met[name] = (met[name] ?? 0) + 1
      return of[name]
    })
    const injected = yield* cloud.inject({ service: "any" }, choose, { times: Number.POSITIVE_INFINITY })
    const marked = HttpClient.mapRequestEffect(client, (request) =>
      Effect.map(Current, (current) => HttpClientRequest.setHeader(request, operationHeader, current))
    )
    const services = Layer.merge(Glance.layer, ImageData.layer).pipe(
      Layer.provide(
        Cloud.layer({ backoff: Duration.times(pause, 0.2), timeLimit: "60 seconds" }).pipe(
          Layer.provide(Keystone.layerPassword({ ...MemoryCloud.credentials(cloud), authUrl, backoff: pause }))
        )
      ),
      Layer.provide(Layer.merge(Layer.succeed(HttpClient.HttpClient, marked), NodeHasher.layer))
    )
    const exits = yield* Effect.forEach(
      Array.from({ length: operations }, (_, index) => index),
      (index) => Effect.exit(operation(index)),
      { concurrency: fibers }
    ).pipe(Effect.provide(services), Effect.withRandom(Random.make(seed)))
    yield* cloud.clearFaults
    yield* cloud.idle
    const images = yield* Effect.flatMap(Images.Images, (images) => Stream.runCollect(images.listAll())).pipe(
      Effect.provide(Layer.provide(Images.layer, MemoryCloud.layerPort(cloud)))
    )
    assert.strictEqual(
      yield* injected.hits,
      Object.values(met).reduce((sum, count) => sum + count, 0)
    )
    return {
      outcomes: exits.map((exit) =>
        Exit.isSuccess(exit)
          ? "ok"
          : Option.match(Cause.failureOption(exit.cause), {
              onNone: () => `defect ${Cause.pretty(exit.cause)}`,
              onSome: ({ _tag }) => _tag
            })
      ),
      entries: yield* cloud.requests,
      met,
      images: new Map([...images].map((image) => [Option.getOrElse(image.name, () => ""), image]))
    } satisfies Report
  }).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.None))

/** What may become of an operation; anything else is a fault of ours. */
const expected = new Set([
  "ok",
  "TransportError",
  "ServiceUnavailable",
  "ServerError",
  "RateLimited",
  "UnexpectedAnswer",
  "AuthenticationFailed",
  // Its bytes were confirmed, and the record could not be read.
  "UploadNotEnded"
])

const check = ({ entries, images, met, outcomes }: Report) => {
  for (const [index, outcome] of outcomes.entries()) {
    assert.isTrue(expected.has(outcome), `${index} (${kindOf(index)}): ${outcome}`)
  }
  // Every kind of fault was met, and most operations do not notice.
  assert.sameMembers(Object.keys(met), Object.keys(faults(Duration.seconds(1))))
  assert.isAbove(outcomes.filter((outcome) => outcome === "ok").length, operations * 0.8)
  assert.isBelow(outcomes.filter((outcome) => outcome === "ok").length, operations)

  // Nothing that may have been applied was sent again: before the last there is nothing but refusals.
  const byOperation = new Map<string, Array<RequestLog.Entry>>()
  for (const entry of entries) {
    if (entry.service !== "image" || !["POST", "PATCH", "DELETE"].includes(entry.method)) continue
    const key = `${entry.headers[operationHeader]} ${entry.method} ${entry.path}`
    byOperation.set(key, [...(byOperation.get(key) ?? []), entry])
  }
  assert.isAbove(byOperation.size, operations / 3)
  for (const [key, all] of byOperation) {
    for (const entry of all.slice(0, -1)) {
      const status = Option.getOrElse(entry.status, () => 0)
      assert.isTrue(status === 401 || status === 429, `${key} was sent again after ${status}`)
    }
  }

  // What succeeded is there, once; what failed may be there, once.
  const names = entries.flatMap((entry) =>
    entry.method === "POST" && entry.path === "/v2/images" && Option.contains(entry.status, 201)
      ? [entry.headers[operationHeader]]
      : []
  )
  assert.strictEqual(new Set(names).size, names.length, "an image was made twice")
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome !== "ok") continue
    const image = images.get(`image ${index}`)
    switch (kindOf(index)) {
      case "create":
        assert.isTrue(images.has(`new ${index}`), `image ${index} was not made`)
        break
      case "update":
        assert.strictEqual(image?.properties.get("campaign"), String(index))
        break
      case "delete":
        assert.isUndefined(image)
        break
      case "tag":
        assert.include(image?.tags ?? [], `tag ${index}`)
        break
      case "upload":
        assert.deepStrictEqual(image?.size, Option.some(1000 + index))
        break
    }
  }

  // A login whose answer was broken on its way is done again, and counts for nobody.
  const logins = entries.filter(
    ({ fault, service, status }) =>
      service === "identity" && Option.contains(status, 201) && !Option.exists(fault, ({ _tag }) => _tag !== "Delay")
  )
  const expirations = met["401"] ?? 0
  assert.isAbove(expirations, 0)
  assert.isAbove(logins.length, 1)
  assert.isAtMost(logins.length, 1 + expirations)
}

/** The seed of this run; another one is only an environment variable away. */
const seed = Number(process.env["CAMPAIGN_SEED"] ?? 20261123)

/** Whatever fails tells how to see it again. */
const told = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.onError(effect, () => Effect.sync(() => console.error(`the campaign failed with CAMPAIGN_SEED=${seed}`)))

const transportOf = (wanted: string): Connect => {
  const found = transports.find(([name]) => name === wanted)
  if (found === undefined) throw new Error(`no transport is called ${wanted}`)
  return found[1]
}

describe("a thousand operations while the cloud fails", () => {
  /** With the fibers that it leaves: a timer is a fiber that sleeps. */
  const supervised = (connect: string, pause: Duration.DurationInput) =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.track
      const report = yield* Effect.supervised(campaign(seed, transportOf(connect), Duration.decode(pause)), supervisor)
      yield* Effect.yieldNow()
      const alive = yield* Effect.filter(yield* supervisor.value, (fiber) =>
        Effect.map(Fiber.poll(fiber), Option.isNone)
      )
      return { report, alive }
    })

  /** On the test's clock, which goes on for as long as there is something to wait for. */
  const inMemory = Effect.gen(function* () {
    const fiber = yield* Effect.fork(supervised("without a socket", "1 second"))
    while (Option.isNone(yield* Fiber.poll(fiber))) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

  it.effect(
    "ends each of them in its result or a typed error, applies nothing twice, and is the same again with the same seed",
    () =>
      told(
        Effect.gen(function* () {
          const { alive, report } = yield* inMemory
          check(report)
          assert.deepStrictEqual(alive, [], "fibers are left")
          const second = yield* inMemory
          assert.deepStrictEqual(second.report.outcomes, report.outcomes)
          assert.deepStrictEqual(second.report.met, report.met)
        })
      ),
    240_000
  )

  it.live(
    "does so on sockets, and leaves none of them",
    () =>
      told(
        Effect.gen(function* () {
          const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP/.test(name)).length
          const before = sockets()
          const { alive, report } = yield* supervised("on a socket", "50 millis")
          check(report)
          assert.deepStrictEqual(alive, [], "fibers are left")
          // The runtime closes them when it gets to it.
          while (sockets() > before) yield* Effect.sleep("10 millis")
        })
      ),
    120_000
  )
})
