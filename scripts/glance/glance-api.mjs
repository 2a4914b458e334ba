import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ini, python, walDatabase } from "./files.mjs"

// The pristine copies: those below /etc/glance are readable to root and glance only.
const shipped = "/usr/share/glance-common"

/**
 * Writes what Glance needs to start into the directory.
 *
 * @param {string} root the folder that Glance takes for `/`, and that holds the directory; "" is this machine
 * @param {string} directory
 * @param {number} port
 * @param {object} identity
 * @param {string} identity.authUrl
 * @param {string} identity.region
 * @param {string} identity.username
 * @param {string} identity.password
 * @param {string} identity.projectName
 * @param {number} identity.tokenCacheSeconds
 */
export function glanceFiles(root, directory, port, identity) {
  mkdirSync(directory)
  /** A path of the directory as Glance sees it. @param {string} name */
  const inside = (name) => join(directory, name).slice(root.length)
  /** @param {string} name */
  const folder = (name) => {
    mkdirSync(join(directory, name))
    return inside(name)
  }
  /** @param {ReadonlyArray<string>} command */
  const below = (command) => (root === "" ? command : ["chroot", root, ...command])
  const url = `http://127.0.0.1:${port}`
  const database = inside("glance.db")
  const config = inside("glance-api.conf")
  writeFileSync(
    join(directory, "glance-api.conf"),
    ini({
      DEFAULT: {
        bind_host: "127.0.0.1",
        bind_port: port,
        workers: 1,
        worker_self_reference_url: url,
        enabled_backends: "fast:file,slow:file,web:http",
        enabled_import_methods: "[glance-direct,web-download,copy-image,glance-download]",
        show_multiple_locations: true,
        show_image_direct_url: true,
        image_cache_dir: folder("cache"),
        use_keystone_limits: false
      },
      database: { connection: `sqlite:///${database}`, sqlite_synchronous: "false" },
      paste_deploy: { flavor: "keystone+cachemanagement", config_file: `${shipped}/glance-api-paste.ini` },
      keystone_authtoken: {
        auth_type: "password",
        auth_url: identity.authUrl,
        www_authenticate_uri: identity.authUrl,
        region_name: identity.region,
        username: identity.username,
        password: identity.password,
        project_name: identity.projectName,
        user_domain_id: "default",
        project_domain_id: "default",
        token_cache_time: identity.tokenCacheSeconds,
        // Without it no application credential with access rules is let in.
        service_type: "image"
      },
      glance_store: { default_backend: "fast" },
      fast: { filesystem_store_datadir: folder("fast") },
      slow: { filesystem_store_datadir: folder("slow") },
      web: {},
      os_glance_staging_store: { filesystem_store_datadir: folder("staging") },
      os_glance_tasks_store: { filesystem_store_datadir: folder("tasks") },
      // Every loopback URI is refused unless its host is named; no port named means any port.
      import_filtering_opts: { allowed_hosts: "[127.0.0.1,localhost]", allowed_ports: "[]" }
    })
  )
  return {
    url,

    setup: below(
      python(
        `
import sys
from glance.cmd import manage
config, metadefs = sys.argv[1:]
sys.argv = ['glance-manage', '--config-file', config, 'db_sync']
manage.main()
manage.CONF.reset()
manage.CONF.unregister_opt(manage.command_opt)
sys.argv = ['glance-manage', '--config-file', config, 'db_load_metadefs', metadefs]
sys.exit(manage.main())
`,
        walDatabase(database),
        [config, `${shipped}/metadefs`]
      )
    ),

    serve: below(["glance-api", "--config-file", config])
  }
}
