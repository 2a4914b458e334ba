import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { apt, install, withSignalsHeld } from "./packages.mjs"

const suite = "trixie"
const wanted = ["glance-api"]

/** Changes whenever a folder that an earlier version of this file made must be made again. */
const recipe = JSON.stringify({ version: 1, suite, wanted })
const stampFile = "effect-glance.json"

const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" }

/**
 * Returns a folder that holds a Debian 13 with Glance 30.0, and makes it if it is missing or broken. That takes one to
 * three minutes and 900 MB. The folder is `effect-glance/debian-13` below `$XDG_CACHE_HOME`, or below `/var/cache` if
 * that variable is not set. Later runs use it again; it can be deleted at any time.
 *
 * @param {(line: string) => void} [log]
 * @returns {Promise<string>}
 */
export async function debian13(log = () => {}) {
  const cache = process.env["XDG_CACHE_HOME"]
  const parent = join(cache !== undefined && isAbsolute(cache) ? cache : "/var/cache", "effect-glance")
  const folder = join(parent, "debian-13")
  if (isWhole(folder)) return folder
  if (process.getuid?.() !== 0) throw new Error(`${folder} is missing or broken, and only root can make it.`)
  await install(log, ["debootstrap", "debian-archive-keyring"])
  log(`Making a Debian 13 in ${folder} (one to three minutes)`)
  mkdirSync(parent, { recursive: true })
  removeAbandoned(parent)
  const fresh = `${folder}.${process.pid}`
  await withSignalsHeld(async () => {
    try {
      await make(fresh)
      // Another process may have finished first. Its folder is as good as this one.
      if (!isWhole(folder)) {
        remove(folder)
        renameSync(fresh, folder)
      }
    } finally {
      remove(fresh)
    }
  })
  return folder
}

/** @param {string} folder */
function isWhole(folder) {
  try {
    if (readFileSync(join(folder, stampFile), "utf8") !== recipe) return false
  } catch {
    return false
  }
  const probe = ["/usr/bin/python3", "-c", "import glance.version, sqlalchemy, eventlet"]
  return existsSync(join(folder, "usr/bin/glance-api")) && spawnSync("chroot", [folder, ...probe]).status === 0
}

/** @param {string} folder */
async function make(folder) {
  // In a mount namespace of its own: what debootstrap mounts is gone when it ends, however it ends.
  await toEnd("unshare", ["--mount", "--", "debootstrap", "--variant=minbase", suite, folder, mirror()])
  /** @param {string} path @param {string} text @param {number} [mode] */
  const write = (path, text, mode = 0o644) => writeFileSync(join(folder, path), text, { mode })
  // No daemon is started by the packages that bring it.
  write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
  const documents = ["doc", "man", "locale"].map((name) => `path-exclude=/usr/share/${name}/*\n`)
  write("etc/dpkg/dpkg.cfg.d/effect-glance", `force-unsafe-io\n${documents.join("")}`)
  await apt(["update"], folder)
  await apt(["install", "--yes", "--no-install-recommends", ...wanted], folder)
  await apt(["clean"], folder)
  write(stampFile, recipe)
}

/** The mirror from which this machine gets its own Debian. */
function mirror() {
  const codename = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1]
  const format = ["--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
  const { stdout = "" } = spawnSync("apt-get", ["indextargets", ...format], { encoding: "utf8", env: environment })
  for (const line of stdout.split("\n")) {
    const [uri, release, component] = line.split(" ")
    if (uri !== undefined && release === codename && component === "main") return uri
  }
  throw new Error(
    `The package sources of this machine name no mirror for ${codename} main, so Debian 13 has no source.`
  )
}

/** Removes what runs left behind that were killed while they made a folder. @param {string} parent */
function removeAbandoned(parent) {
  for (const name of readdirSync(parent)) {
    const pid = /^debian-13\.(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(join(parent, name))
  }
}

/** Stays on the file system of the folder, whatever is mounted inside. @param {string} folder */
function remove(folder) {
  spawnSync("rm", ["--recursive", "--force", "--one-file-system", folder])
}

/** @param {string} file @param {ReadonlyArray<string>} args */
async function toEnd(file, args) {
  const child = spawn(file, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: environment })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text))
  }
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve))
  if (code !== 0)
    throw new Error(`${[file, ...args].join(" ")} failed with code ${code}:\n${output.trim().slice(-4000)}`)
}
