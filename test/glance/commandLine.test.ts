/** Runs the same command lines by `openstack` and by the command line of this project. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as MemoryCloud from "@effect-glance/memory/MemoryCloud"
import * as NodeMemoryServer from "@effect-glance/node/NodeMemoryServer"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { type Case, cases, wordsOf } from "./commandLine/cases.js"
import { type Command, table } from "./commandLine/coverage.js"
import { known } from "./commandLine/known.js"
import { type Account, type CommandLine, login, openstack, ours, type Tool, type World } from "./commandLine/tools.js"
import { type Call, caller, normalized, stateOf } from "./commandLine/worlds.js"

interface RealCloud {
  readonly release: string
  readonly root: string
  readonly authUrl: string
  readonly imageUrl: string
  readonly accounts: { readonly [name in "alice" | "bob" | "carol" | "admin"]: Account }
}

const real = JSON.parse(process.env["GLANCE_TEST_CLOUD"] ?? "{}") as RealCloud

/** The tool, its world, and calls of Glance with which the test looks at the world. */
interface Side {
  readonly world: World
  readonly run: Tool
  readonly directory: string
  readonly user: Call
  readonly admin: Call
}

const memoryWorld = async (letter: string, scope: Scope.CloseableScope): Promise<World> => {
  const server = await Effect.runPromise(
    Effect.flatMap(MemoryCloud.make({ release: "30.0" }), (cloud) => NodeMemoryServer.serve(cloud)).pipe(
      Scope.extend(scope)
    )
  )
  const account = (name: string): Account => {
    const { password, projectName, username } = MemoryCloud.credentials(server.cloud, { user: name, project: name })
    return {
      username,
      password: Redacted.value(password),
      projectName,
      projectId: server.cloud.project(name).id
    }
  }
  const { authUrl, imageUrl } = server
  return { letter, authUrl, imageUrl, user: account("demo"), admin: account("admin"), guest: account("guest") }
}

const realWorld = (letter: string, name: "alice" | "bob"): World => {
  const { accounts, authUrl, imageUrl } = real
  return { letter, authUrl, imageUrl, user: accounts[name], admin: accounts.admin, guest: accounts.carol }
}

const idOf = async ({ user }: Side, name: string): Promise<string> => {
  const { body } = await user("GET", `/images?name=${encodeURIComponent(name)}`)
  return body.images[0]?.id ?? name
}

const filled = async (side: Side, { as, env = {}, line, stdin = "" }: Case): Promise<CommandLine> => {
  const { world } = side
  let text = line
    .replaceAll("{w}", world.letter)
    .replaceAll("{guestName}", world.guest.projectName)
    .replaceAll("{guest}", world.guest.projectId)
  for (const [whole, name = ""] of line.matchAll(/\{id ([^}]+)\}/g))
    text = text.replaceAll(whole, await idOf(side, name))
  const account = as === "admin" ? world.admin : as === "guest" ? world.guest : world.user
  return { words: wordsOf(text), stdin: Buffer.from(stdin), env: { ...login(world, account), ...env } }
}

const sorted = (text: string): string => text.split("\n").sort().join("\n")

const compared = ({ line, output }: Case, stdout: string): unknown => {
  if (output === "ignored") return undefined
  if (output === "sorted") return sorted(stdout)
  return / -f ?json/.test(line) && stdout.trim() !== "" ? JSON.parse(stdout) : stdout
}

const compare = (what: string, makeWorlds: (scope: Scope.CloseableScope) => Promise<readonly [World, World]>) => {
  describe(what, () => {
    const scope = Effect.runSync(Scope.make())
    const folder = mkdtempSync(join(tmpdir(), "command-line-"))
    let sides: readonly [Side, Side]
    const closers: Array<() => void> = [() => rmSync(folder, { recursive: true, force: true })]

    beforeAll(async () => {
      execFileSync(process.execPath, [
        fileURLToPath(new URL("../../scripts/cli.mjs", import.meta.url)),
        join(folder, "bundle")
      ])
      const [left, right] = await makeWorlds(scope)
      const theirs = openstack(real.root)
      const mine = ours(join(folder, "bundle"), join(folder, "files"))
      closers.unshift(theirs.close, mine.close)
      const side = async (world: World, { directory, run }: { readonly directory: string; readonly run: Tool }) => ({
        world,
        run,
        directory,
        user: await caller(world, world.user),
        admin: await caller(world, world.admin)
      })
      sides = [await side(left, theirs), await side(right, mine)]
    }, 120_000)

    afterAll(async () => {
      for (const close of closers) close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    })

    for (const [index, each] of cases.entries()) {
      const title = `${index + 1}. ${each.as === undefined ? "" : `as ${each.as}: `}${each.line}`
      it(title, { timeout: 120_000 }, async () => {
        const results = await Promise.all(
          sides.map(async (side) => {
            const { code, stderr, stdout } = await side.run(await filled(side, each))
            return {
              code,
              complaint: stderr,
              complains: code !== 0 && stderr.trim() !== "",
              stdout: compared(each, normalized(side.world, stdout)),
              state: await stateOf(side.world, side.user, side.admin)
            }
          })
        )
        const [theirs, mine] = results
        assert.isDefined(theirs)
        assert.isDefined(mine)
        const complaints = `openstack: ${theirs.complaint}\nours: ${mine.complaint}`
        const difference = known.get(each.line)
        if (difference?.code === undefined) assert.strictEqual(mine.code, theirs.code, complaints)
        else assert.deepStrictEqual([theirs.code, mine.code], difference.code, complaints)
        if (difference?.output === undefined) assert.deepStrictEqual(mine.stdout, theirs.stdout, complaints)
        else assert.notDeepEqual(mine.stdout, theirs.stdout)
        assert.strictEqual(mine.complains, mine.code !== 0, "a failure is explained on standard error")
        if (difference?.state === undefined) assert.strictEqual(mine.state, theirs.state, complaints)
        else assert.notStrictEqual(mine.state, theirs.state)
      })
    }

    it("a downloaded file is the same", () => {
      const [theirs, mine] = sides.map(({ directory }) => readFileSync(join(directory, "saved.raw")))
      assert.isDefined(theirs)
      assert.deepStrictEqual(mine, theirs)
    })
  })
}

const flagsOf = (root: string): ReadonlyMap<string, Command> => {
  const source = readFileSync(new URL("commandLine/flags.py", import.meta.url), "utf8")
  const python = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "/usr/bin/python3", "-c", source]
  const text = execFileSync("chroot", [root, ...python], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  return new Map(Object.entries(JSON.parse(text)))
}

// `openstack` 7.4 is in the folder of Debian 13, which only the runs against Glance 30.0 have.
describe.runIf(real.release === "30.0")("openstack and effect-glance", () => {
  it("docs/command-line.md names every flag of python-openstackclient, with a case that runs it", () => {
    const commands = flagsOf(real.root)
    const page = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8")
    assert.isAbove(commands.size, 40)
    assert.strictEqual(page.slice(page.indexOf("| command | flag |")), table(commands))
    assert.notInclude(table(commands), "`none`")
  })

  compare("on the memory cloud", async (scope) => [await memoryWorld("l", scope), await memoryWorld("r", scope)])
  compare("on a real Glance", async () => [realWorld("l", "alice"), realWorld("r", "bob")])
})
