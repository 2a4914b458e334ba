import { spawn, spawnSync } from "node:child_process"
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs"

/** What a Keystone and a Glance of this machine's release need, as Debian names it. */
export const packages = [
  "keystone",
  "glance-api",
  "uwsgi-core",
  "uwsgi-plugin-python3",
  "python3-openstackclient",
  "python3-glanceclient",
  "python3-openstacksdk"
]

const policyFile = "/usr/sbin/policy-rc.d"

/**
 * Installs the packages that are missing, and starts none of the daemons that they bring.
 *
 * @param {(line: string) => void} [log]
 * @param {ReadonlyArray<string>} [names]
 * @returns {Promise<void>}
 */
export async function install(log = () => {}, names = packages) {
  const wanted = missing(names)
  if (wanted.length === 0) return
  if (spawnSync("apt-get", ["--version"]).error) {
    throw new Error(`Debian's packages ${wanted.join(", ")} are missing, and this machine has no apt-get.`)
  }
  if (process.getuid?.() !== 0) {
    throw new Error(`The packages ${wanted.join(", ")} are missing, and only root can install them.`)
  }
  log(`Installing ${wanted.join(", ")} (two to three minutes on a fresh machine)`)
  await withSignalsHeld(() =>
    withoutDaemons(async () => {
      await apt(["update"])
      await apt(["install", "--yes", "--no-install-recommends", ...wanted])
    })
  )
  const stillMissing = missing(names)
  if (stillMissing.length > 0) {
    throw new Error(`apt-get reported success, yet ${stillMissing.join(", ")} did not get installed.`)
  }
}

/** @param {ReadonlyArray<string>} names */
function missing(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg's own
  const format = "${Package} ${db:Status-Status}\n"
  const query = spawnSync("dpkg-query", ["--show", "--showformat", format, ...names], { encoding: "utf8" })
  const lines = new Set((query.stdout ?? "").split("\n"))
  return names.filter((name) => !lines.has(`${name} installed`))
}

/**
 * Runs `apt-get` on this machine, or on the Debian in a folder.
 *
 * @param {ReadonlyArray<string>} args
 * @param {string} [folder]
 */
export async function apt(args, folder) {
  const options = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
  const command = [...(folder === undefined ? [] : ["chroot", folder]), "apt-get", ...options, ...args]
  const child = spawn(command[0] ?? "", command.slice(1), {
    // A group of its own: Ctrl-C would otherwise leave dpkg with half-configured packages.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" }
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text))
  }
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve))
  if (code !== 0) throw new Error(`apt-get ${args[0]} failed with code ${code}:\n${output.trim()}`)
}

/**
 * Debian starts what it installs, unless the policy file answers 101 to everything.
 *
 * @param {() => Promise<void>} body
 */
async function withoutDaemons(body) {
  if (spawnSync(policyFile, ["glance-api", "start"]).status === 101) return body()
  const aside = `${policyFile}.before-${process.pid}`
  const hadPolicy = existsSync(policyFile)
  if (hadPolicy) renameSync(policyFile, aside)
  try {
    writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
    await body()
  } finally {
    rmSync(policyFile, { force: true })
    if (hadPolicy) renameSync(aside, policyFile)
  }
}

/**
 * Dying in the middle would leave the policy file behind, and no daemon of the machine would ever start again.
 *
 * @param {() => Promise<void>} body
 */
export async function withSignalsHeld(body) {
  /** @type {Array<NodeJS.Signals>} */
  const received = []
  const hold = (/** @type {NodeJS.Signals} */ signal) => void received.push(signal)
  process.on("SIGINT", hold).on("SIGTERM", hold)
  try {
    await body()
  } finally {
    process.off("SIGINT", hold).off("SIGTERM", hold)
    const [signal] = received
    if (signal !== undefined && process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
}
