/** The URLs of the services in the catalogs of a cloud. No URL ends in a slash. */
export interface Endpoints {
  /** The root that `/v3` and `/v2.0` are below. */
  readonly identity: string
  readonly image: (region: string) => string
  readonly objectStore: (region: string) => string
}

export const serviceNames = ["identity", "image", "object-store"] as const

export type ServiceName = (typeof serviceNames)[number]

/** The service that an address is of. */
export interface Place {
  readonly service: ServiceName
  readonly region: string
  /** Percent-encoded, begins with `/`. */
  readonly path: string
}

/** The service whose base the URL is below. The longest base wins: `/image/RegionTwo` before `/image`. */
export const locate = (
  endpoints: Endpoints,
  regions: ReadonlyArray<string>,
  url: string,
  services?: ReadonlyArray<ServiceName>
): Place | undefined => {
  let best: (Place & { readonly length: number }) | undefined
  const consider = (service: ServiceName, region: string, base: string) => {
    if (services?.includes(service) === false) return
    if (url !== base && !url.startsWith(`${base}/`)) return
    if (best !== undefined && best.length >= base.length) return
    const rest = url.slice(base.length)
    best = { service, region, path: rest === "" ? "/" : rest, length: base.length }
  }
  consider("identity", regions[0] ?? "", endpoints.identity)
  for (const region of regions) {
    consider("image", region, endpoints.image(region))
    consider("object-store", region, endpoints.objectStore(region))
  }
  return best
}

/** The addresses below one origin: `/identity`, `/image`, `/object-store`, and the same with the name of a further region. */
export const endpointsBelow = (
  origin: string,
  regions: ReadonlyArray<string>,
  mount: { readonly identity: string; readonly image: string; readonly objectStore: string }
): Endpoints => {
  const regional = (path: string) => (region: string) =>
    region === regions[0] ? `${origin}${path}` : `${origin}${path}/${encodeURIComponent(region)}`
  return {
    identity: `${origin}${mount.identity}`,
    image: regional(mount.image),
    objectStore: regional(mount.objectStore)
  }
}

/** The addresses of a cloud without a socket. */
export const memoryEndpoints = (regions: ReadonlyArray<string>): Endpoints => {
  const host = (name: string) => (region: string) =>
    region === regions[0] ? `http://${name}.memory` : `http://${name}.${region.toLowerCase()}.memory`
  return { identity: "http://keystone.memory", image: host("glance"), objectStore: host("swift") }
}
