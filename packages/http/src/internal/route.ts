import * as Secrets from "@effect-glance/core/Secrets"

/** What stands after the name of a collection: whatever it is, the route is one. */
const members: Readonly<Record<string, string>> = {
  images: "id",
  cache: "id",
  members: "member",
  tags: "tag",
  tasks: "task",
  stores: "store",
  namespaces: "namespace",
  objects: "object",
  properties: "property",
  resource_types: "resource_type"
}

/** The route of a path below the versioned root of the image service: `/v2/images/{id}/members/{member}`. */
export const image = (path: string): string => {
  const [, first = "", ...rest] = withoutQuery(path).split("/")
  // Their words are names, and no collections.
  if (first === "info" || first === "schemas") return `/v2${withoutQuery(path)}`
  let route = `/v2/${first}`
  let next = members[first]
  for (const segment of rest) {
    route += next === undefined ? `/${segment}` : `/{${next}}`
    // An image's copy in a store: /stores/{store}/{id}.
    next = next === undefined ? members[segment] : next === "store" ? "id" : undefined
  }
  return route
}

/** The route of a path below the account of the object store. */
export const objectStore = (path: string): string => {
  const [, container, object] = withoutQuery(path).split("/")
  return `/v1/{account}${container ? "/{container}" : ""}${object ? "/{object}" : ""}`
}

/** The path of a URL that has no route; empty if the URL cannot be parsed. */
export const plain = (url: string): string => {
  const shown = Secrets.url(url)
  return shown === Secrets.unreadableUrl ? "" : withoutQuery(shown).replace(/^\w+:\/\/[^/]*/, "")
}

const withoutQuery = (url: string): string => {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}
