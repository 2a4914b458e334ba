import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { CloudConfig } from "@effect-glance/http"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { layer, resolve, rooted } from "../support/cloudConfig.js"
import { cases } from "../support/cloudConfigCases.js"
import * as Linear from "../support/linear.js"

describe("the cloud that files and variables name is", () => {
  for (const { cloud, is, region, what, ...machine } of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const resolved = yield* resolve(machine, { cloud, region })
        const expected = rooted(is, "/root")
        if (typeof expected === "string" || typeof resolved === "string") assert.strictEqual(resolved, expected)
        // What has everything that a cloud always has is all of it.
        else if (expected.auth_type && expected.verify !== undefined) assert.deepStrictEqual(resolved, expected)
        else assert.deepInclude(resolved, expected)
      })
    )
  }
})

const yaml = (text: string) => ({ files: { "cwd/clouds.yaml": text } })

describe("the limits of a file of clouds", () => {
  const auth = "auth_url: https://c.test/v3, username: alice, password: secret"

  it.effect("are a size, which is not exceeded even by a file without an end", () =>
    Effect.gen(function* () {
      let taken = 0
      const endless = Stream.forever(
        Stream.sync(() => {
          taken += 65_536
          return new Uint8Array(65_536)
        })
      )
      const files = FileSystem.layerNoop({
        stream: (_, options) =>
          Stream.takeUntil(endless, () => taken >= Number(options?.bytesToRead ?? Number.POSITIVE_INFINITY))
      })
      const error = yield* Effect.flip(CloudConfig.fromFiles()).pipe(Effect.provide(files), Effect.provide(layer({})))
      assert.include(String("message" in error ? error.message : error), "cannot be read: it has more than 1 MiB")
      assert.isAtMost(taken, 2 * 1024 * 1024)
      const spaces = yield* resolve(yaml(`${" ".repeat(1024 * 1024)}clouds: {}`))
      assert.strictEqual(spaces, "/root/cwd/clouds.yaml cannot be read: it has more than 1 MiB")
    })
  )

  it.effect("are a wait, since a FIFO may have no writer", () =>
    Effect.gen(function* () {
      const files = FileSystem.layerNoop({ stream: () => Stream.never })
      const fiber = yield* Effect.flip(CloudConfig.fromFiles()).pipe(
        Effect.provide(files),
        Effect.provide(layer({ variables: { OS_CLIENT_CONFIG_FILE: "/fifo" } })),
        Effect.fork
      )
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(fiber)
      assert.include(String("message" in error ? error.message : error), "/fifo cannot be read: nothing could be read")
    })
  )

  it.effect("are 100 levels, written or by aliases", () =>
    Effect.gen(function* () {
      const blocks = Array.from({ length: 1000 }, (_, level) => `${" ".repeat(level)}a:`).join("\n")
      const chain = Array.from({ length: 8000 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}]`).join("\n")
      const texts = [blocks, "[".repeat(500_000), "{".repeat(500_000), "- ".repeat(100_000), "? ".repeat(100_000)]
      for (const text of texts) {
        assert.include(yield* resolve(yaml(text)), "more than 100 levels stand in each other", text.slice(0, 10))
      }
      assert.include(yield* resolve(yaml(`a0: &a0 x\n${chain}`)), "100 levels stand in each other, by its aliases")
      const json = { files: { "cwd/clouds.json": `${"[".repeat(400_000)}${"]".repeat(400_000)}` } }
      assert.include(yield* resolve(json), "more than 100 levels")
      const deep = `${"[".repeat(80)}${"]".repeat(80)}`
      assert.isObject(yield* resolve(yaml(`x: ${deep}\nclouds: {c: {auth: {${auth}}}}`)))
    })
  )

  it.effect("are a million values, each alias counted as what it stands for", () =>
    Effect.gen(function* () {
      const laughs = Array.from(
        { length: 30 },
        (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}, *a${index}]`
      ).join("\n")
      assert.include(yield* resolve(yaml(`a0: &a0 x\n${laughs}`)), "its aliases stand for more than 1000000 values")
      const merges = `a: &a {${Array.from({ length: 2000 }, (_, index) => `k${index}: v`).join()}}\n${Array.from({ length: 2000 }, (_, index) => `b${index}: {<<: *a}`).join("\n")}`
      assert.include(yield* resolve(yaml(merges)), "its aliases stand for more than 1000000 values")
    })
  )

  it.effect("let many aliases pass", () =>
    Effect.gen(function* () {
      const clouds = Array.from({ length: 8000 }, (_, index) => `  c${index}: {auth: *a, verify: false}\n`).join("")
      const resolved = yield* resolve(yaml(`a: &a {${auth}}\nclouds:\n${clouds}`), { cloud: "c7999" })
      assert.deepInclude(resolved, { cloud: "c7999", verify: false })
    })
  )
})

