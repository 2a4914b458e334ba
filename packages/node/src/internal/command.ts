/** The command line of `glance-memory`: what each flag means for the cloud and for its server. */

import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as Duration from "effect/Duration"

const text = { type: "string" } as const
const texts = { type: "string", multiple: true } as const
const flag = { type: "boolean" } as const

/** For `parseArgs` of `node:util`. */
export const flags = {
  port: text,
  host: text,
  "allow-host": texts,
  "cors-origin": texts,
  "cors-as-glance": flag,
  "no-cors": flag,
  domain: texts,
  project: texts,
  user: texts,
  region: texts,
  "token-lifetime": text,
  image: texts,
  container: texts,
  store: texts,
  "default-store": text,
  "single-store": flag,
  quota: texts,
  "page-size": text,
  "max-page-size": text,
  "import-method": texts,
  "import-host": texts,
  "import-delay": text,
  "import-duration": text,
  "task-duration": text,
  "task-lifetime": text,
  "cache-duration": text,
  "no-cache": flag,
  "cache-routes": flag,
  "location-routes": flag,
  "show-locations": flag,
  "show-direct-url": flag,
  "v20-add": flag,
  release: text,
  "hashing-algorithm": text,
  rackspace: flag,
  "count-only": flag,
  "requests-kept": text,
  "allow-fetch": flag,
  "fetch-bytes": text,
  "fetch-time": text,
  help: flag
} as const

export const usage = `glance-memory: a Glance, and the Keystone it needs, in memory, until it is stopped.

Server
  --port PORT             where to listen (default: any free port)
  --host HOST             the address to listen on (default: 127.0.0.1)
  --allow-host NAME       a name in the Host header besides localhost and addresses; * for every name
  --cors-origin ORIGIN    an origin whose pages may use the cloud; * for every origin (default: this machine's)
  --cors-as-glance        only the methods and headers that a Glance allows by default
  --no-cors               no cross-origin requests

Who there is
  --project NAME[,id=ID][,domain=NAME][,description=TEXT][,disabled]   (default: demo, guest; always: admin)
  --user NAME[,password=TEXT][,key=TEXT][,roles=PROJECT:ROLE+ROLE;...][,default=PROJECT]
         [,domain=NAME][,domain-roles=DOMAIN:ROLE;...][,system-roles=ROLE+ROLE][,id=ID][,disabled]
                          (default: a user for each project, of its name; always: admin)
  --domain NAME           besides Default
  --region NAME           each has a Glance of its own (default: RegionOne)
  --token-lifetime TIME   (default: 1 hour)

What there is
  --image NAME,owner=PROJECT[,id=ID][,file=PATH][,size=BYTES][,status=queued|active|deactivated]
         [,visibility=...][,disk-format=...][,container-format=...][,min-disk=N][,min-ram=N][,protected][,hidden]
         [,tags=A+B][,properties=KEY:VALUE;...][,members=PROJECT:STATUS;...][,stores=A+B][,region=NAME]
         [,created=TIMESTAMP][,updated=TIMESTAMP]
  --container PROJECT:NAME  a container of the object store
  --store ID[,type=http][,description=TEXT][,weight=N][,capacity=BYTES]   (default: fast, slow, web)
  --default-store ID      (default: the first)
  --single-store          one store without a name

How it behaves
  --release VERSION       25.1 (OpenStack 2022.2) or 30.0 (OpenStack 2025.1) of Glance (default: 25.1)
  --hashing-algorithm NAME  of os_hash_value, as Python's hashlib names it, such as sha3_512 (default: sha512)
  --quota NAME=NUMBER     members, properties, tags, locations, imageSize (bytes) or storage (bytes)
  --page-size N, --max-page-size N              (default: 25, 1000)
  --import-method NAME    (default: glance-direct, web-download, copy-image, glance-download)
  --import-delay TIME     how long an import waits before it begins (default: 0)
  --import-duration TIME  how long it takes, in each store (default: 0)
  --task-duration TIME    how long a Rackspace task is pending, and again processing (default: --import-duration)
  --task-lifetime TIME    how long a finished task is kept (default: 48 hours)
  --cache-duration TIME   how long one queued image takes to come into the cache (default: 0)
  --no-cache, --cache-routes, --location-routes, --show-locations, --show-direct-url, --v20-add
  --rackspace             behave as Rackspace's Cloud Images do
  --count-only            count and hash what is uploaded, and keep none of it
  --requests-kept N       (default: 10,000)

The web
  --allow-fetch           read http and https addresses for imports and locations (default: none is read)
  --fetch-bytes N         of one download (default: 4 GiB)
  --fetch-time TIME       of one download (default: 1 hour)
  --import-host HOST      a host that may be read from (default: every host)

  --help

TIME is a number with a unit, such as "10 seconds", 10s, 5m or 1h. A comma within a value is written \\,
May be repeated: --allow-host, --cors-origin, --project, --user, --domain, --region, --image, --container, --store,
--quota, --import-method, --import-host.

It prints the variables to log in with, and the users with their passwords.
`

