/**
 * The catalog of a cloud: which service answers where.
 *
 * @since 0.1.0
 */
import * as GlanceError from "@effect-glance/core/GlanceError"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

/**
 * One endpoint of one service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** Such as `image`. */
  readonly service: string
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
 * The first endpoint of a service that is as wanted.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (
  catalog: Catalog,
  service: string,
  { interface: wanted = "public", region }: Selection = {}
): Either.Either<Endpoint, GlanceError.EndpointNotFound> => {
  const found = catalog.find(
    (each) => each.service === service && each.interface === wanted && (region === undefined || each.region === region)
  )
  return found === undefined
    ? Either.left(
        new GlanceError.EndpointNotFound({
          service,
          region: Option.fromNullable(region),
          interface: wanted,
          available: catalog.map((each) => `${each.service} ${each.region} ${each.interface}`)
        })
      )
    : Either.right(found)
}

/**
 * The URL of a service, without a slash at its end.
 *
 * @since 0.1.0
 * @category getters
 */
export const endpoint = (
  catalog: Catalog,
  service: string,
  selection?: Selection
): Either.Either<string, GlanceError.EndpointNotFound> =>
  Either.map(find(catalog, service, selection), ({ url }) => root(url))

/** What paths can be put after. A URL with a password that is not encoded is left as it is, so that it is refused. */
const root = (url: string): string =>
  Secrets.hasDubiousHost(url) ? url : url.replace(/[?#].*$/s, "").replace(/\/+$/, "")

/**
 * The versioned root of an image endpoint, in whichever shape a catalog or a person gives it: `/v2` is put at its end
 * only where no segment names a version, so that a prefix before it and a project after it stay.
 *
 * @since 0.1.0
 * @category getters
 */
export const imageRoot = (url: string): string => {
  const base = root(url)
  return versionIn(base) < 0 ? `${base}/v2` : base
}

/**
 * What is above the versions of an image endpoint: nothing of it from the segment on that names a version.
 *
 * @since 0.1.0
 * @category getters
 */
export const unversionedRoot = (url: string): string => {
  const base = root(url)
  const version = versionIn(base)
  return version < 0 ? base : base.slice(0, version)
}

/** Where the segment begins that names a version, or -1. A host may be called anything. */
const versionIn = (url: string): number => {
  const host = /^\w+:\/\/[^/]*/.exec(url)?.[0].length ?? 0
  const version = url.slice(host).search(/\/v2(\.\d+)?(\/|$)/)
  return version < 0 ? -1 : host + version
}
