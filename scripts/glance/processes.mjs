import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** Nothing of the caller's: a proxy, a PYTHONPATH or OS_* variables would all be obeyed. */
const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8", TZ: "UTC" }

/**
 * @typedef {object} Member
 * @property {string} name
 * @property {number | undefined} pid also the id of its process group; undefined when it could not be started
 * @property {string} logFile
 * @property {Promise<string>} ended how it ended, in words; never rejects
 */

/**
 * Child processes that log to files of one directory and do not outlive this process, and the ports they are to have.
 *
 * @param {string} logs
 */
export function processFamily(logs) {
  /** @type {Set<Member>} */
  const alive = new Set()
  /** @type {Set<import("node:net").Server>} */
  const holders = new Set()
  let stopping = false

  /**
   * @param {string} name
   * @param {ReadonlyArray<string>} command
   * @returns {Member}
   */
  function launch(name, command) {
    if (stopping) throw new Error(`${name} was not started: everything is being stopped.`)
    const logFile = join(logs, `${name}.log`)
    const output = openSync(logFile, "a")
    // setpriv covers the one end that no handler here can see: this process being killed outright.
    const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
      detached: true,
      env: environment,
      stdio: ["ignore", output, output]
    })
    closeSync(output)
    /** @type {Promise<string>} */
    const ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(`could not be started (${error.message})`))
      child.on("exit", (code, signal) =>
        resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`)
      )
    })
    const member = { name, pid: child.pid, logFile, ended }
    if (member.pid !== undefined) alive.add(member)
    void ended.then(() => {
      // While stopping, the rest of the group is given its time instead.
      if (stopping) return
      alive.delete(member)
      signalGroup(member, "SIGKILL")
    })
    return member
  }

  return {
    launch,

    /**
     * A free loopback port, held until `release` so that nobody else is given it meanwhile.
     *
     * @returns {Promise<{ readonly port: number, readonly release: () => Promise<void> }>}
     */
    async reservePort() {
      for (let attempt = 0; attempt < 50; attempt++) {
        // Below the range from which the kernel hands out ports to outgoing connections.
        const port = 20_000 + Math.floor(Math.random() * 12_000)
        const holder = createServer()
        const free = await new Promise((resolve) => {
          holder.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true))
        })
        if (!free) continue
        holders.add(holder)
        return {
          port,
          release: () => {
            holders.delete(holder)
            return new Promise((resolve) => void holder.close(() => resolve()))
          }
        }
      }
      throw new Error("No free port between 20000 and 32000 on 127.0.0.1.")
    },

    /**
     * Runs a command to its end.
     *
     * @param {string} name
     * @param {ReadonlyArray<string>} command
     */
    async run(name, command) {
      const member = launch(name, command)
      const how = await member.ended
      if (how !== "ended with code 0") throw failure(member, how)
    },

    /**
     * Waits until the member answers at the URL with anything but a server error.
     *
     * @param {Member} member
     * @param {string} url
     * @param {number} timeoutMillis
     */
    async answers(member, url, timeoutMillis) {
      const deadline = Date.now() + timeoutMillis
      let reason = "no answer"
      while (Date.now() < deadline) {
        const how = await Promise.race([member.ended, sleep(25)])
        if (how !== undefined) throw failure(member, how)
        try {
          // A kept connection would hold up the server when it is asked to end.
          const response = await fetch(url, { headers: { connection: "close" }, signal: AbortSignal.timeout(5_000) })
          await response.body?.cancel()
          if (response.status < 500) return
          reason = `status ${response.status}`
        } catch (error) {
          reason = String(/** @type {any} */ (error).cause ?? error)
        }
      }
      throw failure(member, `did not answer at ${url} within ${timeoutMillis / 1000} s (${reason})`)
    },

    /**
     * Ends every group, politely first, then by force, and lets go of the ports still held.
     *
     * @param {number} graceMillis
     */
    async stop(graceMillis) {
      stopping = true
      for (const holder of holders) holder.close()
      const groups = [...alive]
      for (const member of groups) signalGroup(member, "SIGTERM")
      if (!(await gone(groups, graceMillis))) {
        for (const member of groups) signalGroup(member, "SIGKILL")
        await gone(groups, 2_000)
      }
      await Promise.all(groups.map((member) => member.ended))
      alive.clear()
    },

    /** The same where nothing can be awaited any more. */
    kill() {
      stopping = true
      for (const member of alive) signalGroup(member, "SIGKILL")
      alive.clear()
    }
  }
}

/**
 * @param {Member} member
 * @param {string} how
 */
export function failure(member, how) {
  const lines = readFileSync(member.logFile, "utf8").trimEnd().split("\n")
  return new Error(`${member.name} ${how}. The end of its log:\n${lines.slice(-40).join("\n")}`)
}

/**
 * @param {Member} member
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether the group still has a process
 */
function signalGroup(member, signal) {
  if (member.pid === undefined) return false
  try {
    return process.kill(-member.pid, signal)
  } catch {
    return false
  }
}

/**
 * @param {ReadonlyArray<Member>} groups
 * @param {number} withinMillis
 */
async function gone(groups, withinMillis) {
  const deadline = Date.now() + withinMillis
  while (groups.some((member) => signalGroup(member, 0))) {
    if (Date.now() >= deadline) return false
    await sleep(20)
  }
  return true
}
