/** Projects, domains, users and roles. */
import type { Directory, Domain, Project, Role, User } from "../directory.js"
import { json } from "../reply.js"
import { rolesOn } from "../tokens.js"
import type { WireResponse } from "../wire.js"
import type { Context } from "./context.js"
import { allow, isAdmin, isAdminOrUser, requireToken } from "./context.js"
import { byId, filtered, linked, linkedCollection, roleDocument } from "./documents.js"
import { absent } from "./refusals.js"

const projectDocument = (project: Project) => ({
  id: project.id,
  name: project.name,
  domain_id: project.domainId,
  description: project.description,
  enabled: project.enabled,
  parent_id: project.domainId,
  is_domain: false,
  tags: [],
  options: {}
})

const domainDocument = (domain: Domain) => ({
  id: domain.id,
  name: domain.name,
  description: domain.description,
  enabled: true,
  tags: [],
  options: {}
})

const userDocument = (user: User) => ({
  id: user.id,
  name: user.name,
  domain_id: user.domainId,
  enabled: user.enabled,
  default_project_id: user.defaultProjectId,
  password_expires_at: null,
  options: {}
})

export const domainOf = ({ directory }: Context, id: string): Domain => {
  const domain = directory.domain(id)
  if (domain === undefined) throw absent("domain", id)
  return domain
}

const listing =
  <Key extends "projects" | "domains" | "users" | "roles">(
    key: Key,
    toDocument: (one: Directory[Key][number]) => Parameters<typeof linked>[2]
  ) =>
  (context: Context): WireResponse => {
    allow(context, `list_${key}`, isAdmin)
    const all: ReadonlyArray<Directory[Key][number]> = context.directory[key]
    return linkedCollection(context, key, filtered(context, all).map(toDocument))
  }

export const listProjects = listing("projects", projectDocument)
export const listDomains = listing("domains", domainDocument)
export const listUsers = listing("users", userDocument)
export const listRoles = listing("roles", ({ name }: Role) => roleDocument(name))

export const showProject = (context: Context, id: string): WireResponse => {
  allow(context, "get_project", (token) => isAdmin(token) || token.project?.id === id)
  const project = byId("project", context.directory.projects, id)
  return json(200, { project: linked(context, "projects", projectDocument(project)) })
}

export const showDomain = (context: Context, id: string): WireResponse => {
  allow(context, "get_domain", (token) => isAdmin(token) || token.project?.domainId === id || token.domainId === id)
  return json(200, { domain: linked(context, "domains", domainDocument(domainOf(context, id))) })
}

export const showUser = (context: Context, id: string): WireResponse => {
  allow(context, "get_user", isAdminOrUser(id))
  return json(200, { user: linked(context, "users", userDocument(byId("user", context.directory.users, id))) })
}

const projectsOf = (context: Context, user: User): WireResponse => {
  const projects = context.directory.projects.filter((project) => rolesOn(user, project).length > 0)
  return linkedCollection(context, "projects", projects.map(projectDocument))
}

export const listUserProjects = (context: Context, id: string): WireResponse => {
  allow(context, "list_user_projects", isAdminOrUser(id))
  return projectsOf(context, byId("user", context.directory.users, id))
}

/** The projects that the caller may log in to. */
export const listOwnProjects = (context: Context): WireResponse => projectsOf(context, requireToken(context).user)

export const listOwnDomains = (context: Context): WireResponse => {
  const { user } = requireToken(context)
  const domains = context.directory.domains.filter(({ id }) => user.domainRoles.has(id))
  return linkedCollection(context, "domains", domains.map(domainDocument))
}

export const showOwnSystem = (context: Context): WireResponse =>
  json(200, {
    system: requireToken(context).user.systemRoles.length > 0 ? [{ all: true }] : [],
    links: { self: `${context.base}/auth/system` }
  })
