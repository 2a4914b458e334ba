/** Runs command lines by `openstack` of Debian 13 and by the command line of this project, each in a world of its own. */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"

export interface Account {
  readonly username: string
  readonly password: string
  readonly projectName: string
  readonly projectId: string
}

/** A tool's own projects of a cloud: what the other tool does is not seen here. */
export interface World {
  /** A letter that names of the world have, for those that all worlds of a cloud share. */
  readonly letter: string
  readonly authUrl: string
  readonly imageUrl: string
  readonly user: Account
  readonly admin: Account
  /** A project that images are shared with. */
  readonly guest: Account
}

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly words: ReadonlyArray<string>
  readonly stdin: Buffer
  readonly env: Readonly<Record<string, string>>
}

export type Tool = (line: CommandLine) => Promise<Result>

/** The variables of a login. */
export const login = ({ authUrl }: World, { password, projectName, username }: Account) => ({
  OS_AUTH_URL: authUrl,
  OS_IDENTITY_API_VERSION: "3",
  OS_USERNAME: username,
  OS_PASSWORD: password,
  OS_USER_DOMAIN_NAME: "Default",
  OS_PROJECT_NAME: projectName,
  OS_PROJECT_DOMAIN_NAME: "Default",
  OS_REGION_NAME: "RegionOne"
})

const files = { "disk.raw": "data of a disk\n".repeat(1000), "small.qcow2": "no qcow2" }

const directoryIn = (folder: string) => {
  mkdirSync(folder, { recursive: true })
  const directory = mkdtempSync(join(folder, "command-line-"))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return directory
}

/** `openstack` in the folder of a Debian 13. */
export const openstack = (root: string) => {
  const directory = directoryIn(join(root, "tmp"))
  const source = readFileSync(new URL("openstack.py", import.meta.url), "utf8")
  const process: ChildProcessByStdio<Writable, Readable, null> = spawn(
    "chroot",
    [root, "/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "/usr/bin/python3", "-c", source],
    { stdio: ["pipe", "pipe", "inherit"] }
  )
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  const run: Tool = async ({ env, stdin, words }) => {
    const request = {
      words,
      stdin: stdin.toString("base64"),
      env: { PATH: "/usr/bin:/bin", HOME: "/nonexistent", LC_ALL: "C.UTF-8", ...env },
      directory: directory.slice(root.length)
    }
    process.stdin.write(`${JSON.stringify(request)}\n`)
    const { done, value } = await answers.next()
    if (done === true) throw new Error("the process of openstack ended")
    const { code, stderr, stdout } = JSON.parse(value)
    const text = (encoded: string) => Buffer.from(encoded, "base64").toString("utf8")
    return { code, stdout: text(stdout), stderr: text(stderr) }
  }
  const close = () => {
    process.stdin.end()
    rmSync(directory, { recursive: true })
  }
  return { run, close, directory }
}

/** The command line of this project, from a bundle. */
export const ours = (bundle: string, folder: string) => {
  const directory = directoryIn(folder)
  const run: Tool = ({ env, stdin, words }) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(bundle, "bin.js"), ...words], {
        cwd: directory,
        stdio: ["pipe", "pipe", "pipe"],
        env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", XDG_CACHE_HOME: join(bundle, "cache"), ...env }
      })
      let [stdout, stderr] = ["", ""]
      child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text))
      child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
      child.on("error", reject)
      child.on("close", (code) => resolve({ code: code ?? 128, stdout, stderr }))
      // A program that does not read its input may end before it is written.
      child.stdin.on("error", () => undefined)
      child.stdin.end(stdin)
    })
  return { run, close: () => rmSync(directory, { recursive: true }), directory }
}
