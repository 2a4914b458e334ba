import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { GlanceClient, ImageImport, ImageLocations, ImageSource, Images } from "@effect-glance/core"
import { Cloud, Keystone, Rackspace } from "@effect-glance/http"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Machine from "../support/cloudConfig.js"
import * as Http from "../support/http.js"
import { imageRecord } from "../support/records.js"
import { list } from "./support.js"
import * as Witness from "./witness.js"

/** What must never come out: the ends of the user's name and of the password. */
const marks = /u5er|n4me|pa55|w0rd|51gn/

const part = FastCheck.string({ unit: FastCheck.constantFrom(..."@/?#%:[] aZ9&=+\\'\"<"), maxLength: 6 })
const credentials = FastCheck.record({
  name: FastCheck.tuple(part, FastCheck.boolean()).map(([text, encode]) => ({ text: `u5er${text}n4me`, encode })),
  password: FastCheck.tuple(part, FastCheck.boolean()).map(([text, encode]) => ({ text: `pa55${text}w0rd`, encode })),
  /** Looks like a port. */
  digits: FastCheck.boolean(),
  signature: FastCheck.boolean()
})

const urlOf = ({
  digits,
  name,
  password,
  signature
}: typeof credentials extends FastCheck.Arbitrary<infer A> ? A : never) => {
  const shown = ({ encode, text }: { readonly text: string; readonly encode: boolean }) =>
    encode ? encodeURIComponent(text) : text
  const secret = digits && !password.encode ? `12/${shown(password)}` : shown(password)
  return `http://${shown(name)}:${secret}@cloud.test/x${signature ? "?sig=51gn&X-Amz-Signature=51gn" : ""}`
}

/** A server that repeats the URL of each request, its headers and its body. */
const repeating = Http.layer(() => (sent) => {
  const whole = `${sent.method} ${sent.url.href} ${JSON.stringify(sent.headers)} ${sent.body}`
  return Http.json({ message: whole }, 400, { "x-openstack-request-id": encodeURI(sent.url.href).slice(0, 200) })
})

/** The same, with an image to import into. */
const importing = Http.layer(
  () => (sent) =>
    sent.method === "GET" ? Http.json(imageRecord()) : Http.json({ message: `cannot fetch: ${sent.body}` }, 400)
)

const token = Redacted.make("a token")

const id = "5f0a3b2c-0000-4000-8000-000000000001" as never

/** An operation on locations of an image, with a server that repeats what it is sent. */
const withLocations = (use: (locations: ImageLocations.Service) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(ImageLocations.ImageLocations, use).pipe(
    Effect.provide(
      ImageLocations.layer.pipe(
        Layer.provide(Cloud.layerToken({ endpoint: "http://glance.test", token, retries: 0 })),
        Layer.provide(importing)
      )
    )
  )

/** A request through a proxy at a port where none listens. */
const throughProxy = (variable: string, endpoint: string) => (url: string) =>
  list.pipe(
    Effect.provide(
      Images.layer.pipe(
        Layer.provide(Cloud.layerToken({ endpoint, token, retries: 0 })),
        Layer.provide(NodeTransport.layer),
        Layer.provide(
          Layer.setConfigProvider(
            ConfigProvider.fromMap(new Map([[variable, url.replace("cloud.test", "127.0.0.1:1")]]))
          )
        )
      )
    )
  )

const uses: { readonly [use: string]: (url: string) => Effect.Effect<unknown, unknown> } = {
  "an image endpoint": (endpoint) =>
    list.pipe(
      Effect.provide(
        Images.layer.pipe(Layer.provide(Cloud.layerToken({ endpoint, token, retries: 0 })), Layer.provide(repeating))
      )
    ),
  "an endpoint whose response is given as it is": (endpoint) =>
    Effect.flatMap(GlanceClient.GlanceClient, (http) => http.client.execute(HttpClientRequest.get("/images"))).pipe(
      Effect.provide(Cloud.layerToken({ endpoint, token, retries: 0 }).pipe(Layer.provide(repeating))),
      Effect.asVoid
    ),
  "the URL of a Keystone": (authUrl) =>
    list.pipe(
      Effect.provide(
        Images.layer.pipe(
          Layer.provide(Cloud.layer()),
          Layer.provide(Keystone.layerPassword({ authUrl, username: "alice", password: token, retries: 0 })),
          Layer.provide(repeating)
        )
      )
    ),
  "the URL of Rackspace's identity service": (authUrl) =>
    list.pipe(
      Effect.provide(
        Images.layer.pipe(
          Layer.provide(Cloud.layer()),
          Layer.provide(Rackspace.layerApiKey({ authUrl, username: "alice", apiKey: token, retries: 0 })),
          Layer.provide(repeating)
        )
      )
    ),
  "a source on the web": (url) =>
    Effect.scoped(Effect.flatMap(ImageSource.url(url).open, ({ stream }) => Stream.runDrain(stream))).pipe(
      Effect.provide(repeating)
    ),
  "a URL to import": (uri) =>
    Effect.flatMap(ImageImport.ImageImport, (imports) =>
      imports.start("5f0a3b2c-0000-4000-8000-000000000001" as never, ImageImport.webDownload(uri))
    ).pipe(
      Effect.provide(
        ImageImport.layer.pipe(
          Layer.provide(Cloud.layerToken({ endpoint: "http://glance.test", token, retries: 0 })),
          Layer.provide(importing)
        )
      )
    ),
  "a location to add": (url) => withLocations((locations) => locations.add(id, { url })),
  "a location to register": (url) => withLocations((locations) => locations.register(id, url)),
  "a location to replace others": (url) => withLocations((locations) => locations.replace(id, [{ url }])),
  "image_endpoint_override of clouds.yaml": (url) => {
    const cloud = { auth_type: "none", image_endpoint_override: url }
    const files = { "cwd/clouds.json": JSON.stringify({ clouds: { c: cloud } }) }
    return list.pipe(
      Effect.provide(
        Images.layer.pipe(
          Layer.provide(Cloud.layerCloudsYaml("c", { retries: 0 })),
          Layer.provide(Layer.merge(Machine.layer({ files }), repeating))
        )
      )
    )
  },
  "a proxy for http": throughProxy("HTTP_PROXY", "http://127.0.0.1:2"),
  "a proxy for https": throughProxy("HTTPS_PROXY", "https://127.0.0.1:2")
}

describe("no user, password or signature of a URL comes out", () => {
  for (const [use, run] of Object.entries(uses)) {
    it.effect(
      `that is ${use}`,
      () =>
        Effect.gen(function* () {
          for (const url of FastCheck.sample(credentials, { numRuns: 12, seed: 19 }).map(urlOf)) {
            const witness = Witness.make()
            yield* witness.watch(Effect.withSpan(run(url), "use")).pipe(Effect.provide(witness.layer))
            assert.deepStrictEqual(
              witness.texts.filter((text) => marks.test(text)),
              [],
              url
            )
          }
        }),
      120_000
    )
  }
})
