/** Domains, projects, users, and the roles that users have. */

export interface Domain {
  readonly id: string
  readonly name: string
  readonly description: string
}

export interface Project {
  readonly id: string
  readonly name: string
  readonly domainId: string
  readonly description: string
  readonly enabled: boolean
}

export interface Role {
  readonly id: string
  readonly name: string
}

export interface User {
  readonly id: string
  readonly name: string
  readonly domainId: string
  readonly password: string
  readonly apiKey: string
  readonly enabled: boolean
  readonly defaultProjectId: string | undefined
  /** Project id -> role names. */
  readonly roles: ReadonlyMap<string, ReadonlyArray<string>>
  /** Domain id -> role names. */
  readonly domainRoles: ReadonlyMap<string, ReadonlyArray<string>>
  readonly systemRoles: ReadonlyArray<string>
}

export interface ProjectOptions {
  /** @default made from the name: 32 hexadecimal digits, or a number on a Rackspace cloud */
  readonly id?: string | undefined
  readonly name: string
  /** The name or id of its domain. @default "Default" */
  readonly domain?: string | undefined
  /** @default "" */
  readonly description?: string | undefined
  /** @default true */
  readonly enabled?: boolean | undefined
}

export interface UserOptions {
  /** @default made from the name: 32 hexadecimal digits, or a number on a Rackspace cloud */
  readonly id?: string | undefined
  readonly name: string
  /** @default "secret" */
  readonly password?: string | undefined
  /** What Rackspace's login takes in place of the password. @default `key-` and the name */
  readonly apiKey?: string | undefined
  /** The name or id of the domain. @default "Default" */
  readonly domain?: string | undefined
  /** A project's name or id -> the roles the user has there. @default none */
  readonly roles?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
  /** A domain's name or id -> the roles the user has there. @default none */
  readonly domainRoles?: Readonly<Record<string, ReadonlyArray<string>>> | undefined
  /** The roles the user has on the whole system. @default none */
  readonly systemRoles?: ReadonlyArray<string> | undefined
  /** The project of a login that asks for none. @default none: such a login gets an unscoped token */
  readonly defaultProject?: string | undefined
  /** @default true */
  readonly enabled?: boolean | undefined
}

export interface DirectoryOptions {
  readonly domains?: ReadonlyArray<string> | undefined
  readonly projects?: ReadonlyArray<string | ProjectOptions> | undefined
  readonly users?: ReadonlyArray<UserOptions> | undefined
  readonly numericIds: boolean
}

export interface Directory {
  readonly domains: ReadonlyArray<Domain>
  readonly projects: ReadonlyArray<Project>
  readonly users: ReadonlyArray<User>
  readonly roles: ReadonlyArray<Role>
  readonly domain: (nameOrId: string) => Domain | undefined
  /** By id first, then by name in any domain. */
  readonly project: (nameOrId: string) => Project | undefined
  /** Throws if there is no such project. */
  readonly projectId: (nameOrId: string) => string
  readonly user: (nameOrId: string) => User | undefined
}

/** Returns what was found. Throws if there is nothing of that name. */
export const required = <A>(
  kind: "domain" | "project" | "region" | "user",
  name: string | undefined,
  found: A
): NonNullable<A> => {
  if (found === undefined || found === null) throw new Error(`no ${kind} is called ${name}`)
  return found
}

/** Looks up by id first, then by name. */
const lookUpIn =
  <A extends { readonly id: string; readonly name: string }>(all: ReadonlyArray<A>) =>
  (nameOrId: string): A | undefined =>
    all.find(({ id }) => id === nameOrId) ?? all.find(({ name }) => name === nameOrId)

export const defaultPassword = "secret"

/** The same name has the same id in every cloud, so that a test can be read; a mixed FNV-1a is enough for that. */
export const idOf = (kind: string, name: string): string => {
  let id = ""
  for (let part = 0; part < 4; part++) {
    let hash = 0x811c9dc5 ^ (part * 0x9e3779b9)
    for (const character of `${kind}/${name}`) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    id += ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, "0")
  }
  return id
}

const numberOf = (kind: string, name: string): string =>
  String(100_000 + (Number.parseInt(idOf(kind, name).slice(0, 8), 16) % 900_000))

const administrator = { name: "admin", roles: { admin: ["admin", "member", "reader"] }, systemRoles: ["admin"] }

const withAdmin = <A extends { readonly name: string }>(all: ReadonlyArray<A>, admin: A): ReadonlyArray<A> =>
  all.some(({ name }) => name === "admin") ? all : [...all, admin]

export const makeDirectory = (options: DirectoryOptions): Directory => {
  const id = (kind: string, { domain, id, name }: ProjectOptions | UserOptions) => {
    const whole = domain === undefined ? name : `${domain}/${name}`
    return id ?? (options.numericIds ? numberOf(kind, whole) : idOf(kind, whole))
  }

  const domains: ReadonlyArray<Domain> = [
    { id: "default", name: "Default", description: "The default domain" },
    ...(options.domains ?? []).map((name) => ({ id: idOf("domain", name), name, description: "" }))
  ]
  const domain = lookUpIn(domains)
  const domainId = (nameOrId = "default") => required("domain", nameOrId, domain(nameOrId)).id

  const given = (options.projects ?? ["demo", "guest"]).map((one) => (typeof one === "string" ? { name: one } : one))
  const projects = withAdmin<ProjectOptions>(given, { name: "admin" }).map(
    (one): Project => ({
      id: id("project", one),
      name: one.name,
      domainId: domainId(one.domain),
      description: one.description ?? "",
      enabled: one.enabled ?? true
    })
  )
  const project = lookUpIn(projects)
  const projectId = (nameOrId: string) => required("project", nameOrId, project(nameOrId)).id

  const ordinary = projects.filter(({ name }) => name !== "admin")
  const roles = ["member", "reader"]
  const defaults = ordinary.map(({ domainId, id, name }) => ({ name, domain: domainId, roles: { [id]: roles } }))
  const users = withAdmin<UserOptions>(options.users ?? defaults, administrator).map(
    (one): User => ({
      id: id("user", one),
      name: one.name,
      domainId: domainId(one.domain),
      password: one.password ?? defaultPassword,
      apiKey: one.apiKey ?? `key-${one.name}`,
      enabled: one.enabled ?? true,
      defaultProjectId: one.defaultProject === undefined ? undefined : projectId(one.defaultProject),
      roles: new Map(Object.entries(one.roles ?? {}).map(([name, roles]) => [projectId(name), roles])),
      domainRoles: new Map(Object.entries(one.domainRoles ?? {}).map(([name, roles]) => [domainId(name), roles])),
      systemRoles: one.systemRoles ?? []
    })
  )

  const granted = users.flatMap((user) => [...user.roles.values(), ...user.domainRoles.values(), user.systemRoles])
  const names = new Set(["reader", "member", "admin", "service", ...granted.flat()])

  return {
    domains,
    projects,
    users,
    roles: [...names].map((name) => ({ id: idOf("role", name), name })),
    domain,
    project,
    projectId,
    user: lookUpIn(users)
  }
}
