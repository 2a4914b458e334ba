import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import * as NodeCloud from "@effect-glance/node/NodeCloud"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { certificate, key } from "./certificate.js"

/** A list of the image service behind TLS that a file describes so, with the variables of nobody. */
const listAt = (url: string, settings: object, variables: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "clouds-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
    const write = (name: string, text: string) => writeFileSync(join(directory, name), text)
    write("ca.pem", certificate)
    write("me.key", key)
    write("both.pem", `${certificate}${key}`)
    const auth = { auth_type: "admin_token", auth: { endpoint: url, token: "token" } }
    write("clouds.json", JSON.stringify({ clouds: { c: { ...auth, ...settings } } }))
    const provider = ConfigProvider.fromMap(
      new Map(Object.entries({ OS_CLIENT_CONFIG_FILE: join(directory, "clouds.json"), HOME: directory, ...variables }))
    )
    const cloud =
      "OS_AUTH_TYPE" in variables ? NodeCloud.layerEnv({ retries: 0 }) : NodeCloud.layerCloudsYaml("c", { retries: 0 })
    return yield* Effect.flatMap(Images.Images, (images) => images.list()).pipe(
      Effect.provide(
        Images.layer.pipe(Layer.provide(cloud), Layer.provide(Layer.setConfigProvider(provider)), Layer.fresh)
      )
    )
  }).pipe(Effect.scoped, Effect.either)

/** Where it is, and whether the last to come showed a certificate. */
const serve = (options: https.ServerOptions = {}) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly shown: () => boolean; readonly server: https.Server }>((resume) => {
      let shown = false
      const server = https.createServer({ cert: certificate, key, ...options }, (request, response) => {
        shown = Object.keys((request.socket as TLSSocket).getPeerCertificate()).length > 0
        response.setHeader("content-type", "application/json").end('{"images": []}')
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
            shown: () => shown,
            server
          })
        )
      )
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

describe("on Node, a cloud behind TLS", () => {
  it.scopedLive("is reached where its certificate is trusted, and not otherwise", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const ways: ReadonlyArray<readonly [object, string]> = [
        [{}, "TransportError"],
        [{ cacert: "~/ca.pem" }, "Right"],
        [{ verify: "~/ca.pem" }, "Right"],
        [{ verify: false }, "Right"],
        [{ insecure: true }, "Right"],
        [{ insecure: true, cacert: "~/nothing.pem" }, "Right"],
        [{ cacert: "~/nothing.pem" }, "UnreadableCloudFile"],
        [{ cert: "~/nothing.pem" }, "UnreadableCloudFile"]
      ]
      for (const [settings, ends] of ways) {
        const result = yield* listAt(url, settings)
        assert.strictEqual(result._tag === "Left" ? result.left._tag : "Right", ends, JSON.stringify(settings))
      }
    })
  )

  it.scopedLive("is shown the certificate that it asks for", () =>
    Effect.gen(function* () {
      const { shown, url } = yield* serve({ requestCert: true, rejectUnauthorized: true, ca: certificate })
      const without = yield* listAt(url, { cacert: "~/ca.pem" })
      assert.strictEqual(without._tag === "Left" ? without.left._tag : "Right", "TransportError")
      for (const settings of [{ cert: "~/ca.pem", key: "~/me.key" }, { cert: "~/both.pem" }]) {
        const result = yield* listAt(url, { cacert: "~/ca.pem", ...settings })
        assert.strictEqual(result._tag, "Right", JSON.stringify(settings))
        assert.isTrue(shown())
      }
    })
  )

  it.scopedLive("is reached as the variables say", () =>
    Effect.gen(function* () {
      const { url } = yield* serve()
      const variables = { OS_AUTH_TYPE: "admin_token", OS_ENDPOINT: url, OS_TOKEN: "token" }
      const ways: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
        [{}, "Left"],
        [{ OS_CACERT: "~/ca.pem" }, "Right"],
        [{ OS_INSECURE: "true" }, "Right"]
      ]
      for (const [more, ends] of ways) {
        const result = yield* listAt(url, {}, { ...variables, ...more })
        assert.strictEqual(result._tag, ends, JSON.stringify(more))
      }
    })
  )
})
