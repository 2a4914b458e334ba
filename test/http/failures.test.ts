/** What an operation says when no whole response arrives, on sockets, over every client. */
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Images from "@effect-glance/core/Images"
import { Cloud, Keystone } from "@effect-glance/http"
import * as NodeTransport from "@effect-glance/node/NodeTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { certificate, expired, key, ofOtherHost } from "./certificate.js"
import { credentials } from "./support.js"

/** A client that trusts this CA, or those of Node. */
type Client = (ca?: string) => Layer.Layer<HttpClient.HttpClient>

const agent = (ca: string | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => new Undici.Agent(ca === undefined ? {} : { connect: { ca } })),
    (agent) => Effect.promise(() => agent.destroy())
  )

const dispatcher = (ca: string | undefined) => Layer.scoped(NodeHttpClient.Dispatcher, agent(ca))

const clients: Readonly<Record<string, Client>> = {
  NodeTransport: (ca) => Layer.provide(Layer.effect(HttpClient.HttpClient, NodeTransport.make), dispatcher(ca)),
  undici: (ca) => Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, dispatcher(ca)),
  "node:http": (ca) =>
    Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer(ca === undefined ? {} : { ca })),
  // The `fetch` of Node takes no certificates from a program: that of undici is the same code.
  fetch: (ca) =>
    ca === undefined
      ? FetchHttpClient.layer
      : Layer.provide(
          FetchHttpClient.layer,
          Layer.scoped(
            FetchHttpClient.Fetch,
            Effect.map(
              agent(ca),
              (dispatcher) =>
                ((url: string, init: Undici.RequestInit) =>
                  Undici.fetch(url, { ...init, dispatcher })) as unknown as typeof fetch
            )
          )
        )
}

/** Listens on a free port of loopback, and closes with its connections. */
const listen = (server: net.Server): Effect.Effect<number, never, Scope.Scope> => {
  const sockets = new Set<net.Socket>()
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => {})
  })
  return Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
}

const noImages: http.RequestListener = (_, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end('{"images": []}')
}

const overTls = (options: https.ServerOptions = {}) =>
  Effect.map(
    listen(https.createServer({ cert: certificate, key, ...options }, noImages)),
    (port) => `https://127.0.0.1:${port}`
  )

/** A server on bare sockets that writes this when a request arrives, and then ends or resets the connection. */
const writes = (text: string, how: "end" | "reset" = "end") =>
  Effect.map(
    listen(
      net.createServer((socket) => {
        socket.once("data", () => socket.write(text, () => (how === "end" ? socket.end() : socket.resetAndDestroy())))
      })
    ),
    (port) => `http://127.0.0.1:${port}`
  )

const nothingListens = Effect.map(Effect.scoped(listen(net.createServer())), (port) => `http://127.0.0.1:${port}`)

const json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

const untrusted = "`verify: false` in clouds.yaml (OS_INSECURE) accepts any certificate"

const trust =
  "the certificate of the server is not trusted: set `cacert` in clouds.yaml (OS_CACERT, or NODE_EXTRA_CA_CERTS " +
  `for other clients) to the file of the CA; ${untrusted}`

/** Later releases of Node add a hint. */
const untrustedAuthority = `${trust} [DEPTH_ZERO_SELF_SIGNED_CERT self-signed certificate`

const clientCertificate = "it may require a certificate of the client (`cert` and `key` in clouds.yaml)"

const noTls = "the server does not speak TLS at this port: the URL should begin with http://, or have another port"

const closed = "the connection was closed before the response arrived"

const closedPlain = `${closed}: if the server speaks TLS at this port, the URL must begin with https:// [`

const notHttp = "the response is not HTTP: the server may speak TLS at this port (https://), or another protocol ["

const cut = "the body of the response broke off before its end ["

/** With a certificate that the client trusts, and one of the client wanted. TLS 1.3 says so after the handshake. */
const mutual = (maxVersion: "TLSv1.2" | "TLSv1.3") =>
  overTls({ requestCert: true, rejectUnauthorized: true, maxVersion })

