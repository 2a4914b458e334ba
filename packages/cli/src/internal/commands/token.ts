/** `token issue`, which scripts use beside `image`. */
import * as Directory from "@effect-glance/http/Directory"
import * as Identity from "@effect-glance/http/Identity"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Command from "../command.js"
import type { Cell } from "../output/cell.js"
import * as Records from "../records.js"

export const issue = Command.fields({
  summary: "Log in, and print the token",
  examples: ["token issue -f value -c id", "token issue -f json"],
  parameters: {},
  run: () =>
    Effect.gen(function* () {
      const identity = yield* Identity.Identity
      const directory = yield* Directory.Directory
      const { token } = yield* identity.session
      const { domainId, expiresAt, isSystem, project, user } = yield* directory.token
      const record = new Map<string, Cell>([
        ["id", Redacted.value(token)],
        ["expires", expiresAt.replace(/(?:\.\d+)?Z$/, "+0000")],
        ["user_id", user.id]
      ])
      if (Option.isSome(project)) record.set("project_id", project.value.id)
      if (Option.isSome(domainId)) record.set("domain_id", domainId.value)
      if (isSystem) record.set("system", "all")
      return Records.sorted(record)
    })
})
