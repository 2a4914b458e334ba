/** What is in a world, without what must differ between two worlds. */
import type { Account, World } from "./tools.js"

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+0000)?/g

/** Replaces ids, times and the letter of a world. All replacements have the length of what they replace. */
export const normalized = (world: World, text: string): string => {
  let result = text
  for (const [name, account] of Object.entries({ u: world.user, a: world.admin, g: world.guest })) {
    result = result.replaceAll(account.projectId, name.repeat(account.projectId.length))
  }
  return result
    .replace(uuid, (id) => "u".repeat(id.length))
    .replace(time, (at) => "t".repeat(at.length))
    .replaceAll(`-${world.letter}-`, "-W-")
    .replace(/\/[\w/.-]*\/(?:fast|slow)\//g, "/stores/")
}

const token = async (world: World, account: Account): Promise<string> => {
  const response = await fetch(`${world.authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: account.username, password: account.password, domain: { id: "default" } } }
        },
        scope: { project: { name: account.projectName, domain: { id: "default" } } }
      }
    })
  })
  return response.headers.get("x-subject-token") ?? ""
}

/** Calls Glance directly. */
export const caller = async (world: World, account: Account) => {
  const issued = await token(world, account)
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${world.imageUrl}/v2${path}`, {
      method,
      headers: {
        "x-auth-token": issued,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
  }
}

export type Call = Awaited<ReturnType<typeof caller>>

// biome-ignore lint/suspicious/noExplicitAny: records of Glance are compared as they are
type Records = ReadonlyArray<any>

/** Everything that the commands can change: images with their members, and the namespace of the world. */
export const stateOf = async (world: World, user: Call, admin: Call): Promise<string> => {
  const images: Array<unknown> = []
  for (const hidden of ["false", "true"]) {
    const { body } = await user("GET", `/images?limit=1000&os_hidden=${hidden}`)
    for (const image of body.images as Records) {
      if (image.owner !== world.user.projectId) continue
      const members = image.visibility === "shared" ? await user("GET", `/images/${image.id}/members`) : undefined
      images.push({ ...image, tags: [...image.tags].sort(), members: members?.body.members })
    }
  }
  const namespace = await admin("GET", `/metadefs/namespaces/ns-${world.letter}-one`)
  const sorted = images.map((image) => normalized(world, JSON.stringify(image, sortKeys))).sort()
  return [...sorted, namespace.status, normalized(world, JSON.stringify(namespace.body, sortKeys))].join("\n")
}

const sortKeys = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
    : value
