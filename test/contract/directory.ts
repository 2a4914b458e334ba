/** What Keystone says about the caller and about projects. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Directory from "@effect-glance/http/Directory"
import * as Identity from "@effect-glance/http/Identity"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type AccountName, Projects, TheCloud } from "./cloud.js"

const directoryOf = (name: AccountName) =>
  Effect.gen(function* () {
    const { authUrl } = yield* TheCloud
    const project = (yield* Projects)[name]
    return yield* Effect.provideService(Directory.make({ authUrl }), Identity.Identity, project.identity)
  })

export const directory = (it: Vitest.MethodsNonLive<Projects | TheCloud | HttpClient.HttpClient, true>) => {
  it.effect("an administrator finds every project by its name and by its id", () =>
    Effect.gen(function* () {
      const { accounts } = yield* TheCloud
      const { findProject } = yield* directoryOf("admin")
      const { projectId: id, projectName: name } = accounts.bob
      const project = { id, name, domainId: Option.some("default") }
      assert.deepStrictEqual(yield* findProject(name), project)
      assert.deepStrictEqual(yield* findProject(id), project)
      assert.deepStrictEqual(yield* findProject(name, { domain: "Default" }), project)
      assert.deepStrictEqual(yield* findProject(name, { domain: "default" }), project)
    })
  )

  it.effect("a project that does not exist is not found, and the error names it", () =>
    Effect.gen(function* () {
      const { findProject } = yield* directoryOf("admin")
      const error = yield* Effect.flip(findProject("no such project", { domain: "Default" }))
      assert.strictEqual(error._tag, "ProjectNotFound")
      assert.include(error.message, '"no such project" in the domain "Default"')
    })
  )

  it.effect("a member finds its own project by name, and may not look for others", () =>
    Effect.gen(function* () {
      const { accounts } = yield* TheCloud
      const { findProject } = yield* directoryOf("alice")
      const { projectId, projectName } = accounts.alice
      assert.strictEqual((yield* findProject(projectName)).id, projectId)
      assert.strictEqual((yield* findProject(projectId)).name, projectName)
      const error = yield* Effect.flip(findProject(accounts.bob.projectName))
      assert.strictEqual(error._tag, "Forbidden")
    })
  )

  it.effect("the token of a member says who it is for", () =>
    Effect.gen(function* () {
      const { accounts } = yield* TheCloud
      const token = yield* Effect.flatMap(directoryOf("alice"), ({ token }) => token)
      assert.strictEqual(token.user.name, accounts.alice.username)
      assert.strictEqual(Option.getOrThrow(token.project).id, accounts.alice.projectId)
      assert.isTrue(Option.isNone(token.domainId))
      assert.isFalse(token.isSystem)
      assert.include(token.roles, "member")
      assert.match(token.expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    })
  )
}
