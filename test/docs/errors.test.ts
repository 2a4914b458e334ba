import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { GlanceError } from "@effect-glance/core"
import { CloudConfigError, Directory } from "@effect-glance/http"
import * as Predicate from "effect/Predicate"
import { entries } from "../../scripts/errors/entries.js"
import { page } from "../../scripts/errors/page.js"

/** The tags of all error classes that the packages export. */
const exported = [GlanceError, CloudConfigError, Directory]
  .flatMap((module) => Object.entries<unknown>({ ...module }))
  .filter(([, value]) => Predicate.isFunction(value) && value.prototype instanceof Error)
  .map(([name]) => name)

const committed = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")

it("each error class has an entry on the page of errors", () => {
  assert.isAbove(exported.length, 60)
  assert.sameMembers(exported, Object.keys(entries))
  for (const tag of exported) assert.include(committed, `\n### ${tag}\n`)
})

it("the page of errors is the one that the classes give", () => {
  assert.strictEqual(committed, page())
})

it("each error on the page has a message and a remedy in whole sentences", () => {
  for (const [tag, { example, remedy }] of Object.entries(entries)) {
    assert.strictEqual(example._tag, tag)
    assert.include(committed, `\n${example.message}\n`)
    assert.notMatch(example.message, /undefined|\[object/)
    assert.match(remedy, /^[A-Z].*\.$/)
  }
})
