/**
 * What Keystone knows about the caller and about projects: who the token is for, and the id of a project that is known by
 * its name. Glance knows projects by their ids only.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Answer from "@effect-glance/core/Answer"
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as GlanceClient from "@effect-glance/core/GlanceClient"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as ResponseBody from "@effect-glance/core/ResponseBody"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity as same } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Circuit from "./Circuit.js"
import * as Identity from "./Identity.js"
import { auth } from "./internal/client/auth.js"
import { limits } from "./internal/client/limits.js"
import { redact } from "./internal/client/redact.js"
import { isRepeatableMethod, retry } from "./internal/client/retry.js"
import { sendable } from "./internal/client/sendable.js"
import { telemetry } from "./internal/client/telemetry.js"
import * as Persistence from "./internal/persistence.js"
import * as Url from "./internal/url.js"

/**
 * Where Keystone is, and how persistent a request is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Identity.LoginOptions {
  /** The URL that logins use, with or without a version. */
  readonly authUrl: string
}

/**
 * A project.
 *
 * @since 0.1.0
 * @category models
 */
export interface Project {
  readonly id: string
  readonly name: string
  /** The id of its domain. */
  readonly domainId: Option.Option<string>
}

/**
 * What Keystone says about a token.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenDetails {
  readonly user: { readonly id: string; readonly name: string }
  /** The project of the token, if it is for one. */
  readonly project: Option.Option<Project>
  /** The id of the domain of the token, if it is for one. */
  readonly domainId: Option.Option<string>
  /** Whether the token is for the whole system. */
  readonly isSystem: boolean
  readonly roles: ReadonlyArray<string>
  /** The time as Keystone writes it, such as `2026-01-31T12:00:00.000000Z`. */
  readonly expiresAt: string
}

/**
 * How a project is found.
 *
 * @since 0.1.0
 * @category models
 */
export interface FindOptions {
  /** The name or the id of the project's domain. @default every domain */
  readonly domain?: string | undefined
}

const { TaggedError } = ForeignText

const where = (domain: Option.Option<string>): string =>
  Option.match(domain, { onNone: () => "", onSome: (name) => ` in the domain ${JSON.stringify(name)}` })

const names = { project: Schema.String, domain: Schema.optionalWith(Schema.String, { as: "Option" }) }

/**
 * No project that the caller may see has this id or name.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProjectNotFound extends TaggedError<ProjectNotFound>("@effect-glance/http/ProjectNotFound")(
  "ProjectNotFound",
  names,
  ({ domain, project }) => `there is no project with the name or the id ${JSON.stringify(project)}${where(domain)}`
) {}

/**
 * Projects of several domains have this name.
 *
 * @since 0.1.0
 * @category errors
 */
export class AmbiguousProject extends TaggedError<AmbiguousProject>("@effect-glance/http/AmbiguousProject")(
  "AmbiguousProject",
  { ...names, projectIds: Schema.Array(Schema.String) },
  ({ domain, project, projectIds }) =>
    `several projects have the name ${JSON.stringify(project)}${where(domain)}: ${projectIds.join(", ")}; name one by its id or its domain`
) {}

// The errors of each operation.
export type TokenError = GlanceError.RequestError
export type FindProjectError = GlanceError.RequestError | ProjectNotFound | AmbiguousProject

/**
 * The operations on Keystone.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Returns what Keystone says about the token of the caller.
   *
   * @see https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token
   */
  readonly token: Effect.Effect<TokenDetails, TokenError>
  /**
   * Finds a project by its id or its name. A project with this id comes first. Callers who may not list all projects find
   * only those that they can log in to; for another one the operation fails with `Forbidden`.
   *
   * @see https://docs.openstack.org/api-ref/identity/v3/#list-projects
   * @see https://docs.openstack.org/api-ref/identity/v3/#get-available-project-scopes
   */
  readonly findProject: (nameOrId: string, options?: FindOptions) => Effect.Effect<Project, FindProjectError>
}