/** What was passed, as `parseArgs` reads {@link flags}. */
export type Values = {
  readonly [F in keyof typeof flags]?:
    | ((typeof flags)[F] extends { readonly multiple: true }
        ? ReadonlyArray<string>
        : (typeof flags)[F] extends { readonly type: "string" }
          ? string
          : boolean)
    | undefined
}

/** Says what is wrong with a flag, in a sentence for its user. */
export class UsageError extends Error {}

const wrong = (flag: string, value: string, expected: string): UsageError =>
  new UsageError(`--${flag} ${value}: expected ${expected}`)

/** Makes a parser skip a flag or a field that is not set. */
const optional =
  <A>(parse: (flag: string, value: string) => A) =>
  (flag: string, value: string | undefined): A | undefined =>
    value === undefined ? undefined : parse(flag, value)

const natural = (flag: string, value: string): number => {
  if (!/^\d{1,15}$/.test(value)) throw wrong(flag, value, "a number that is not negative")
  return Number(value)
}

const units: Readonly<Record<string, string>> = { ms: "millis", s: "seconds", m: "minutes", h: "hours", d: "days" }

const duration = (flag: string, value: string): Duration.Duration => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/.exec(value.trim()) ?? []
  const name = units[unit] ?? unit
  const parsed =
    amount === "" ? undefined : Duration.decodeUnknown(name === "" ? Number(amount) * 1000 : `${amount} ${name}`)
  if (parsed === undefined || parsed._tag === "None") throw wrong(flag, value, 'a time such as "10 seconds" or 10s')
  return parsed.value
}

const timestamp = (flag: string, value: string): number => {
  const millis = Date.parse(value)
  if (Number.isNaN(millis)) throw wrong(flag, value, "a timestamp such as 2026-01-31T12:00:00Z")
  return millis
}

const optionalNumber = optional(natural)
const optionalDuration = optional(duration)
const optionalTimestamp = optional(timestamp)

type Fields = ReadonlyMap<string, string>

/** `NAME,key=value,key`: a key alone is a switch. */
const fields = (flag: string, value: string, known: ReadonlyArray<string>): readonly [name: string, Fields] => {
  const [name = "", ...rest] = value.split(/(?<!\\),/).map((part) => part.replaceAll("\\,", ","))
  if (name === "") throw wrong(flag, value, "a name first")
  const found = new Map<string, string>()
  for (const part of rest) {
    const mark = part.indexOf("=")
    const key = mark < 0 ? part : part.slice(0, mark)
    if (!known.includes(key)) throw wrong(flag, value, `one of ${known.join(", ")} instead of ${key}`)
    found.set(key, mark < 0 ? "" : part.slice(mark + 1))
  }
  return [name, found]
}

const list = (value: string | undefined): ReadonlyArray<string> | undefined =>
  value?.split("+").filter((item) => item !== "")

