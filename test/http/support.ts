/** A cloud of one identity service and one image service, as small as it can be. */

import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { GlanceClient } from "@effect-glance/core"
import * as Images from "@effect-glance/core/Images"
import { Cloud, type Identity, Keystone } from "@effect-glance/http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "../support/http.js"

export const authUrl = "https://keystone.test/v3"
export const password = "correct horse & <battery> staple"

export const credentials: Keystone.PasswordOptions = {
  authUrl,
  username: "alice",
  userDomainId: "default",
  projectName: "alpha",
  projectDomainId: "default",
  password: Redacted.make(password)
}

const hour = 3_600_000

const time = (millis: number) => new Date(millis).toISOString().replace(/Z$/, "000Z")

export interface TokenDocument {
  readonly issuedAt?: number
  readonly expiresAt?: number
  readonly catalog?: ReadonlyArray<unknown>
}

export const imageService = (url: string, region = "RegionOne", type = "image") => ({
  type,
  name: "a service",
  id: "5b7e5dff24d0493baefb97cf42995e11",
  endpoints: ["public", "internal", "admin"].map((face) => ({
    id: `eac0e604331649-${face}`,
    interface: face,
    region,
    region_id: region,
    url: face === "public" ? url : url.replace("://", `://${face}.`)
  }))
})

/** As Keystone answers a login. */
export const tokenAnswer = (
  token: string,
  { catalog = [imageService("https://glance.test")], expiresAt = hour, issuedAt = 0 }: TokenDocument = {}
) =>
  Http.json(
    {
      token: {
        methods: ["password"],
        user: { domain: { id: "default", name: "Default" }, id: "u1", name: "alice", password_expires_at: null },
        audit_ids: ["TWdkL74cSU-2r9RLgew4Bw"],
        expires_at: time(expiresAt),
        issued_at: time(issuedAt),
        project: { domain: { id: "default", name: "Default" }, id: "alpha-id", name: "alpha" },
        is_domain: false,
        roles: [{ id: "r1", name: "member" }],
        catalog
      }
    },
    201,
    { "x-subject-token": token, "x-openstack-request-id": "req-login" }
  )

/** As Keystone refuses. */
export const refusal = (status: number, message: string, headers: Record<string, string> = {}) =>
  Http.json({ error: { code: status, message, title: "Title" } }, status, {
    "x-openstack-request-id": "req-refused",
    ...headers
  })

export const wrongPassword = () => refusal(401, "The request you have made requires authentication.")

export const isLogin = ({ url }: Http.Sent) => url.pathname.endsWith("/auth/tokens") || url.pathname.endsWith("/tokens")

/** As Glance answers with no image. */
export const noImages = () =>
  Http.json({ images: [], first: "/v2/images", schema: "/v2/schemas/images" }, 200, {
    "x-openstack-request-id": "req-images"
  })

/** Logins answered by the first, all else by the second. Each gets the number of its own requests before. */
export const cloud =
  (login: Http.Handler, images: Http.Handler = noImages): (() => Http.Handler) =>
  () => {
    const count = { login: 0, images: 0 }
    return (sent) => (isLogin(sent) ? login(sent, count.login++) : images(sent, count.images++))
  }

/** The cloud over a password login. */
export const port = (
  handler: () => Http.Handler,
  options?: Cloud.Options
): Layer.Layer<GlanceClient.GlanceClient | Identity.Identity | HttpClient.HttpClient | Http.Http> =>
  Cloud.layer(options).pipe(
    Layer.provideMerge(Keystone.layerPassword(credentials)),
    Layer.provideMerge(Http.layer(handler))
  )

/** The service of images over it. */
export const images = (handler: () => Http.Handler, options?: Cloud.Options) =>
  Layer.provideMerge(Images.layer, port(handler, options))

/** One operation. */
export const list = Effect.flatMap(Images.Images, (images) => images.list())

/** One request through the port. */
export const execute = (request: HttpClientRequest.HttpClientRequest = HttpClientRequest.get("/images")) =>
  Effect.flatMap(GlanceClient.GlanceClient, (http) => http.client.execute(request))

export const logins: Effect.Effect<number, never, Http.Http> = Effect.map(
  Http.sent,
  (all) => all.filter(isLogin).length
)

export const tokens: Effect.Effect<ReadonlyArray<string | undefined>, never, Http.Http> = Effect.map(Http.sent, (all) =>
  all.filter((one) => !isLogin(one)).map(({ headers }) => headers["x-auth-token"])
)