const failures: ReadonlyArray<{
  readonly when: string
  readonly endpoint: Effect.Effect<string, never, Scope.Scope>
  readonly ca?: string
  /** How what comes after the operation begins. Some clients see the refusal of a certificate or the closed socket first. */
  readonly says: ReadonlyArray<string>
}> = [
  { when: "the certificate signs itself", endpoint: overTls(), says: [untrustedAuthority] },
  {
    when: "the certificate has expired",
    endpoint: overTls({ cert: expired }),
    ca: expired,
    says: [
      `the certificate of the server has expired: its operator must renew it; ${untrusted} [CERT_HAS_EXPIRED certificate has expired]`
    ]
  },
  {
    when: "the certificate is for another host",
    endpoint: overTls({ cert: ofOtherHost }),
    ca: ofOtherHost,
    says: [
      `the certificate of the server is for another host: check the URL; ${untrusted} [ERR_TLS_CERT_ALTNAME_INVALID `
    ]
  },
  ...(["TLSv1.2", "TLSv1.3"] as const).map((version) => ({
    when: `a certificate of the client is wanted over ${version}`,
    endpoint: mutual(version),
    ca: certificate,
    says: [
      `the server refused the TLS connection: ${clientCertificate} [`,
      `${closed}: if the server is up, ${clientCertificate} [`
    ]
  })),
  {
    when: "the server knows older versions of TLS only",
    endpoint: overTls({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }),
    says: ["the server and this client have no version of TLS in common: the server may be too old [ERR_SSL_"]
  },
  {
    when: "TLS is spoken to an HTTP port",
    endpoint: Effect.map(listen(http.createServer(noImages)), (port) => `https://127.0.0.1:${port}`),
    says: [`${noTls} [ERR_SSL_WRONG_VERSION_NUMBER]`]
  },
  {
    when: "the server closes the connection during the TLS handshake",
    endpoint: Effect.map(writes(""), (url) => url.replace("http:", "https:")),
    says: [`${noTls} [ECONNRESET `]
  },
  {
    when: "HTTP is spoken to a TLS port",
    endpoint: Effect.map(overTls(), (url) => url.replace("https:", "http:")),
    says: [closedPlain]
  },
  { when: "the server answers with an alert of TLS", endpoint: writes("\x15\x03\x03\0\x02\x02\x16"), says: [notHttp] },
  { when: "the server speaks SSH", endpoint: writes("SSH-2.0-OpenSSH_9.2\r\n"), says: [notHttp] },
  {
    when: "the host has no address",
    // A label of a name has at most 63 letters, so that no name server is asked.
    endpoint: Effect.succeed(`http://${"x".repeat(64)}.invalid:9292`),
    says: ["the name of the host was not found: check the URL [getaddrinfo ENOTFOUND "]
  },
  {
    when: "no service listens",
    endpoint: nothingListens,
    says: ["the connection was refused: no service listens at this host and port [connect ECONNREFUSED 127.0.0.1:"]
  },
  { when: "the server closes the connection", endpoint: writes(""), says: [closedPlain] },
  { when: "the server resets the connection", endpoint: writes("", "reset"), says: [closedPlain] },
  {
    when: "a body is cut before its Content-Length",
    endpoint: writes(`${json}content-length: 99\r\n\r\n{"images`),
    says: [cut]
  },
  {
    when: "a body is cut before its last chunk",
    endpoint: writes(`${json}transfer-encoding: chunked\r\n\r\n8\r\n{"images\r\n`),
    says: [cut]
  },
  {
    when: "the connection is reset within a body",
    endpoint: writes(`${json}content-length: 99\r\n\r\n{"images`, "reset"),
    says: [cut]
  },
  {
    when: "the size of a chunk is not a number",
    endpoint: writes(`${json}transfer-encoding: chunked\r\n\r\nzz\r\n{"images`),
    says: [cut]
  },
  {
    when: "the headers are too long",
    endpoint: writes(`${json}x: ${"y".repeat(70_000)}\r\n\r\n`),
    says: ["the response has too many headers ["]
  }
]

