/** The client in the browsers of Debian, over HTTP/1.1, from a page of another origin than the cloud. */

import { mkdtempSync, rmSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { build } from "esbuild"
import puppeteer, { type LaunchOptions } from "puppeteer-core"
import type { Login, Outcome } from "./page.js"

const bundled = Effect.promise(() =>
  build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    logLevel: "error"
  })
).pipe(Effect.map(({ outputFiles }) => outputFiles[0]?.text ?? ""))

/** A page with the program, at an origin of its own. */
const page = Effect.gen(function* () {
  const script = yield* bundled
  const server = Http.createServer(({ url }, response) => {
    const [type, body] =
      url === "/page.js" ? ["text/javascript", script] : ["text/html", "<script src=page.js></script>"]
    response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(body)
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

const launch = (options: LaunchOptions) =>
  Effect.gen(function* () {
    const userDataDir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-glance-browser-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
    )
    return yield* Effect.acquireRelease(
      Effect.promise(() => puppeteer.launch({ ...options, headless: true, userDataDir, timeout: 120_000 })),
      (browser) => Effect.promise(() => browser.close())
    )
  })

const outcomeIn = (options: LaunchOptions) =>
  Effect.gen(function* () {
    const cloud = yield* MemoryCloud.make()
    const { authUrl } = yield* NodeMemoryServer.serve(cloud)
    const { password, projectName, username } = MemoryCloud.credentials(cloud)
    const login: Login = { authUrl, username, projectName, password: "" }
    const url = yield* page
    const browser = yield* launch(options)
    return yield* Effect.promise(async () => {
      const tab = await browser.newPage()
      await tab.goto(url)
      const run = (login: Login) => (globalThis as unknown as { run: (login: Login) => Promise<Outcome> }).run(login)
      return tab.evaluate(run, { ...login, password: Redacted.value(password) })
    })
  })

/** Uploads of bytes and of a file work, and so does the download. */
const works = ({ names, same, uploads }: Outcome) => {
  const size = 3 * 1024 * 1024 + 7
  assert.deepStrictEqual(uploads, [
    ["active", size],
    ["active", size]
  ])
  assert.deepStrictEqual(names, ["bytes", "file"])
  assert.isTrue(same, "the download gives the bytes of the file")
}

describe("in a browser over HTTP/1.1", { timeout: 240_000 }, () => {
  it.scopedLive("Chromium lists, uploads bytes and a File, downloads, and says why a stream fails", () =>
    Effect.gen(function* () {
      const outcome = yield* outcomeIn({
        browser: "chrome",
        executablePath: "/usr/bin/chromium",
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync"
        ]
      })
      works(outcome)
      assert.strictEqual(outcome.stream.tag, "TransportError")
      assert.match(outcome.stream.message, /over HTTP\/2 only.*ImageSource\.blob/)
    })
  )

  it.scopedLive("Firefox lists, uploads bytes and a File, downloads, and refuses a stream", () =>
    Effect.gen(function* () {
      const outcome = yield* outcomeIn({ browser: "firefox", executablePath: "/usr/bin/firefox-esr" })
      works(outcome)
      assert.strictEqual(outcome.stream.tag, "InvalidArgument")
      assert.match(outcome.stream.message, /source is a stream.*ImageSource\.blob/)
    })
  )
})
