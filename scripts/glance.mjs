#!/usr/bin/env node
/**
 * Runs a real Keystone and a real Glance, from Debian's packages, on loopback ports of their own.
 *
 *     node scripts/glance.mjs up [--state FILE]        until Ctrl-C
 *     node scripts/glance.mjs run -- COMMAND ARGS...   while COMMAND runs, with GLANCE_TEST_CLOUD in its environment
 *     node scripts/glance.mjs install                  the packages only
 *
 * Each takes `--release 25.1` (the default) or `--release 30.0` first. Keystone is that of Debian 12 (22.0.2) for both:
 * the image service is what differs. Glance 25.1 is that of Debian 12. Glance 30.0 runs in a folder with a Debian 13,
 * which `debootstrap` makes once: see `glance/debian13.mjs` for where it is.
 */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { keystoneAdmin } from "./glance/accounts.mjs"
import { debian13 } from "./glance/debian13.mjs"
import { glanceFiles } from "./glance/glance-api.mjs"
import { keystoneFiles } from "./glance/keystone.mjs"
import { install as installPackages } from "./glance/packages.mjs"
import { failure, processFamily } from "./glance/processes.mjs"

/** @typedef {"25.1" | "30.0"} Release */

/** @typedef {import("./glance/accounts.mjs").Account} Account */

/**
 * What a client has to know about a running cloud; plain JSON.
 *
 * @typedef {object} CloudFacts
 * @property {string} authUrl Keystone's versioned root
 * @property {string} imageUrl Glance's root as the catalog has it, without a version
 * @property {string} region
 * @property {Release} release which Glance it is
 * @property {string} root the folder that Glance takes for `/`; "" is this machine
 * @property {string} directory everything of this cloud, logs included; gone after `stop`
 * @property {Record<"alice" | "bob" | "carol" | "admin", Account>} accounts
 */

/**
 * @typedef {CloudFacts & {
 *   readonly env: (account: Account) => Record<string, string>,
 *   readonly lost: Promise<Error>,
 *   readonly stop: () => Promise<void>,
 *   readonly toJSON: () => CloudFacts
 * }} Cloud `lost` resolves when Keystone or Glance ends without having been asked to
 */

const region = "RegionOne"
const graceMillis = 5_000

/**
 * Starts a Keystone and a Glance, and resolves when both answer and the accounts exist.
 *
 * @param {object} [options]
 * @param {Release | undefined} [options.release] 25.1 unless told
 * @param {((line: string) => void) | undefined} [options.log]
 * @param {AbortSignal | undefined} [options.signal] stops the cloud, also while it starts; without it SIGINT and SIGTERM
 *   of this process do
 * @param {number | undefined} [options.tokenCacheSeconds] how long Glance trusts a token it has seen; the default -1
 *   asks Keystone at each request, so that a revoked token is refused at once
 * @param {number | undefined} [options.startMillis] how long each server may take to answer, 60,000 unless told
 * @returns {Promise<Cloud>}
 */
export async function start({
  release = "25.1",
  log = () => {},
  signal,
  tokenCacheSeconds = -1,
  startMillis = 60_000
} = {}) {
  signal?.throwIfAborted()
  const root = await install(release, log)
  signal?.throwIfAborted()
  const began = performance.now()
  const directory = mkdtempSync(join(root === "" ? tmpdir() : join(root, "tmp"), "glance-cloud-"))
  const logs = join(directory, "logs")
  mkdirSync(logs)
  const family = processFamily(logs)
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  const onExit = () => {
    family.kill()
    remove()
  }
  /** @type {Promise<void> | undefined} */
  let stopped
  const stop = () =>
    (stopped ??= family.stop(graceMillis).then(() => {
      remove()
      ignoreEnd()
    }))
  const ignoreEnd = onEnd(stop, onExit, signal)

  try {
    const [keystonePort, glancePort] = await Promise.all([family.reservePort(), family.reservePort()])
    signal?.throwIfAborted()
    const adminLogin = { username: "admin", password: secret("admin"), projectName: "admin" }
    const serviceLogin = { username: "glance", password: secret("glance"), projectName: "service" }
    const keystone = keystoneFiles(join(directory, "keystone"), keystonePort.port)
    const glance = glanceFiles(root, join(directory, "glance"), glancePort.port, {
      ...serviceLogin,
      authUrl: keystone.authUrl,
      region,
      tokenCacheSeconds
    })

    const startKeystone = async () => {
      await keystonePort.release()
      const server = family.launch("keystone", keystone.serve)
      await Promise.all([
        family.run("keystone-setup", keystone.setup({ password: adminLogin.password, region })),
        family.answers(server, keystone.authUrl, startMillis)
      ])
      const accounts = await populate(keystone.authUrl, adminLogin, serviceLogin, glance.url).catch((error) => {
        throw failure(server, `refused the accounts: ${error.message}`)
      })
      return { server, accounts }
    }

    const startGlance = async () => {
      await family.run("glance-setup", glance.setup)
      await glancePort.release()
      const server = family.launch("glance", glance.serve)
      await family.answers(server, `${glance.url}/versions`, startMillis)
      return server
    }

    const [{ server: keystoneServer, accounts }, glanceServer] = await Promise.all([startKeystone(), startGlance()])
    log(`Keystone and Glance ${release} came up in ${((performance.now() - began) / 1000).toFixed(1)} s`)

    /** @type {CloudFacts} */
    const facts = { authUrl: keystone.authUrl, imageUrl: glance.url, region, release, root, directory, accounts }
    return {
      ...facts,
      env: (account) => environment(facts, account),
      lost: Promise.race(
        [keystoneServer, glanceServer].map(async (server) => {
          const how = await server.ended
          return stopped === undefined ? failure(server, how) : /** @type {Promise<never>} */ (new Promise(() => {}))
        })
      ),
      stop,
      toJSON: () => facts
    }
  } catch (error) {
    await stop()
    throw signal?.aborted ? signal.reason : error
  }
}