it.scopedLive("a file of clouds that is no file of text is refused with the reason", () =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "clouds-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
    const file = join(directory, "clouds.yaml")
    const messageOf = (path: string) =>
      CloudConfig.fromFiles({ cloud: "c" }).pipe(
        Effect.provide(
          Layer.merge(
            NodeContext.layer,
            Layer.setConfigProvider(
              ConfigProvider.fromMap(
                new Map([
                  ["OS_CLIENT_CONFIG_FILE", path],
                  ["HOME", directory],
                  ["XDG_CONFIG_DIRS", directory]
                ])
              )
            )
          )
        ),
        Effect.either,
        Effect.map((result) => (Either.isLeft(result) ? String(result.left) : "read"))
      )
    writeFileSync(file, Buffer.from([...Buffer.from("clouds: {c: {password: "), 0xe4, 0x7d, 0x7d]))
    assert.include(yield* messageOf(file), "cannot be read: it is not UTF-8")
    writeFileSync(file, Buffer.from("\ufeffclouds: {}", "utf16le"))
    assert.include(yield* messageOf(file), "cannot be read: it is UTF-16; save it as UTF-8")
    writeFileSync(file, "\ufeffclouds: {}")
    assert.include(yield* messageOf(file), 'there is no cloud "c"')
    // A directory is passed over, an empty device is an empty file, and an endless one too large.
    assert.include(yield* messageOf(directory), "no clouds.yaml")
    assert.include(yield* messageOf("/dev/null"), 'there is no cloud "c"')
    assert.include(yield* messageOf("/dev/zero"), "cannot be read: it has more than 1 MiB")
  })
)

describe("hostile text in a file of clouds", () => {
  const texts: { readonly [what: string]: (length: number) => string } = {
    backslashes: (length) => "\\".repeat(length),
    "quoted backslashes": (length) => `clouds: "${"\\".repeat(length)}`,
    "opening brackets": (length) => "[".repeat(length),
    "closing brackets": (length) => "]".repeat(length),
    braces: (length) => "{".repeat(length),
    spaces: (length) => `clouds:${" ".repeat(length)}x`,
    lines: (length) => "\n".repeat(length),
    tabs: (length) => `clouds:${"\t".repeat(length)}x`,
    colons: (length) => ":".repeat(length),
    dashes: (length) => "- ".repeat(length / 2),
    aliases: (length) => `a: &a {k: v}\nb:\n${"  - *a\n".repeat(length / 7)}`,
    merges: (length) =>
      `a: &a {k: v}\n${Array.from({ length: length / 16 }, (_, index) => `b${index}: {<<: *a}\n`).join("")}`,
    quotes: (length) => "'".repeat(length),
    keys: (length) => Array.from({ length: length / 8 }, (_, index) => `k${index}: v`).join("\n"),
    "keys of a cloud": (length) =>
      `clouds: {c: {${Array.from({ length: length / 10 }, (_, index) => `kx${index}: v`).join()}}}`,
    braced: (length) => `clouds: {c: {auth: {auth_url: "https://${"{".repeat(length)}", password: x, username: x}}}`,
    slashes: (length) => `clouds: {c: {auth: {auth_url: "https://h${"/".repeat(length)}x", password: x, username: x}}}`,
    "a number of seconds": (length) => `clouds: {c: {auth_type: none, api_timeout: "${"9".repeat(length)}x"}}`,
    nulls: (length) => "\u0000".repeat(length)
  }
  for (const [what, text] of Object.entries(texts)) {
    it(`takes linear time: ${what}`, { timeout: 60_000 }, () =>
      Linear.assertGrowth(what, (length) => Effect.runPromise(resolve(yaml(text(length)))), 1 << 18)
    )
  }

  it.effect(
    "of a megabyte ends in a sentence or a cloud",
    () =>
      Effect.forEach(["spaces", "backslashes", "opening brackets", "braced", "slashes", "quotes"], (what) =>
        Effect.map(resolve(yaml(texts[what]?.(1_000_000) ?? "")), (result) => {
          if (typeof result === "string") assert.isBelow(result.length, 1000, what)
        })
      ),
    60_000
  )
})