/** `KEY:VALUE;KEY:VALUE`. A value may contain colons. */
const pairs = (flag: string, value: string | undefined): Readonly<Record<string, string>> | undefined =>
  value === undefined
    ? undefined
    : Object.fromEntries(
        value.split(";").map((pair) => {
          const mark = pair.indexOf(":")
          if (mark <= 0) throw wrong(flag, pair, "KEY:VALUE")
          return [pair.slice(0, mark), pair.slice(mark + 1)] as const
        })
      )

const roles = (flag: string, value: string | undefined) => {
  const found = pairs(flag, value)
  return found && Object.fromEntries(Object.entries(found).map(([key, names]) => [key, list(names) ?? []]))
}

const oneOf = <A extends string>(flag: string, value: string | undefined, known: ReadonlyArray<A>): A | undefined => {
  if (value === undefined) return undefined
  const found = known.find((one) => one === value)
  if (found === undefined) throw wrong(flag, value, `one of ${known.join(", ")}`)
  return found
}

const project = (value: string): MemoryCloud.ProjectOptions => {
  const [name, given] = fields("project", value, ["id", "domain", "description", "disabled"])
  return {
    name,
    id: given.get("id"),
    domain: given.get("domain"),
    description: given.get("description"),
    enabled: !given.has("disabled")
  }
}

const user = (value: string): MemoryCloud.UserOptions => {
  const known = ["id", "password", "key", "domain", "roles", "domain-roles", "system-roles", "default", "disabled"]
  const [name, given] = fields("user", value, known)
  return {
    name,
    id: given.get("id"),
    password: given.get("password"),
    apiKey: given.get("key"),
    domain: given.get("domain"),
    roles: roles("user", given.get("roles")),
    domainRoles: roles("user", given.get("domain-roles")),
    systemRoles: list(given.get("system-roles")),
    defaultProject: given.get("default"),
    enabled: !given.has("disabled")
  }
}

const store = (value: string): MemoryCloud.StoreOptions => {
  const [id, given] = fields("store", value, ["type", "description", "weight", "capacity"])
  return {
    id,
    type: oneOf("store", given.get("type"), ["file", "http"]),
    description: given.get("description"),
    weight: optionalNumber("store", given.get("weight")),
    capacity: optionalNumber("store", given.get("capacity"))
  }
}

const imageFields = [
  ...["id", "owner", "file", "size", "status", "visibility", "disk-format", "container-format", "min-disk", "min-ram"],
  ...["protected", "hidden", "tags", "properties", "members", "stores", "region", "created", "updated"]
]

const image = (value: string, readFile: (path: string) => Uint8Array): MemoryCloud.ImageOptions => {
  const [name, given] = fields("image", value, imageFields)
  const owner = given.get("owner")
  if (owner === undefined) throw wrong("image", value, "an owner=PROJECT")
  const statuses = ["pending", "accepted", "rejected"] as const
  const file = given.get("file")
  return {
    name,
    owner,
    id: given.get("id"),
    data: file === undefined ? undefined : readFile(file),
    size: optionalNumber("image", given.get("size")),
    status: oneOf("image", given.get("status"), ["queued", "active", "deactivated"]),
    visibility: oneOf("image", given.get("visibility"), ["public", "private", "shared", "community"]),
    diskFormat: given.get("disk-format"),
    containerFormat: given.get("container-format"),
    minDisk: optionalNumber("image", given.get("min-disk")),
    minRam: optionalNumber("image", given.get("min-ram")),
    protected: given.has("protected"),
    osHidden: given.has("hidden"),
    tags: list(given.get("tags")),
    properties: pairs("image", given.get("properties")),
    members: Object.fromEntries(
      Object.entries(pairs("image", given.get("members")) ?? {}).map(([id, status]) => [
        id,
        oneOf("image", status, statuses) ?? "pending"
      ])
    ),
    stores: list(given.get("stores")),
    region: given.get("region"),
    createdAt: optionalTimestamp("image", given.get("created")),
    updatedAt: optionalTimestamp("image", given.get("updated"))
  }
}