/**
 * Installs what a release needs, and returns the folder that its Glance takes for `/`: "" is this machine.
 *
 * @param {Release} release
 * @param {(line: string) => void} [log]
 */
export async function install(release, log) {
  await installPackages(log)
  return release === "30.0" ? await debian13(log) : ""
}

/**
 * Creates everything that Keystone has to know: who there is, and where Glance is.
 *
 * @param {string} authUrl
 * @param {import("./glance/accounts.mjs").Login} adminLogin
 * @param {import("./glance/accounts.mjs").Login} serviceLogin
 * @param {string} imageUrl
 * @returns {Promise<CloudFacts["accounts"]>}
 */
async function populate(authUrl, adminLogin, serviceLogin, imageUrl) {
  const admin = await keystoneAdmin(authUrl, adminLogin)
  const member = (/** @type {string} */ username, /** @type {string} */ projectName) =>
    admin.createAccount({ username, password: secret(username), projectName }, "member")
  const [alice, bob, carol] = await Promise.all([
    member("alice", "alpha"),
    member("bob", "beta"),
    member("carol", "gamma"),
    admin.createAccount(serviceLogin, "admin"),
    admin.createService({ type: "image", name: "glance", region, url: imageUrl })
  ])
  return { alice, bob, carol, admin: admin.account }
}

/** @param {string} name */
function secret(name) {
  return `${name}-${randomBytes(12).toString("hex")}`
}

/**
 * @param {CloudFacts} facts
 * @param {Account} account
 * @returns {Record<string, string>}
 */
function environment(facts, account) {
  return {
    OS_AUTH_URL: facts.authUrl,
    OS_IDENTITY_API_VERSION: "3",
    OS_USERNAME: account.username,
    OS_PASSWORD: account.password,
    OS_USER_DOMAIN_NAME: account.userDomainName,
    OS_PROJECT_NAME: account.projectName,
    OS_PROJECT_DOMAIN_NAME: account.projectDomainName,
    OS_REGION_NAME: facts.region,
    OS_INTERFACE: "public"
  }
}

/**
 * Ties `stop` to every end of this process that it can still see.
 *
 * @param {() => Promise<void>} stop
 * @param {() => void} onExit
 * @param {AbortSignal | undefined} signal
 * @returns {() => void} unties it
 */
function onEnd(stop, onExit, signal) {
  /** @param {NodeJS.Signals} name */
  const onSignal = async (name) => {
    await stop()
    // With nobody else listening, the signal does what it does by default.
    if (process.listenerCount(name) === 0) process.kill(process.pid, name)
  }
  const onAbort = () => void stop()
  process.on("exit", onExit)
  if (signal !== undefined) signal.addEventListener("abort", onAbort)
  else process.on("SIGINT", onSignal).on("SIGTERM", onSignal)
  return () => {
    process.off("exit", onExit)
    signal?.removeEventListener("abort", onAbort)
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal)
  }
}