/**
 * The service of lookups in Keystone.
 *
 * @since 0.1.0
 * @category tags
 * @example
 * ```ts
 * import * as ImageMembers from "@effect-glance/core/ImageMembers"
 * import * as Directory from "@effect-glance/http/Directory"
 * import * as Effect from "effect/Effect"
 *
 * const shareByName = (imageId: string, projectName: string) =>
 *   Effect.gen(function* () {
 *     const directory = yield* Directory.Directory
 *     const members = yield* ImageMembers.ImageMembers
 *     const project = yield* directory.findProject(projectName)
 *     return yield* members.add(imageId, project.id)
 *   })
 * ```
 */
export class Directory extends Context.Tag("@effect-glance/http/Directory")<Directory, Service>() {}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { as: "Option", nullable: true })

const WireProject = Schema.Struct({ id: Schema.String, name: Schema.String, domain_id: optional(Schema.String) })

const Named = Schema.Struct({ id: Schema.String, name: Schema.String })

const WireToken = Schema.Struct({
  token: Schema.Struct({
    user: Named,
    project: optional(Schema.Struct({ ...Named.fields, domain: optional(Schema.Struct({ id: Schema.String })) })),
    domain: optional(Schema.Struct({ id: Schema.String })),
    system: optional(Schema.Unknown),
    roles: Schema.optionalWith(Schema.Array(Schema.Struct({ name: Schema.String })), { default: () => [] }),
    expires_at: Schema.String
  })
})

const Projects = Schema.Struct({ projects: Schema.Array(WireProject) })
const OneProject = Schema.Struct({ project: WireProject })
const Domains = Schema.Struct({ domains: Schema.Array(Named) })

const projectOf = ({ domain_id: domainId, id, name }: typeof WireProject.Type): Project => ({ id, name, domainId })

/** The error of a status. Of those that Glance and Keystone share, it is the same as that of Glance. */
const refusal = (answer: Answer.Answer, retryAfter: Option.Option<Duration.Duration>): GlanceError.RequestError => {
  switch (answer.status) {
    case 400:
      return new GlanceError.BadRequest(answer)
    case 401:
      return new GlanceError.AuthenticationFailed(answer)
    case 403:
      return new GlanceError.Forbidden(answer)
    case 429:
      return new GlanceError.RateLimited({ ...answer, retryAfter })
    case 502:
    case 503:
    case 504:
      return new GlanceError.ServiceUnavailable({ ...answer, retryAfter })
    default:
      return answer.status >= 500 ? new GlanceError.ServerError(answer) : new GlanceError.UnexpectedStatus(answer)
  }
}

/** Whether a record does not exist, or the caller may not know whether it does. */
const isHidden = (error: GlanceError.RequestError): boolean =>
  error._tag === "Forbidden" || (error._tag === "UnexpectedStatus" && error.status === 404)

/** The longest body that is read, in bytes. A catalog of thousands of endpoints is a few megabytes long. */
const maxBody = 16 * 2 ** 20

