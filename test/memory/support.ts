import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents whose shape they assert
export type Json = any

/** A way to the cloud: tests that run over each hold whatever the bytes travel through. */
export interface Transport {
  readonly client: HttpClient.HttpClient
  readonly authUrl: string
}

export const transports: ReadonlyArray<
  readonly [name: string, make: (cloud: MemoryCloud.Service) => Effect.Effect<Transport, unknown, Scope.Scope>]
> = [
  [
    "without a socket",
    (cloud) => Effect.succeed({ client: MemoryCloud.httpClient(cloud), authUrl: MemoryCloud.authUrl })
  ],
  [
    "on a socket",
    (cloud) =>
      Effect.gen(function* () {
        const { authUrl } = yield* NodeMemoryServer.serve(cloud)
        const dispatcher = yield* NodeHttpClient.makeDispatcher
        return { client: NodeHttpClient.makeUndici(dispatcher), authUrl }
      })
  ]
]

/** The body of a password login, scoped to a project of that name unless told otherwise. */
export const passwordLogin = (options: { readonly user?: Json; readonly scope?: Json } = {}): Json => ({
  auth: {
    identity: {
      methods: ["password"],
      password: { user: { name: "demo", domain: { id: "default" }, password: "secret", ...options.user } }
    },
    ...("scope" in options
      ? options.scope === undefined
        ? {}
        : { scope: options.scope }
      : { scope: { project: { name: "demo", domain: { id: "default" } } } })
  }
})

export interface Session {
  readonly token: string
  readonly catalog: ReadonlyArray<Json>
  /** The project's account in the object store. */
  readonly account: string
  /** A request with the token on it, to the image service. */
  readonly image: (
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    change?: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>
}

/** Logs in as a user of the cloud, over whatever client. */
export const logIn = (
  cloud: MemoryCloud.Service,
  client: HttpClient.HttpClient,
  options: { readonly project?: string; readonly user?: string; readonly authUrl?: string } = {}
): Effect.Effect<Session, HttpClientError.HttpClientError> =>
  Effect.gen(function* () {
    const credentials = MemoryCloud.credentials(cloud, options)
    const response = yield* client.execute(
      HttpClientRequest.post(`${options.authUrl ?? credentials.authUrl}/auth/tokens`).pipe(
        HttpClientRequest.bodyUnsafeJson(
          passwordLogin({
            user: { name: credentials.username, password: Redacted.value(credentials.password) },
            scope: { project: { name: credentials.projectName, domain: { id: "default" } } }
          })
        )
      )
    )
    const body = (yield* response.json) as Json
    const token = response.headers["x-subject-token"] ?? ""
    const catalog: ReadonlyArray<Json> = body.token.catalog
    const base = catalog.find((service) => service.type === "image").endpoints[0].url
    return {
      token,
      catalog,
      account: catalog.find((service) => service.type === "object-store")?.endpoints[0].url ?? "",
      image: (method, path, change = (request) => request) =>
        client.execute(
          change(
            HttpClientRequest.make(method)(`${base}${path}`).pipe(
              HttpClientRequest.setHeaders({ "x-auth-token": token, accept: "application/json" })
            )
          )
        )
    }
  })

/** A queued image that takes data. */
export const createImage = (
  session: Session,
  fields: Json = {}
): Effect.Effect<Json, HttpClientError.HttpClientError> =>
  session
    .image(
      "POST",
      "/v2/images",
      HttpClientRequest.bodyUnsafeJson({ disk_format: "raw", container_format: "bare", ...fields })
    )
    .pipe(Effect.flatMap((response) => response.json))

export const json = (
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Json, HttpClientError.ResponseError> =>
  response.json as Effect.Effect<Json, HttpClientError.ResponseError>
