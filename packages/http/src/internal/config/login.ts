import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { CloudAuth } from "../../CloudAuth.js"
import { type InvalidCloudSetting, type MissingCloudSetting, UnknownAuthType } from "../../CloudConfigError.js"
import type * as Identity from "../../Identity.js"
import type * as Keystone from "../../Keystone.js"
import type { Reader } from "./reader.js"

type Read<A> = Either.Either<A, InvalidCloudSetting | MissingCloudSetting>

type Login = (reader: Reader, limits: Identity.LoginOptions) => Read<CloudAuth>

/** The domain of users and projects without one. `default_domain` of the command-line client is an id. */
const defaultDomain = (id: string | undefined, name: string | undefined, older: string | undefined) =>
  id === undefined && name === undefined ? { id: older, name } : { id, name }

/** The domain of a user or a project, or the common one. */
const domainOf = ({ option }: Reader, whose: "user" | "project") => {
  const id = option(`${whose}_domain_id`)
  const name = option(`${whose}_domain_name`)
  return id === undefined && name === undefined
    ? defaultDomain(option("default_domain_id"), option("default_domain_name"), option("default_domain"))
    : { id, name }
}

const userOf = (reader: Reader): Keystone.UserOptions => {
  const { id: userDomainId, name: userDomainName } = domainOf(reader, "user")
  const { option } = reader
  return { userId: option("user_id"), username: option("username", "user_name"), userDomainId, userDomainName }
}

const someUser = (reader: Reader): Read<Keystone.UserOptions> => {
  const user = userOf(reader)
  return user.userId === undefined && user.username === undefined
    ? reader.missing(reader.inAuth("username"), reader.inAuth("user_id"))
    : Either.right(user)
}

const scopeOf = (reader: Reader): Read<Keystone.ScopeOptions> => {
  const { inAuth, invalid, option } = reader
  const { id: projectDomainId, name: projectDomainName } = domainOf(reader, "project")
  const target = {
    projectId: option("project_id"),
    projectName: option("project_name"),
    domainId: option("domain_id"),
    domainName: option("domain_name")
  }
  const trustId = option("trust_id")
  if (trustId !== undefined && Object.values(target).some((other) => other !== undefined)) {
    return invalid(inAuth("trust_id"), "cannot stand beside a project or a domain: a token is for one of them")
  }
  const systemScope = option("system_scope")
  if (systemScope !== undefined && systemScope !== "all") return invalid(inAuth("system_scope"), 'can only be "all"')
  return Either.right({ ...target, projectDomainId, projectDomainName, trustId, systemScope })
}

const password: Login = (reader, limits) =>
  Either.gen(function* () {
    const who = { authUrl: yield* reader.authUrl, ...(yield* someUser(reader)), ...(yield* scopeOf(reader)) }
    return { type: "password", options: { ...limits, ...who, password: yield* reader.secret("password") } }
  })

const passwordOfVersion2: Login = (reader, limits) =>
  Either.gen(function* () {
    const { userId, username } = yield* someUser(reader)
    const { projectId, projectName } = yield* scopeOf(reader)
    const who = { authUrl: yield* reader.authUrl, userId, username, projectId, projectName }
    return { type: "rackspacePassword", options: { ...limits, ...who, password: yield* reader.secret("password") } }
  })

/** Version 2.0 has no domains. */
const isOfVersion2 = ({ option }: Reader): boolean =>
  /\/v2\.0(\/+tokens)?\/*$/.test(option("auth_url") ?? "") &&
  ["user_domain", "project_domain", "default_domain", "domain"].every(
    (domain) => option(`${domain as "domain"}_id`) === undefined && option(`${domain as "domain"}_name`) === undefined
  )

const token: Login = (reader, limits) =>
  Either.gen(function* () {
    const who = { authUrl: yield* reader.authUrl, ...(yield* scopeOf(reader)) }
    return { type: "token", options: { ...limits, ...who, token: yield* reader.secret("token") } }
  })

const applicationCredential: Login = (reader, limits) =>
  Either.gen(function* () {
    const { inAuth, option } = reader
    const id = option("application_credential_id")
    const name = option("application_credential_name")
    if (id === undefined && name === undefined) {
      yield* reader.missing(inAuth("application_credential_id"), inAuth("application_credential_name"))
    }
    return {
      type: "applicationCredential",
      options: {
        ...limits,
        authUrl: yield* reader.authUrl,
        ...(id === undefined ? yield* someUser(reader) : userOf(reader)),
        applicationCredentialId: id,
        applicationCredentialName: name,
        applicationCredentialSecret: yield* reader.secret("application_credential_secret")
      }
    }
  })

const totp: Login = (reader, limits) =>
  Either.gen(function* () {
    const who = { authUrl: yield* reader.authUrl, ...(yield* someUser(reader)), ...(yield* scopeOf(reader)) }
    return { type: "totp", options: { ...limits, ...who, passcode: yield* reader.secret("passcode") } }
  })

/** The setting of each factor. */
const factors = new Map([
  ["v3password", "password"],
  ["v3totp", "passcode"],
  ["v3token", "token"],
  ["password", "password"],
  ["totp", "passcode"],
  ["token", "token"]
] as const)