/**
 * The service on the identity and the HTTP client of the context. Nothing is sent before the first operation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({
  authUrl,
  ...options
}: Options): Effect.Effect<Service, never, Identity.Identity | HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const identity = yield* Identity.Identity
    const runtimeClient = yield* HttpClient.HttpClient
    const fetchOptions = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
    const circuit = Option.getOrUndefined(yield* Effect.serviceOption(Circuit.Circuit))
    const persistence = Persistence.of(options)
    const { timeLimit } = persistence
    const client = runtimeClient.pipe(
      redact,
      telemetry,
      sendable,
      limits({ circuit, timeLimit }),
      retry({ ...persistence, circuit, isRepeatable: isRepeatableMethod }),
      auth(identity, () => Either.right(`${Url.identityRoot(authUrl)}/v3`), fetchOptions)
    )

    const get = <A, I>(
      path: string,
      schema: Schema.Schema<A, I>,
      params: Readonly<Record<string, string>> = {},
      headers: Readonly<Record<string, string>> = {}
    ): Effect.Effect<A, GlanceError.RequestError> =>
      Effect.gen(function* () {
        const { name: operation } = yield* GlanceClient.Operation
        const request = HttpClientRequest.get(path, { headers: { accept: "application/json", ...headers } }).pipe(
          HttpClientRequest.setUrlParams(params)
        )
        const response = yield* Effect.mapError(client.execute(request), (error) =>
          HttpClientError.isHttpClientError(error) ? GlanceError.transportError(operation, error) : error
        )
        if (response.status < 200 || response.status >= 300) {
          const answer = yield* Answer.read(operation, request, response)
          return yield* refusal(answer, yield* Answer.retryAfterOf(response.headers))
        }
        const unreadable = (detail: string) =>
          new GlanceError.UnexpectedAnswer({
            ...Answer.answer(operation, request, response, detail),
            record: Option.none()
          })
        const text = yield* Effect.mapError(ResponseBody.read(response, maxBody), (error) =>
          error._tag === "RefusedBody" ? unreadable(error.detail) : GlanceError.transportError(operation, error)
        )
        return yield* Effect.mapError(Schema.decodeUnknown(Schema.parseJson(schema))(text), () =>
          unreadable("not the JSON of an identity service")
        )
      })

    const operation =
      (name: string) =>
      <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | GlanceError.TimeLimitExceeded> =>
        effect.pipe(
          Effect.provideService(GlanceClient.Operation, { name, hold: same }),
          Effect.timeoutFail({
            duration: timeLimit,
            onTimeout: () => new GlanceError.TimeLimitExceeded({ operation: name, limit: timeLimit })
          }),
          Effect.withSpan(name)
        )

    /** The record with this id. None if the caller may not see it, because it may also be meant by its name. */
    const byId = <A, I>(path: string, schema: Schema.Schema<A, I>) =>
      get(path, schema).pipe(
        Effect.asSome,
        Effect.catchIf(isHidden, () => Effect.succeedNone)
      )

    const domainId = (nameOrId: string) =>
      get("/domains", Domains, { name: nameOrId }).pipe(
        Effect.map(({ domains }) => domains.find(({ name }) => name === nameOrId)?.id ?? nameOrId),
        // Only administrators see domains. An id needs no lookup.
        Effect.catchIf(isHidden, () => Effect.succeed(nameOrId))
      )

    const named = (nameOrId: string, domain: string | undefined) =>
      get("/projects", Projects, { name: nameOrId, ...(domain === undefined ? {} : { domain_id: domain }) }).pipe(
        Effect.catchIf(
          (error): error is GlanceError.Forbidden => error._tag === "Forbidden",
          (forbidden) =>
            Effect.flatMap(get("/auth/projects", Projects), ({ projects }) => {
              const own = projects.filter(({ domain_id: id }) => domain === undefined || Option.contains(id, domain))
              return own.some(({ name }) => name === nameOrId) ? Effect.succeed({ projects: own }) : forbidden
            })
        ),
        Effect.map(({ projects }) => projects.filter(({ name }) => name === nameOrId))
      )

    return {
      token: Effect.gen(function* () {
        const { token } = yield* identity.session
        const { token: found } = yield* get("/auth/tokens", WireToken, {}, { "x-subject-token": Redacted.value(token) })
        return {
          user: found.user,
          project: Option.map(found.project, ({ domain, id, name }) => ({
            id,
            name,
            domainId: Option.map(domain, ({ id }) => id)
          })),
          domainId: Option.map(found.domain, ({ id }) => id),
          isSystem: Option.isSome(found.system),
          roles: found.roles.map(({ name }) => name),
          expiresAt: found.expires_at
        }
      }).pipe(operation("Directory.token")),
      findProject: (nameOrId, { domain } = {}) =>
        Effect.gen(function* () {
          const found = yield* byId(`/projects/${encodeURIComponent(nameOrId)}`, OneProject)
          if (Option.isSome(found)) return projectOf(found.value.project)
          const [project, ...more] = yield* named(nameOrId, domain === undefined ? undefined : yield* domainId(domain))
          const what = { project: nameOrId, domain: Option.fromNullable(domain) }
          if (project === undefined) return yield* new ProjectNotFound(what)
          if (more.length > 0) {
            return yield* new AmbiguousProject({ ...what, projectIds: [project, ...more].map(({ id }) => id) })
          }
          return projectOf(project)
        }).pipe(operation("Directory.findProject"))
    }
  })

/**
 * {@link make} as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Directory, never, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(Directory, make(options))

/**
 * {@link layer} with options that are read from the `ConfigProvider`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Directory, ConfigError.ConfigError, Identity.Identity | HttpClient.HttpClient> =>
  Layer.effect(Directory, Effect.flatMap(Config.unwrap(options), make))
