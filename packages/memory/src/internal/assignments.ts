/**
 * Who has which role where, as Keystone lists it.
 *
 * Source: `keystone/api/role_assignments.py`, checked against Keystone 22.
 */
import { type Directory, idOf, type User } from "./directory.js"
import type { Json, JsonObject } from "./reply.js"

export const roleDocument = (name: string, base: string): JsonObject => ({
  id: idOf("role", name),
  name,
  domain_id: null,
  description: null,
  options: { immutable: true },
  links: { self: `${base}/roles/${idOf("role", name)}` }
})

/** What a role brings besides, as a new Keystone has it. */
const implied: Readonly<Record<string, string>> = { admin: "member", member: "reader" }

export const roleInferences = (base: string): ReadonlyArray<Json> => {
  const role = (name: string) => ({
    id: idOf("role", name),
    name,
    links: { self: `${base}/roles/${idOf("role", name)}` }
  })
  return Object.entries(implied).map(([prior, next]) => ({ prior_role: role(prior), implies: [role(next)] }))
}

interface Assignment {
  readonly user: User
  readonly kind: "projects" | "domains" | "system"
  /** Nothing for the system. */
  readonly target: string
  readonly role: string
  /** The assigned role that implies this one. */
  readonly prior: string | undefined
}

const granted = (user: User): ReadonlyArray<Assignment> => {
  const on = (kind: Assignment["kind"], target: string, roles: ReadonlyArray<string>) =>
    roles.map((role) => ({ user, kind, target, role, prior: undefined }))
  return [
    ...[...user.roles].flatMap(([id, roles]) => on("projects", id, roles)),
    ...[...user.domainRoles].flatMap(([id, roles]) => on("domains", id, roles)),
    ...on("system", "", user.systemRoles)
  ]
}

/** A role that is assigned and implied at once is listed once. */
const withImplied = (all: ReadonlyArray<Assignment>): ReadonlyArray<Assignment> => {
  const key = ({ kind, role, target, user }: Assignment) => `${user.id}/${kind}/${target}/${role}`
  const found = new Map(all.map((one) => [key(one), one]))
  for (const one of found.values()) {
    const next = implied[one.role]
    if (next === undefined) continue
    const more = { ...one, role: next, prior: one.role }
    if (!found.has(key(more))) found.set(key(more), more)
  }
  return [...found.values()]
}

/** A flag is set when it is there, unless it is `0`. */
const flag = (query: URLSearchParams, name: string): boolean => query.has(name) && query.get(name) !== "0"

const matching = (query: URLSearchParams) => {
  const wants = (name: string, value: string | undefined) => !query.has(name) || query.get(name) === value
  return ({ kind, role, target, user }: Assignment): boolean =>
    !query.has("group.id") &&
    wants("user.id", user.id) &&
    wants("role.id", idOf("role", role)) &&
    wants("scope.project.id", kind === "projects" ? target : undefined) &&
    wants("scope.domain.id", kind === "domains" ? target : undefined) &&
    (!query.has("scope.system") || kind === "system")
}

const view = (directory: Directory, base: string, named: boolean) => {
  const domain = (id: string) => ({ id, name: directory.domain(id)?.name ?? "" })
  const scope = ({ kind, target }: Assignment): JsonObject => {
    if (kind === "system") return { system: { all: true } }
    if (kind === "domains") return { domain: named ? domain(target) : { id: target } }
    const project = directory.project(target)
    return {
      project:
        named && project !== undefined
          ? { id: project.id, name: project.name, domain: domain(project.domainId) }
          : { id: target }
    }
  }
  return (one: Assignment): JsonObject => {
    const { kind, prior, role, target, user } = one
    const place = kind === "system" ? "system" : `${kind}/${target}`
    const id = idOf("role", role)
    return {
      links: {
        assignment: `${base}/${place}/users/${user.id}/roles/${idOf("role", prior ?? role)}`,
        ...(prior === undefined ? {} : { prior_role: `${base}/prior_role/${id}/implies/${idOf("role", prior)}` })
      },
      scope: scope(one),
      user: named ? { id: user.id, name: user.name, domain: domain(user.domainId) } : { id: user.id },
      role: named ? { id, name: role } : { id }
    }
  }
}

export const roleAssignments = (directory: Directory, base: string, query: URLSearchParams): ReadonlyArray<Json> => {
  const all = directory.users.flatMap(granted)
  return (flag(query, "effective") ? withImplied(all) : all)
    .filter(matching(query))
    .map(view(directory, base, flag(query, "include_names")))
}
