import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type AccountName, fromEnvironment, type TestCloud } from "../contract/cloud.js"
import { ofAnother, randomFile, runExample } from "../support/examples.js"

const variables = ({ accounts, authUrl, region }: TestCloud, name: AccountName) => ({
  OS_AUTH_URL: authUrl,
  OS_USERNAME: accounts[name].username,
  OS_PASSWORD: accounts[name].password,
  OS_PROJECT_NAME: accounts[name].projectName,
  OS_USER_DOMAIN_NAME: "Default",
  OS_PROJECT_DOMAIN_NAME: "Default",
  OS_REGION_NAME: region
})

it.live("the tour runs on a real cloud, with two projects", () =>
  Effect.gen(function* () {
    const cloud = yield* fromEnvironment
    const { code, stderr, stdout } = yield* runExample("tour", {
      ...variables(cloud, "alice"),
      ...ofAnother(variables(cloud, "bob"))
    })
    assert.deepStrictEqual([code, stderr], [0, ""])
    assert.include(stdout, "accepted")
    assert.strictEqual(stdout.match(/deleted /g)?.length, 3)
  })
)

it.scopedLive("the other examples run on a real cloud", () =>
  Effect.gen(function* () {
    const cloud = yield* fromEnvironment
    for (const name of ["first", "own-client"]) {
      const { code, stderr } = yield* runExample(name, variables(cloud, "alice"))
      assert.deepStrictEqual([code, stderr], [0, ""], name)
    }
    const FILE = yield* randomFile(3_000_000)
    const { code, stderr } = yield* runExample("bytes", { ...variables(cloud, "alice"), FILE })
    assert.deepStrictEqual([code, stderr], [0, ""], "bytes")
  })
)