const quotaNames = ["members", "properties", "tags", "locations", "imageSize", "storage"] as const

const quotas = (values: ReadonlyArray<string>): MemoryCloud.Quotas =>
  Object.fromEntries(
    values.map((value) => {
      const mark = value.indexOf("=")
      const name = oneOf("quota", value.slice(0, Math.max(0, mark)), quotaNames)
      return [name, natural("quota", value.slice(mark + 1))]
    })
  )

const containers = (values: ReadonlyArray<string>): Readonly<Record<string, ReadonlyArray<string>>> => {
  const found: Record<string, ReadonlyArray<string>> = Object.create(null)
  for (const value of values) {
    const mark = value.indexOf(":")
    if (mark <= 0 || mark === value.length - 1) throw wrong("container", value, "PROJECT:NAME")
    const owner = value.slice(0, mark)
    found[owner] = [...(found[owner] ?? []), value.slice(mark + 1)]
  }
  return found
}

/** Functions, which no flag can pass. */
type NotFlags = "hasher" | "onImport" | "fetchUri"

/** Every option of a cloud, so that one without a flag does not compile. */
type FromFlags = { readonly [K in Exclude<keyof MemoryCloud.Options, NotFlags>]-?: MemoryCloud.Options[K] | undefined }

export const cloudOptions = (values: Values, readFile: (path: string) => Uint8Array): FromFlags => {
  const number = (flag: "page-size" | "max-page-size" | "requests-kept") => optionalNumber(flag, values[flag])
  const time = (flag: Extract<keyof Values, `${string}-${"delay" | "duration" | "lifetime"}`>) =>
    optionalDuration(flag, values[flag])
  return {
    domains: values.domain,
    projects: values.project?.map(project),
    users: values.user?.map(user),
    regions: values.region,
    tokenLifetime: time("token-lifetime"),
    requestsKept: number("requests-kept"),
    images: values.image?.map((value) => image(value, readFile)),
    containers: values.container && containers(values.container),
    pageSize: number("page-size"),
    maxPageSize: number("max-page-size"),
    quotas: values.quota && quotas(values.quota),
    stores: values.store?.map(store),
    defaultStore: values["default-store"],
    multiStore: values["single-store"] !== true,
    importMethods: values["import-method"],
    importDelay: time("import-delay"),
    importDuration: time("import-duration"),
    taskDuration: time("task-duration"),
    taskTimeToLive: time("task-lifetime"),
    bytes: values["count-only"] === true ? "hash" : "keep",
    showMultipleLocations: values["show-locations"],
    showDirectUrl: values["show-direct-url"],
    locationRoutes: values["location-routes"],
    cache: values["no-cache"] !== true,
    cacheDuration: time("cache-duration"),
    cacheRoutes: values["cache-routes"],
    flavour: values.rackspace === true ? "rackspace" : "openstack",
    v20Add: values["v20-add"],
    release: oneOf("release", values.release, ["25.1", "30.0"]),
    hashingAlgorithm: oneOf("hashing-algorithm", values["hashing-algorithm"], MemoryCloud.hashingAlgorithms),
    importHosts: values["import-host"]
  }
}

/** The limits of reading the web; nothing if the cloud may not. */
export const fetchOptions = (values: Values): MemoryCloud.FetchOptions | undefined => {
  const { "fetch-bytes": bytes, "fetch-time": time } = values
  const options = {
    maxBytes: optionalNumber("fetch-bytes", bytes),
    timeLimit: optionalDuration("fetch-time", time),
    hosts: values["import-host"]
  }
  if (values["allow-fetch"] === true) return options
  if (bytes !== undefined || time !== undefined)
    throw new UsageError("--fetch-bytes and --fetch-time need --allow-fetch")
  return undefined
}

export const portOf = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw wrong("port", value, "a number up to 65535")
  return Number(value)
}