const usage = `Usage: node scripts/glance.mjs up [--release 25.1|30.0] [--state FILE]
       node scripts/glance.mjs run [--release 25.1|30.0] -- COMMAND ARGS...
       node scripts/glance.mjs install [--release 25.1|30.0]`

/**
 * Takes `--release` off the front of the arguments.
 *
 * @param {ReadonlyArray<string>} args
 * @returns {{ readonly release: Release, readonly rest: ReadonlyArray<string> } | undefined}
 */
function takeRelease(args) {
  const named = args[0] === "--release"
  const release = named ? args[1] : "25.1"
  if (release !== "25.1" && release !== "30.0") return undefined
  return { release, rest: named ? args.slice(2) : args }
}

/**
 * @param {ReadonlyArray<string>} args
 * @returns {Promise<number>} the exit code
 */
async function main([action, ...args]) {
  const interrupted = new AbortController()
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.on(name, () => interrupted.abort(name))
  }
  const say = (/** @type {string} */ line) => void process.stderr.write(`${line}\n`)
  try {
    const taken = takeRelease(args)
    if (taken === undefined) {
      say(usage)
      return 2
    }
    const { release, rest } = taken
    if (action === "install" && rest.length === 0) {
      await install(release, say)
      return 0
    }
    if (action === "up") {
      const { values } = parseArgs({ args: [...rest], options: { state: { type: "string" } } })
      return await up(release, values.state, interrupted.signal, say)
    }
    if (action === "run") {
      const [first, ...others] = rest
      const command = first === "--" ? others : rest
      if (command.length > 0) return await run(release, command, interrupted.signal, say)
    }
    say(usage)
    return 2
  } catch (error) {
    if (interrupted.signal.aborted) return exitCode(interrupted.signal.reason)
    say(error instanceof Error ? error.message : String(error))
    return 1
  }
}

/**
 * @param {Release} release
 * @param {string | undefined} stateFile
 * @param {AbortSignal} signal
 * @param {(line: string) => void} say
 */
async function up(release, stateFile, signal, say) {
  const cloud = await start({ release, log: say, signal })
  try {
    if (stateFile !== undefined) {
      // Whoever waits for the file must not read half of it.
      writeFileSync(`${stateFile}.new`, `${JSON.stringify(cloud, null, 2)}\n`, { mode: 0o600 })
      renameSync(`${stateFile}.new`, stateFile)
    }
    console.log(`Keystone ${cloud.authUrl}\nGlance   ${cloud.imageUrl}\nLogs     ${join(cloud.directory, "logs")}\n`)
    for (const account of Object.values(cloud.accounts)) {
      console.log(`${account.username} ${account.password} in project ${account.projectName} ${account.projectId}`)
    }
    console.log()
    for (const [name, value] of Object.entries(cloud.env(cloud.accounts.alice))) console.log(`export ${name}=${value}`)
    const loss = await Promise.race([cloud.lost, aborted(signal)])
    if (loss !== undefined) throw loss
    return 0
  } finally {
    if (stateFile !== undefined) rmSync(stateFile, { force: true })
    await cloud.stop()
  }
}

/**
 * @param {Release} release
 * @param {ReadonlyArray<string>} command
 * @param {AbortSignal} signal
 * @param {(line: string) => void} say
 */
async function run(release, [file, ...args], signal, say) {
  // Interrupting stops the command first, and the cloud below it only then.
  const starting = new AbortController()
  const interrupt = () => starting.abort(signal.reason)
  signal.addEventListener("abort", interrupt)
  if (signal.aborted) interrupt()
  const cloud = await start({ release, log: say, signal: starting.signal })
  signal.removeEventListener("abort", interrupt)
  try {
    void cloud.lost.then((loss) => say(loss.message))
    signal.throwIfAborted()
    const child = spawn(file ?? "", args, {
      stdio: "inherit",
      env: { ...process.env, GLANCE_TEST_CLOUD: JSON.stringify(cloud) }
    })
    signal.addEventListener("abort", () => child.kill(signal.reason))
    return await new Promise((resolve, reject) => {
      child.on("error", (error) => reject(new Error(`${file} could not be run: ${error.message}`)))
      child.on("exit", (code, name) => resolve(code ?? exitCode(name ?? "SIGKILL")))
    })
  } finally {
    await cloud.stop()
  }
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener("abort", () => resolve())
  })
}

/**
 * What a shell reports for a process that a signal ended.
 *
 * @param {NodeJS.Signals} name
 */
function exitCode(name) {
  return 128 + constants.signals[name]
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exit(await main(process.argv.slice(2)))
}
