import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { resolve, rooted } from "../support/cloudConfig.js"
import { cases } from "../support/cloudConfigCases.js"

describe("the cloud that files and variables name is", () => {
  for (const { cloud, is, region, what, ...machine } of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const resolved = yield* resolve(machine, { cloud, region })
        const expected = rooted(is, "/root")
        if (typeof expected === "string" || typeof resolved === "string") assert.strictEqual(resolved, expected)
        // What has everything that a cloud always has is all of it.
        else if (expected.auth_type && expected.verify !== undefined) assert.deepStrictEqual(resolved, expected)
        else assert.deepInclude(resolved, expected)
      })
    )
  }
})
