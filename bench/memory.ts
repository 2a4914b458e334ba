/**
 * What a page costs on a cloud in memory that holds 100,000 images: the time from the request to the answer, which is
 * the cloud's own, also as time of the processor, and to the last byte of the body as text, which is the client's as
 * well. In this process, without a socket, after it has warmed up on other pages.
 *
 *     npm run bench:memory
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Effect from "effect/Effect"

const count = 100_000
const rounds = 25

const images = Array.from({ length: count }, (_, index) => ({
  owner: "demo",
  name: `image ${(index * 7919) % count}`,
  visibility: (["private", "shared", "public"] as const)[index % 3],
  diskFormat: index % 2 === 0 ? "qcow2" : "raw",
  minRam: index % 4096,
  tags: index % 2 === 0 ? ["even", "all"] : ["odd", "all"],
  properties: {
    os_distro: ["debian", "fedora", "alpine"][index % 3] ?? "",
    build: String(index),
    hw_disk_bus: "virtio"
  }
}))

const queries = {
  "no filter, default sort": "limit=1000",
  "filter, sort by name": "limit=1000&disk_format=qcow2&sort=name:asc",
  "two tags, sort by two keys": "limit=1000&tag=even&tag=all&sort=disk_format:asc,name:desc",
  "property, range, sort by name": "limit=1000&os_distro=debian&min_ram_min=100&sort_key=name&sort_dir=asc",
  "the fiftieth page, sort by name": "limit=1000&sort=name:asc&marker="
}

/** Not measured: the runtime compiles what all pages go through. */
const warmUp = ["sort=size:asc", "sort=status:desc,container_format:asc&tag=odd", "sort=updated_at:asc&build=7"]

const median = (all: ReadonlyArray<number>) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0

const main = Effect.gen(function* () {
  const cloud = yield* MemoryCloud.make({ images })
  const http = MemoryCloud.port(cloud, { project: "demo" })
  const page = (query: string) =>
    Effect.gen(function* () {
      const start = performance.now()
      const started = process.cpuUsage()
      const response = yield* http.client.execute(HttpClientRequest.get(`/images?${query}`))
      const own = performance.now() - start
      const { system, user } = process.cpuUsage(started)
      const text = yield* response.text
      return { status: response.status, text, own, processor: (user + system) / 1000, whole: performance.now() - start }
    })
  for (const query of warmUp) for (let round = 0; round < rounds; round++) yield* page(`limit=1000&${query}`)
  const fiftieth = JSON.parse((yield* page("limit=1000&sort=name:asc")).text) as { images: Array<{ id: string }> }

  for (const [name, query] of Object.entries(queries)) {
    const asked = query.endsWith("marker=") ? `${query}${fiftieth.images.at(-1)?.id}` : query
    const times: Array<number> = []
    const processor: Array<number> = []
    const wholes: Array<number> = []
    for (let round = 0; round < rounds; round++) {
      const { own, status, text, whole, ...spent } = yield* page(asked)
      times.push(own)
      processor.push(spent.processor)
      wholes.push(whole)
      if (status !== 200 || !text.includes('"images"')) return yield* Effect.fail(new Error(`${status} ${text}`))
    }
    const spread = `${Math.min(...times).toFixed(1)} to ${Math.max(...times).toFixed(1)}`
    const first = times[0]?.toFixed(1)
    console.log(
      `${name.padEnd(32)} ${median(times).toFixed(1).padStart(5)} ms own (${spread}; first ${first}), ` +
        `${median(processor).toFixed(1)} ms of the processor, ${median(wholes).toFixed(1)} ms with the text`
    )
  }
})

Effect.runPromise(Effect.scoped(main)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
