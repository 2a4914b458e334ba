import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Resolved, resolve, rooted, variablesOf } from "../support/cloudConfig.js"
import { cases } from "../support/cloudConfigCases.js"

type Answer = { readonly is: Resolved } | { readonly refused: string }

/** Whatever openstacksdk is asked, in the same words. */
const types: Readonly<Record<string, string>> = {
  v3password: "password",
  v3token: "token",
  v3applicationcredential: "applicationCredential",
  v3totp: "totp",
  v3multifactor: "multiFactor",
  v2password: "rackspacePassword",
  admin_token: "adminToken"
}

const names: Readonly<Record<string, string>> = { tenant_id: "project_id", tenant_name: "project_name" }

const translated = (resolved: Resolved): Resolved => ({
  ...resolved,
  auth_type: types[resolved.auth_type] ?? resolved.auth_type,
  auth: Object.fromEntries(Object.entries(resolved.auth).map(([key, value]) => [names[key] ?? key, value]))
})

describe("openstacksdk resolves the same: the cloud that files and variables name is", () => {
  const directory = mkdtempSync(join(tmpdir(), "openstacksdk-"))
  afterAll(() => rmSync(directory, { recursive: true }))

  const asked = cases.filter(({ sdk }) => sdk).map((one, index) => ({ ...one, root: join(directory, String(index)) }))
  let answers: ReadonlyArray<Answer> = []

  beforeAll(() => {
    for (const { files = {}, root } of asked) {
      mkdirSync(join(root, "cwd"), { recursive: true })
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), rooted(text ?? "", root))
      }
    }
    const { stdout, stderr } = spawnSync(
      "/usr/bin/python3",
      [fileURLToPath(new URL("openstacksdk.py", import.meta.url))],
      {
        input: JSON.stringify(
          asked.map(({ cloud, region, root, ...machine }) => ({
            root,
            cloud,
            region,
            variables: variablesOf(machine, root)
          }))
        ),
        encoding: "utf8",
        maxBuffer: 10_000_000
      }
    )
    assert.notStrictEqual(stdout, "", stderr)
    answers = JSON.parse(stdout)
  })

  for (const [index, { cloud, region, root, what, ...machine }] of asked.entries()) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const ours = yield* resolve(machine, { cloud, region }, root)
        const answer = answers[index] as Answer
        if ("refused" in answer) assert.isString(ours, answer.refused)
        else assert.deepStrictEqual(ours, translated(answer.is))
      })
    )
  }
})
