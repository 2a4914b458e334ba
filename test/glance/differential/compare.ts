import type { Answer } from "./servers.js"

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/

/** Tags are a set: the service writes them in whatever order its hashes give. */
const sets = new Set(["tags"])

/** Keys whose values are made up anew by each server. */
const invented = new Set(["request_id", "last_accessed", "last_modified", "data_dir"])

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** Ids that the servers made up are not compared: images get theirs from the test. */
const normalizeText = (text: string, known: ReadonlySet<string>): string =>
  text
    .replaceAll(uuid, (id) => (known.has(id) ? id : "<id>"))
    .replaceAll(/file:\/\/\/[^"'\s<]*\/(fast|slow|staging)\//g, "file:///$1/")
    .replaceAll(/('|&#x27;)id\1: \d+/g, "$1id$1: 0")

const normalizeJson = (value: unknown, key: string, known: ReadonlySet<string>): unknown => {
  if (typeof value === "string") {
    if (time.test(value) && /(_at|^expires)$/.test(key)) return "<time>"
    if (invented.has(key)) return `<${key}>`
    return normalizeText(value, known)
  }
  // Numbers of rows in the database are called `id`.
  if (typeof value === "number" && (invented.has(key) || key === "id")) return `<${key}>`
  if (Array.isArray(value)) {
    const items = value.map((item) => normalizeJson(item, "", known))
    return sets.has(key) ? items.map(String).sort() : items
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, normalizeJson(item, name, known)])
    )
  }
  return value
}

/** Headers that a client can act on. Lengths of JSON differ with what is normalized, so they count only for data. */
const compared = [
  "content-type",
  "allow",
  "accept-patch",
  "location",
  "www-authenticate",
  "content-range",
  "content-md5",
  "openstack-image-import-methods",
  "openstack-image-store-ids"
]

export interface Normal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly hasRequestId: boolean
  readonly broken: boolean
  readonly body: unknown
}

export const normalize = (answer: Answer, known: ReadonlySet<string>): Normal => {
  const type = answer.headers["content-type"] ?? ""
  const headers: Record<string, string> = {}
  for (const name of compared) {
    const value = answer.headers[name]
    if (value === undefined) continue
    headers[name] = normalizeText(name === "content-type" ? value.toLowerCase() : value, known)
  }
  if (type.startsWith("application/octet-stream") && answer.headers["content-length"] !== undefined) {
    headers["content-length"] = answer.headers["content-length"]
  }
  const text = answer.body.toString("utf8")
  let body: unknown = normalizeText(text, known)
  if (type.startsWith("application/json") && text !== "") {
    try {
      body = normalizeJson(JSON.parse(text), "", known)
    } catch {
      // Not JSON after all: compared as text.
    }
  }
  return {
    status: answer.status,
    headers,
    hasRequestId: answer.headers["x-openstack-request-id"] !== undefined,
    broken: answer.broken,
    body
  }
}
