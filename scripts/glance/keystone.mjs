import { randomBytes } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ini, python, walDatabase } from "./files.mjs"

/**
 * Writes what Keystone needs to start into the directory.
 *
 * @param {string} directory
 * @param {number} port
 */
export function keystoneFiles(directory, port) {
  mkdirSync(directory)
  const keys = join(directory, "keys")
  mkdirSync(keys, { mode: 0o700 })
  // What `keystone-manage fernet_setup` makes, without its two seconds: 0 is the staged key, 1 the primary.
  for (const name of ["0", "1"]) writeFileSync(join(keys, name), fernetKey(), { mode: 0o600 })
  const config = join(directory, "keystone.conf")
  const database = join(directory, "keystone.db")
  writeFileSync(
    config,
    ini({
      database: { connection: `sqlite:///${database}`, sqlite_synchronous: "false" },
      fernet_tokens: { key_repository: keys },
      fernet_receipts: { key_repository: keys },
      // From the cache in memory a credential for passcodes can be taken but once (KeyError: encrypted_blob).
      credential: { key_repository: keys, caching: "false" },
      identity: { password_hash_rounds: 4 },
      cache: { backend: "dogpile.cache.memory" },
      // Those that it has by itself and that need no other server, and TOTP.
      auth: { methods: "password,token,application_credential,totp" }
    })
  )
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    authUrl: `${url}/v3`,

    /** @param {{ readonly password: string, readonly region: string }} admin */
    setup: (admin) =>
      python(
        `
import sys
from keystone.cmd import cli
config, password, url, region = sys.argv[1:]
manage = ['keystone-manage', '--config-file', config]
cli.main(manage + ['db_sync'])
cli.CONF.reset()
cli.main(manage + ['bootstrap', '--bootstrap-password', password, '--bootstrap-region-id', region,
                   '--bootstrap-public-url', url, '--bootstrap-internal-url', url, '--bootstrap-admin-url', url])
`,
        walDatabase(database),
        [config, admin.password, `${url}/v3`, admin.region]
      ),

    // One process with one thread: SQLite answers "database is locked" to a second writer.
    serve: [
      ...["uwsgi", "--plugins", "python3", "--http-socket", `127.0.0.1:${port}`],
      ...["--wsgi-file", "/usr/bin/keystone-wsgi-public", "--processes", "1", "--threads", "1"],
      ...["--master", "--no-orphans", "--die-on-term", "--lazy-apps", "--buffer-size", "65535"],
      ...["--add-header", "Connection: close"],
      ...["--env", `OS_KEYSTONE_CONFIG_DIR=${directory}`, "--env", `OS_KEYSTONE_CONFIG_FILES=${config}`]
    ]
  }
}

/** 32 bytes in base64url with padding, as Python's cryptography wants them. */
function fernetKey() {
  return randomBytes(32).toString("base64").replaceAll("+", "-").replaceAll("/", "_")
}
