import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Identity } from "../identity.js"
import { json, lengthOf, orRefusal, readText, requestId, segments } from "../reply.js"
import { dispatch, type Route, route } from "../routes.js"
import type { ApplicationCredential } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import * as applicationCredentials from "./applicationCredentials.js"
import * as assignments from "./assignments.js"
import * as authTokens from "./authTokens.js"
import * as catalog from "./catalog.js"
import type { Context, KeystoneOptions } from "./context.js"
import * as resources from "./resources.js"

const routes: ReadonlyArray<Route<Context, WireResponse>> = [
  route("GET", "", catalog.listVersions),
  route("GET", "v3", catalog.showVersion),
  route("POST", "v3/auth/tokens", authTokens.createToken),
  route("GET", "v3/auth/tokens", authTokens.showToken),
  route("DELETE", "v3/auth/tokens", authTokens.revokeToken),
  route("GET", "v3/auth/catalog", catalog.showCatalog),
  route("GET", "v3/auth/projects", resources.listOwnProjects),
  route("GET", "v3/auth/domains", resources.listOwnDomains),
  route("GET", "v3/auth/system", resources.showOwnSystem),
  route("GET", "v3/projects", resources.listProjects),
  route("GET", "v3/projects/:project", resources.showProject),
  route("GET", "v3/projects/:project/users/:user/roles", assignments.listProjectGrants),
  route("GET", "v3/domains", resources.listDomains),
  route("GET", "v3/domains/:domain", resources.showDomain),
  route("GET", "v3/domains/:domain/users/:user/roles", assignments.listDomainGrants),
  route("GET", "v3/system/users/:user/roles", assignments.listSystemGrants),
  route("GET", "v3/roles", resources.listRoles),
  route("GET", "v3/role_assignments", assignments.listAssignments),
  route("GET", "v3/role_inferences", assignments.listInferences),
  route("GET", "v3/groups", assignments.listGroups),
  route("GET", "v3/groups/:group", assignments.showGroup),
  route("GET", "v3/groups/:group/users", assignments.listGroupUsers),
  route("GET", "v3/credentials", assignments.listCredentials),
  route("GET", "v3/credentials/:credential", assignments.showCredential),
  route("GET", "v3/OS-TRUST/trusts", assignments.listTrusts),
  route("GET", "v3/OS-TRUST/trusts/:trust", assignments.showTrust),
  route("GET", "v3/services", catalog.listServices),
  route("GET", "v3/endpoints", catalog.listEndpoints),
  route("GET", "v3/regions", catalog.listRegions),
  route("GET", "v3/users", resources.listUsers),
  route("GET", "v3/users/:user", resources.showUser),
  route("GET", "v3/users/:user/projects", resources.listUserProjects),
  route("GET", "v3/users/:user/groups", assignments.listUserGroups),
  route("GET", "v3/users/:user/application_credentials", applicationCredentials.listCredentials),
  route("POST", "v3/users/:user/application_credentials", applicationCredentials.createCredential),
  route("GET", "v3/users/:user/application_credentials/:credential", applicationCredentials.showCredential),
  route("DELETE", "v3/users/:user/application_credentials/:credential", applicationCredentials.deleteCredential)
]

/** `max_request_body_size` of oslo.middleware's `sizelimit` filter, which runs before Keystone. */
const largestBody = 114_688

// Flask's responses if no route serves a request. Flask serves HEAD wherever it serves GET.

const notFound = (): WireResponse => ({
  status: 404,
  headers: { "content-type": "text/html; charset=utf-8" },
  body:
    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not " +
    "found on the server. If you entered the URL manually please check your spelling and try again.</p>\n"
})

const notAllowed = (methods: ReadonlyArray<string>): WireResponse => {
  const allowed = methods.flatMap((name) => (name === "GET" ? ["HEAD", "GET"] : [name]))
  return json(
    405,
    { message: "The method is not allowed for the requested URL." },
    { allow: [...allowed, "OPTIONS"].join(", ") }
  )
}

const tooLarge = (limit: number): WireResponse => ({
  status: 413,
  headers: { "content-type": "text/plain; charset=UTF-8" },
  body: `413 Request Entity Too Large\n\nRequest is too large. Larger than max_request_body_size (${limit}).\n\n   `
})

const finish = ({ endpoints, request }: Context, response: WireResponse): WireResponse => {
  const headers = {
    ...response.headers,
    ...(response.status === 401 ? { "www-authenticate": `Keystone uri="${endpoints.identity}/v3"` } : {}),
    vary: "X-Auth-Token",
    "x-openstack-request-id": requestId()
  }
  if (request.method !== "HEAD") return { ...response, headers }
  return { ...response, headers: { ...headers, "content-length": String(lengthOf(response.body) ?? 0) }, body: "" }
}

/** Keystone's Identity API v3, as far as logins, catalogs and the look-ups of command-line tools need it. */
export const makeKeystone = (options: KeystoneOptions): Identity => {
  const credentials = new Map<string, ApplicationCredential>()
  return (request, endpoints) =>
    Effect.gen(function* () {
      const method = request.method === "HEAD" ? "GET" : request.method
      const text = method === "GET" ? "" : yield* readText(request, largestBody)
      const now = yield* Clock.currentTimeMillis
      const query = new URLSearchParams(request.query)
      const base = `${endpoints.identity}/v3`
      const context: Context = { ...options, credentials, request, query, text, endpoints, base, now }
      return finish(
        context,
        orRefusal(() => dispatch(routes, method, segments(request.path), context, { notFound, notAllowed }))
      )
    }).pipe(Effect.catchAll(({ limit }) => Effect.succeed(tooLarge(limit))))
}
