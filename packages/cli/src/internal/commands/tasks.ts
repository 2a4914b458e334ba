/** `image task list` and `image task show`. */
import type * as ImageTask from "@effect-glance/core/ImageTask"
import * as ImageTasks from "@effect-glance/core/ImageTasks"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Command from "../command.js"
import { type Cell, DictCell, type Json } from "../output/cell.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"

const sortKeys: Readonly<Record<string, ImageTasks.TaskSort["key"]>> = {
  created_at: "createdAt",
  expires_at: "expiresAt",
  id: "id",
  status: "status",
  type: "type",
  updated_at: "updatedAt"
}

export const list = Command.rows({
  summary: "List tasks",
  examples: ["image task list --status failure", "image task list --sort-key updated_at --sort-dir asc -f json"],
  parameters: {
    sortKey: Parameters.text("--sort-key", `Order by ${Object.keys(sortKeys).join(", ")} (default: created_at)`, {
      metavar: "<key>"
    }),
    sortDirection: Parameters.text("--sort-dir", "Direction of the order, asc or desc (default: desc)", {
      metavar: "<direction>"
    }),
    limit: Parameters.integer("--limit", "Tasks in one request; all tasks are listed", { metavar: "<num-tasks>" }),
    marker: Parameters.text("--marker", "List the tasks after this one (ID)", { metavar: "<task>" }),
    type: Parameters.text("--type", "List only tasks of this type", { metavar: "<type>", choices: ["import"] }),
    status: Parameters.text("--status", "List only tasks with this status", {
      metavar: "<status>",
      choices: ["pending", "processing", "success", "failure"]
    })
  },
  run: ({ limit, marker, sortDirection, sortKey, status, type }) =>
    Effect.gen(function* () {
      const tasks = yield* ImageTasks.make
      const key = sortKeys[sortKey ?? "created_at"]
      if (key === undefined) {
        return yield* new Command.CommandFailed({
          message: `--sort-key ${sortKey}: tasks are sorted by ${Object.keys(sortKeys).join(", ")}`
        })
      }
      const found = yield* Stream.runCollect(
        tasks.listAll({
          status,
          type,
          limit,
          marker: marker as ImageTask.TaskId | undefined,
          sort:
            sortKey === undefined && sortDirection === undefined
              ? undefined
              : { key, direction: sortDirection as "asc" | "desc" | undefined }
        })
      )
      return {
        columns: ["ID", "Type", "Status", "Owner"],
        rows: [...found].map((task) => [task.id, task.type, task.status, Option.getOrNull(task.owner)])
      }
    })
})

export const show = Command.fields({
  summary: "Display task details",
  examples: [
    "image task show 7f2b7c1e-0000-4000-8000-000000000001",
    "image task show 7f2b7c1e-0000-4000-8000-000000000001 -f value -c message"
  ],
  parameters: { task: Parameters.argument("<Task ID>", "Task to display (ID)") },
  run: ({ task: id }) =>
    Effect.gen(function* () {
      const tasks = yield* ImageTasks.make
      const task = yield* tasks.get(id)
      return Records.sorted(
        new Map<string, Cell>([
          ["created_at", Records.time(task.createdAt)],
          ["expires_at", Option.getOrNull(Option.map(task.expiresAt, Records.time))],
          ["id", task.id],
          ["input", Option.getOrNull(task.input) as Json],
          ["message", Option.getOrNull(task.message)],
          ["owner_id", Option.getOrNull(task.owner)],
          ["properties", new DictCell({})],
          ["result", Option.getOrNull(task.result) as Json],
          ["status", task.status],
          ["type", task.type],
          ["updated_at", Records.time(task.updatedAt)]
        ])
      )
    })
})
