/** @typedef {{ readonly username: string, readonly password: string, readonly projectName: string }} Login */

/**
 * @typedef {object} Account
 * @property {string} username
 * @property {string} password
 * @property {string} userId
 * @property {string} userDomainId
 * @property {string} userDomainName
 * @property {string} projectId
 * @property {string} projectName
 * @property {string} projectDomainId
 * @property {string} projectDomainName
 */

const domain = {
  userDomainId: "default",
  userDomainName: "Default",
  projectDomainId: "default",
  projectDomainName: "Default"
}

/**
 * A conversation with Keystone as its administrator.
 *
 * @param {string} authUrl
 * @param {Login} admin
 */
export async function keystoneAdmin(authUrl, admin) {
  const login = await call(
    "POST",
    `${authUrl}/auth/tokens`,
    {},
    {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: admin.username, password: admin.password, domain: { id: "default" } } }
        },
        scope: { project: { name: admin.projectName, domain: { id: "default" } } }
      }
    }
  )
  const headers = { "x-auth-token": login.headers.get("x-subject-token") ?? "" }
  const { token } = login.body
  /** @param {string} path @param {unknown} body */
  const post = async (path, body) => (await call("POST", `${authUrl}${path}`, headers, body)).body
  const { roles } = (await call("GET", `${authUrl}/roles`, headers)).body
  const roleIds = new Map(roles.map((/** @type {{ name: string, id: string }} */ role) => [role.name, role.id]))

  return {
    /** @type {Account} */
    account: { ...admin, ...domain, userId: token.user.id, projectId: token.project.id },

    /**
     * A user with one role in a project of its own.
     *
     * @param {Login} wanted
     * @param {string} role
     * @returns {Promise<Account>}
     */
    async createAccount(wanted, role) {
      const { username, password, projectName } = wanted
      const { project } = await post("/projects", { project: { name: projectName, domain_id: "default" } })
      const { user } = await post("/users", { user: { name: username, password, domain_id: "default" } })
      const path = `/projects/${project.id}/users/${user.id}/roles/${roleIds.get(role)}`
      await call("PUT", `${authUrl}${path}`, headers)
      return { username, password, projectName, ...domain, userId: user.id, projectId: project.id }
    },

    /**
     * @param {{ readonly type: string, readonly name: string, readonly region: string, readonly url: string }} wanted
     */
    async createService({ type, name, region, url }) {
      const { service } = await post("/services", { service: { type, name } })
      for (const kind of ["public", "internal", "admin"]) {
        await post("/endpoints", { endpoint: { service_id: service.id, interface: kind, region_id: region, url } })
      }
    }
  }
}

/**
 * @param {string} method
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {unknown} [body]
 * @returns {Promise<{ readonly headers: Headers, readonly body: any }>}
 */
async function call(method, url, headers, body) {
  const response = await fetch(url, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`Keystone answered ${response.status} to ${method} ${url}: ${text}`)
  return { headers: response.headers, body: text === "" ? undefined : JSON.parse(text) }
}
