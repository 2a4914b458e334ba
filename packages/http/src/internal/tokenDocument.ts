/**
 * Reads what identity services say of a token. Clouds leave out fields, or send them as null, so only the token itself
 * is required. No part of a document makes this fail.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Catalog from "../Catalog.js"
import type * as Identity from "../Identity.js"

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An object's field; undefined for what is no object. */
const field = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** A text that is not empty. Ids of older clouds are numbers. */
const textOf = (value: unknown): string | undefined => {
  if (typeof value === "number") return String(value)
  return typeof value === "string" && value.trim() !== "" ? value : undefined
}

/** What a document of either version says of a token. */
interface Document {
  readonly token: string | undefined
  readonly issuedAt: unknown
  readonly expiresAt: unknown
  readonly projectId: unknown
  readonly catalog: Catalog.Catalog
}

/** Times as OpenStack and Rackspace write them. One without a zone is UTC. */
const timeOf = (value: unknown): number | undefined => {
  const match =
    typeof value === "string"
      ? /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$/i.exec(value.trim())
      : null
  if (match === null) return undefined
  const zone = match[3]?.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2") ?? "Z"
  const time = Date.parse(`${match[1]}T${match[2]}${zone}`)
  return Number.isNaN(time) ? undefined : time
}

/** No cloud issues tokens for longer than this; a longer life means that one of its times is wrong. */
const maxLife = 366 * 24 * 60 * 60 * 1000

/**
 * The life of a token that was asked for at a time of this machine's clock. The server's clock may be another, so its
 * two times count by their distance. If it names no time of issue, or one that cannot be, the life ends when the local
 * clock reads what the server names. A token whose end is unknown is renewed when the cloud refuses it.
 */
export const lifetimeOf = (begun: number, issued: unknown, expires: unknown): Identity.Session["lifetime"] => {
  const [issuedAt, expiresAt] = [timeOf(issued), timeOf(expires)]
  if (expiresAt === undefined) return Option.none()
  const life = issuedAt === undefined ? Number.NaN : expiresAt - issuedAt
  return Option.some({ issuedAt: begun, expiresAt: life > 0 && life <= maxLife ? begun + life : expiresAt })
}

/** `publicURL` is an older spelling of `public`. */
const interfaceOf = (value: unknown): string | undefined => textOf(value)?.replace(/URL$/, "")

const faces = ["public", "internal", "admin"] as const

/** The endpoints of a catalog of either version. An entry that lacks its type, interface or URL is left out. */
const catalogOf = (services: unknown): Catalog.Catalog =>
  listOf(services).flatMap((entry) => {
    const service = textOf(field(entry, "type"))
    if (service === undefined) return []
    return listOf(field(entry, "endpoints")).flatMap((each): Catalog.Catalog => {
      const region = textOf(field(each, "region")) ?? textOf(field(each, "region_id")) ?? ""
      const named: ReadonlyArray<readonly [string | undefined, unknown]> = [
        [interfaceOf(field(each, "interface")), field(each, "url")],
        ...faces.map((face) => [face, field(each, `${face}URL`)] as const)
      ]
      return named.flatMap(([face, value]) => {
        const url = textOf(value)
        return face === undefined || url === undefined ? [] : [{ service, region, interface: face, url: url.trim() }]
      })
    })
  })

/** A session, or what the document lacks. */
export type Read = Either.Either<Identity.Session, string>

const sessionOf = (document: Document, begun: number): Read => {
  if (document.token === undefined) return Either.left("the response holds no token")
  return Either.right({
    token: Redacted.make(document.token),
    lifetime: lifetimeOf(begun, document.issuedAt, document.expiresAt),
    projectId: Option.fromNullable(textOf(document.projectId)),
    catalog: document.catalog
  })
}

const isNoToken: Read = Either.left("the JSON does not describe a token, so this is not an identity service")

/** The session in a response of API v3. The token itself is in a header. */
export const version3 = (json: unknown, token: string | undefined, begun: number): Read => {
  const document = field(json, "token")
  if (!isObject(document)) return isNoToken
  const { catalog, expires_at: expiresAt, issued_at: issuedAt, project } = document
  return sessionOf(
    { token: textOf(token), issuedAt, expiresAt, projectId: field(project, "id"), catalog: catalogOf(catalog) },
    begun
  )
}

/** The session in a response of API v2.0, as Rackspace speaks it. */
export const version2 = (json: unknown, begun: number): Read => {
  const access = field(json, "access")
  const document = field(access, "token")
  if (!isObject(document)) return isNoToken
  const { expires: expiresAt, id, issued_at: issuedAt, tenant } = document
  return sessionOf(
    {
      token: textOf(id),
      issuedAt,
      expiresAt,
      projectId: field(tenant, "id"),
      catalog: catalogOf(field(access, "serviceCatalog"))
    },
    begun
  )
}
