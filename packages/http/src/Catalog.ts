/**
 * The catalog of a cloud: the services and their endpoints.
 *
 * @since 0.1.0
 */
import * as ForeignText from "@effect-glance/core/ForeignText"
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Url from "./internal/url.js"

/**
 * One endpoint of one service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** Such as `image`. */
  readonly service: string
  /** The name of the region. An empty name or `*` means that the endpoint serves every region. */
  readonly region: string
  /** `public`, `internal` or `admin`. */
  readonly interface: string
  readonly url: string
}

/**
 * The endpoints of a cloud, in the order in which it lists them.
 *
 * @since 0.1.0
 * @category models
 */
export type Catalog = ReadonlyArray<Endpoint>

/**
 * Which of a service's endpoints is wanted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selection {
  /**
   * The name of the region.
   *
   * @default the first region that has the service
   */
  readonly region?: string | undefined
  /**
   * For whom the endpoint is.
   *
   * @default "public"
   */
  readonly interface?: "public" | "internal" | "admin" | undefined
}

/**
 * Whether an endpoint serves every region: its entry names no region, or `*`.
 *
 * @since 0.1.0
 * @category getters
 */
export const isGlobal = ({ region }: Pick<Endpoint, "region">): boolean => region === "" || region === "*"

/** An error lists no more endpoints than this: catalogs of public clouds have hundreds. */
const maxListed = 40

const described = ({ interface: face, region, service }: Endpoint): string =>
  [service, isGlobal({ region }) ? "(every region)" : region, face]
    .map((part) => ForeignText.show(part, { maxLength: 64 }))
    .join(" ")

const listed = (catalog: Catalog): ReadonlyArray<string> => [
  ...catalog.slice(0, maxListed).map(described),
  ...(catalog.length > maxListed ? [`${catalog.length - maxListed} more`] : [])
]

/**
 * Returns the first endpoint of a service in the region and for the interface that are wanted. If no entry names the
 * region, an entry for every region is used. Fails with `EndpointNotFound` if there is neither.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (
  catalog: Catalog,
  service: string,
  { interface: wanted = "public", region }: Selection = {}
): Either.Either<Endpoint, GlanceError.EndpointNotFound> => {
  const candidates = catalog.filter((each) => each.service === service && each.interface === wanted)
  const found =
    region === undefined || isGlobal({ region })
      ? candidates[0]
      : (candidates.find((each) => each.region === region) ?? candidates.find(isGlobal))
  return found === undefined
    ? Either.left(
        new GlanceError.EndpointNotFound({
          service,
          region: Option.fromNullable(region),
          interface: wanted,
          available: listed(catalog)
        })
      )
    : Either.right(found)
}

/**
 * Returns the URL of a service, without a slash at its end.
 *
 * @since 0.1.0
 * @category getters
 */
export const endpoint = (
  catalog: Catalog,
  service: string,
  selection?: Selection
): Either.Either<string, GlanceError.EndpointNotFound> =>
  Either.map(find(catalog, service, selection), ({ url }) => Url.root(url))

/**
 * Returns the root of version 2 of an image endpoint, in whichever shape a catalog or a person gives it. A version 2.x in
 * the URL stays. Another version (`/v1`, `/v1.1`) becomes `/v2`, as openstacksdk does. Otherwise `/v2` is appended. A
 * prefix before the version stays, and so does a project after it, as in the catalog of Rackspace.
 *
 * @since 0.1.0
 * @category getters
 */
export const imageRoot = (url: string): string => {
  const base = Url.root(url)
  const version = versionIn(base)
  if (version === undefined) return `${base}/v2`
  return version.isSpoken ? base : `${base.slice(0, version.start)}/v2${base.slice(version.end)}`
}

/**
 * Returns the part of an image endpoint that is above its versions: nothing from the segment on that names a version.
 *
 * @since 0.1.0
 * @category getters
 */
export const unversionedRoot = (url: string): string => {
  const base = Url.root(url)
  return base.slice(0, versionIn(base)?.start)
}

/**
 * The segment that names a version. A host may have any name. Version 2 may stand anywhere, any other version only at
 * the end or before the id of a project: a gateway may have a version of its own in front (`/api/v1/image`).
 */
const versionIn = (
  url: string
): { readonly start: number; readonly end: number; readonly isSpoken: boolean } | undefined => {
  const host = /^\w+:\/\/[^/]*/.exec(url)?.[0].length ?? 0
  const path = url.slice(host)
  for (const isSpoken of [true, false]) {
    const pattern = isSpoken ? /\/v2(\.\d+)?(?=\/|$)/ : /\/v\d{1,9}(\.\d{1,9})?(?=(\/[^/\d]{0,99}\d[^/]*)?$)/
    const match = pattern.exec(path)
    if (match !== null) return { start: host + match.index, end: host + match.index + match[0].length, isSpoken }
  }
  return undefined
}
