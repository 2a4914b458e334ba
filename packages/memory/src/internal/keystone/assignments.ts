/**
 * Which user has which role on what, as Keystone lists it; and what a cloud without groups, credentials and trusts says
 * of them.
 *
 * Source: `keystone/api/role_assignments.py`, checked against Keystone 22.
 */
import type { User } from "../directory.js"
import { idOf } from "../directory.js"
import type { JsonObject } from "../reply.js"
import { json } from "../reply.js"
import type { Token } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import type { Context } from "./context.js"
import { allow, isAdmin, isAdminOrUser, requireToken } from "./context.js"
import { byId, collection, linked, linkedCollection, roleDocument, roleRef } from "./documents.js"
import { absent, refusal } from "./refusals.js"

/** The roles that another role implies, as in a new Keystone. */
const implied: Readonly<Record<string, string>> = { admin: "member", member: "reader" }

export const listInferences = (context: Context): WireResponse => {
  allow(context, "list_role_inference_rules", isAdmin)
  const role = (name: string) => linked(context, "roles", roleRef(name))
  const rules = Object.entries(implied).map(([prior, next]) => ({ prior_role: role(prior), implies: [role(next)] }))
  return json(200, { role_inferences: rules })
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

const view = ({ base, directory, query }: Context) => {
  const named = flag(query, "include_names")
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
        prior_role: prior && `${base}/prior_role/${id}/implies/${idOf("role", prior)}`
      },
      scope: scope(one),
      user: named ? { id: user.id, name: user.name, domain: domain(user.domainId) } : { id: user.id },
      role: named ? { id, name: role } : { id }
    }
  }
}

export const listAssignments = (context: Context): WireResponse => {
  const { directory, query } = context
  if (query.has("user.id") && query.has("group.id")) {
    requireToken(context)
    throw refusal(400, "Specify a user or group, not both")
  }
  allow(context, "list_role_assignments", isAdmin)
  const all = directory.users.flatMap(granted)
  const found = (flag(query, "effective") ? withImplied(all) : all).filter(matching(query))
  return collection(context, "role_assignments", found.map(view(context)))
}

const grants = (
  context: Context,
  action: string,
  userId: string,
  rolesOf: (user: User) => ReadonlyArray<string> | undefined
): WireResponse => {
  allow(context, action, isAdmin)
  const roles = rolesOf(byId("user", context.directory.users, userId)) ?? []
  return linkedCollection(context, "roles", roles.map(roleDocument))
}

export const listProjectGrants = (context: Context, project: string, user: string): WireResponse =>
  grants(context, "list_grants", user, ({ roles }) => roles.get(project))

export const listDomainGrants = (context: Context, domain: string, user: string): WireResponse =>
  grants(context, "list_grants", user, ({ domainRoles }) => domainRoles.get(domain))

export const listSystemGrants = (context: Context, user: string): WireResponse =>
  grants(context, "list_system_grants_for_user", user, ({ systemRoles }) => systemRoles)

const listNone =
  (key: string, action: string, isAllowed: (token: Token, query: URLSearchParams) => boolean) =>
  (context: Context): WireResponse => {
    allow(context, action, (token) => isAllowed(token, context.query))
    return collection(context, key, [])
  }

/** A caller who may not list them does not learn whether one exists. */
const showNone =
  (kind: string, action: string) =>
  (context: Context, id: string): WireResponse => {
    allow(context, action, isAdmin)
    throw absent(kind, id)
  }

export const listGroups = listNone("groups", "list_groups", isAdmin)
export const showGroup = showNone("group", "get_group")
export const listGroupUsers = showNone("group", "list_users_in_group")
export const listCredentials = listNone("credentials", "list_credentials", () => true)
export const showCredential = showNone("credential", "get_credential")
export const listTrusts = listNone(
  "trusts",
  "list_trusts",
  (token, query) =>
    isAdmin(token) || ["trustor_user_id", "trustee_user_id"].some((name) => query.get(name) === token.user.id)
)
export const showTrust = showNone("trust", "get_trust")

export const listUserGroups = (context: Context, user: string): WireResponse => {
  allow(context, "list_groups_for_user", isAdminOrUser(user))
  byId("user", context.directory.users, user)
  return collection(context, "groups", [])
}