for (const [name, client] of Object.entries(clients)) {
  describe(`a failed request over ${name}`, () => {
    it.scopedLive.each(failures)("says why and what helps in one line: $when", ({ ca, endpoint, says }) =>
      Effect.gen(function* () {
        const url = yield* endpoint
        const error = yield* Effect.flatMap(Images.Images, (images) => images.list()).pipe(
          Effect.provide(Images.layer),
          Effect.provide(Cloud.layerToken({ endpoint: url, token: Redacted.make("token"), retries: 0 })),
          Effect.provide(client(ca)),
          Effect.flip
        )
        assert.strictEqual(error._tag, "TransportError")
        const { message } = error
        assert.isTrue(
          says.some((beginning) => message.startsWith(`Images.list: ${beginning}`)),
          message
        )
        assert.isTrue(message.endsWith(`] (GET ${url}/v2/images)`), message)
        assert.notMatch(message, /[\r\n]|\berror:|routines:|\.c:\d/)
      })
    )

    it.scopedLive("says why and what helps of a login, too", () =>
      Effect.gen(function* () {
        const authUrl = `${yield* overTls()}/v3`
        const error = yield* Effect.flatMap(Images.Images, (images) => images.list()).pipe(
          Effect.provide(Images.layer),
          Effect.provide(Cloud.layer({ retries: 0 })),
          Effect.provide(Keystone.layerPassword({ ...credentials, authUrl })),
          Effect.provide(client()),
          Effect.flip
        )
        const { message } = error
        assert.isTrue(message.startsWith(`Keystone.password: ${untrustedAuthority}`), message)
        assert.isTrue(message.endsWith(`] (POST ${authUrl}/auth/tokens)`), message)
      })
    )
  })
}

/** As the `fetch` of Bun 1.4 and Deno 2.9 say it. */
const otherRuntimes: ReadonlyArray<readonly [message: string, code: string | undefined, says: string]> = [
  ["self signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT", trust],
  ["EPROTO: The TLS handshake failed. Does the server speak TLS on this port?", "EPROTO", noTls],
  ["client error (Connect): invalid peer certificate: UnknownIssuer", undefined, trust],
  [
    "client error (Connect): invalid peer certificate: certificate expired: verification time 1796078846 (UNIX)",
    undefined,
    `the certificate of the server has expired: its operator must renew it; ${untrusted}`
  ],
  ["client error (Connect): received corrupt message of type InvalidContentType", undefined, noTls],
  ["client error (SendRequest): invalid HTTP version parsed", undefined, notHttp.slice(0, -2)],
  ["client error (SendRequest): connection closed before message completed", undefined, closedPlain.slice(0, -2)],
  [
    "client error (Connect): dns error: failed to lookup address information: Name or service not known",
    undefined,
    "the name of the host was not found: check the URL"
  ],
  [
    "client error (Connect): tcp connect error: Connection refused (os error 111)",
    undefined,
    "the connection was refused: no service listens at this host and port"
  ]
]

describe("a failed request over the fetch of another runtime", () => {
  it.effect.each(otherRuntimes)("says why and what helps of: %s", ([message, code, says]) =>
    Effect.gen(function* () {
      const failing = HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.RequestError({
            request,
            reason: "Transport",
            cause: new TypeError("fetch failed", { cause: Object.assign(new Error(message), code && { code }) })
          })
        )
      )
      const error = yield* Effect.flatMap(Images.Images, (images) => images.list()).pipe(
        Effect.provide(Images.layer),
        Effect.provide(Cloud.layerToken({ endpoint: "http://glance.test", token: Redacted.make("token"), retries: 0 })),
        Effect.provideService(HttpClient.HttpClient, failing),
        Effect.flip
      )
      const named = code === undefined || message.includes(code) ? message : `${code} ${message}`
      assert.strictEqual(error.message, `Images.list: ${says} [${named}] (GET http://glance.test/v2/images)`)
    })
  )
})