const multiFactor: Login = (reader, limits) =>
  Either.gen(function* () {
    const key = reader.named("auth_methods")
    const methods = reader.list("auth_methods")
    if (methods === undefined) return yield* reader.missing(key)
    const secrets: { [Factor in "password" | "passcode" | "token"]?: Redacted.Redacted<string> } = {}
    for (const method of methods) {
      const factor = (factors as ReadonlyMap<string, keyof typeof secrets>).get(method)
      if (factor === undefined) {
        return yield* reader.invalid(key, `has another method than ${[...factors.keys()].join(", ")}`)
      }
      secrets[factor] = yield* reader.secret(factor)
    }
    const who = { authUrl: yield* reader.authUrl, ...(yield* someUser(reader)), ...(yield* scopeOf(reader)) }
    return { type: "multiFactor", options: { ...limits, ...who, ...secrets } }
  })

const rackspaceApiKey: Login = (reader, limits) =>
  Either.gen(function* () {
    const { username } = userOf(reader)
    if (username === undefined) return yield* reader.missing(reader.inAuth("username"))
    const authUrl = reader.option("auth_url") === undefined ? undefined : yield* reader.authUrl
    return {
      type: "rackspaceApiKey",
      options: { ...limits, authUrl, username, apiKey: yield* reader.secret("api_key") }
    }
  })

const adminToken: Login = (reader) =>
  Either.map(reader.secret("token"), (token) => ({ type: "adminToken", options: { token } }))

const logins: ReadonlyMap<string, Login> = new Map([
  // Without a version, the URL decides.
  ["password", (reader, limits) => (isOfVersion2(reader) ? passwordOfVersion2 : password)(reader, limits)],
  ["v3password", password],
  ["token", token],
  ["v3token", token],
  ["v3applicationcredential", applicationCredential],
  ["v3totp", totp],
  ["v3multifactor", multiFactor],
  ["v2password", passwordOfVersion2],
  ["rackspace_password", passwordOfVersion2],
  ["rackspace_apikey", rackspaceApiKey],
  ["none", () => Either.right({ type: "none", options: {} })],
  ["admin_token", adminToken],
  ["token_endpoint", adminToken]
] satisfies ReadonlyArray<readonly [string, Login]>)

/** Refuses a login by password whose settings are those of an application credential. */
const unlike = ({ authType, inAuth, invalid, named, option }: Reader): Either.Either<void, InvalidCloudSetting> => {
  const key = (
    ["application_credential_id", "application_credential_name", "application_credential_secret"] as const
  ).find((each) => option(each) !== undefined)
  return key === undefined
    ? Either.void
    : invalid(named("auth_type"), `is "${authType}", but ${inAuth(key)} belongs to "v3applicationcredential"`)
}

/** Reads the login, and the URL of the image service if it is configured. */
export const read = (reader: Reader, limits: Identity.LoginOptions) =>
  Either.gen(function* () {
    const { authType, invalid, named, place } = reader
    const login = logins.get(authType)
    if (login === undefined) {
      const known = [...logins.keys()]
      return yield* Either.left(new UnknownAuthType({ ...place, key: named("auth_type"), authType, known }))
    }
    if (Option.isSome(reader.stranger)) yield* invalid(...reader.stranger.value)
    if (/^(v3)?password$/.test(authType) && reader.option("password") === undefined) yield* unlike(reader)
    const auth = yield* login(reader, limits)
    const override = (yield* reader.url("image_endpoint_override")) ?? (yield* reader.url("image_endpoint"))
    const withoutCatalog = auth.type === "none" || auth.type === "adminToken"
    const endpoint = override ?? (withoutCatalog ? yield* reader.optionUrl("endpoint", "url") : undefined)
    if (withoutCatalog && endpoint === undefined) {
      yield* reader.missing(reader.inAuth("endpoint"), named("image_endpoint_override"))
    }
    return { auth, endpoint: Option.fromNullable(endpoint) }
  })
