import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import * as ImageTask from "@effect-glance/core/ImageTask"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { discard, Projects, TheCloud, unique } from "./cloud.js"

const soon = { schedule: Schedule.spaced("100 millis").pipe(Schedule.intersect(Schedule.recurs(300))) }

export const tasks = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("an import task ends in its image", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { imageUrl } = yield* TheCloud
      const name = yield* unique("imported")
      const started = yield* admin.tasks.create("import", {
        import_from: `${imageUrl}/versions`,
        import_from_format: "raw",
        image_properties: { name, disk_format: "raw", container_format: "bare" }
      })
      assert.include(["pending", "processing"], started.status)
      const ended = yield* admin.tasks.await(started, soon)
      assert.strictEqual(ended.id, started.id)
      const { image_id } = Option.getOrThrow(ended.result) as { readonly image_id: string }
      const image = yield* admin.images.get(Image.ImageId.make(image_id))
      yield* discard(admin, image)
      assert.deepStrictEqual([image.status, image.name], ["active", Option.some(name)])
      assert.isTrue(Option.isSome(ended.expiresAt))
    })
  )

  it.scoped("a task that fails says why", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const started = yield* admin.tasks.create("import", { import_from: "http://127.0.0.1:1/" })
      const failed = yield* Effect.flip(admin.tasks.await(started.id, soon))
      if (failed._tag !== "TaskFailed") return assert.fail(failed._tag)
      assert.deepStrictEqual([failed.taskId, failed.type], [started.id, "import"])
      assert.notStrictEqual(failed.reason, "")
    })
  )

  it.scoped("tasks are listed page by page, without what only the whole record holds", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const made = yield* Effect.forEach([1, 2, 3], () =>
        admin.tasks.create("import", { import_from: "http://127.0.0.1:1/" })
      )
      const [listed, sent] = yield* admin.counting(
        admin.tasks.listAll({ limit: 2, type: "import" }).pipe(Stream.take(3), Stream.runCollect)
      )
      assert.strictEqual(sent.length, 2)
      assert.deepStrictEqual([...listed].map(({ id }) => id).sort(), made.map(({ id }) => id).sort())
      assert.isTrue([...listed].every(({ input }) => Option.isNone(input)))
    })
  )

  it.scoped("a task that is not there is not found; a member may not ask", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const nothing = ImageTask.TaskId.make("00000000-0000-4000-8000-000000000000")
      assert.strictEqual((yield* Effect.flip(admin.tasks.get(nothing)))._tag, "TaskNotFound")
      assert.strictEqual((yield* Effect.flip(alice.tasks.get(nothing)))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(alice.tasks.list()))._tag, "Forbidden")
      const unknown = yield* Effect.flip(admin.tasks.create("export", {}))
      assert.strictEqual(unknown._tag, "BadRequest")
    })
  )

  it.scoped("the six schemas describe their records", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      for (const name of ["image", "images", "member", "members", "task", "tasks"] as const) {
        const schema = yield* alice.schemas[name]
        assert.strictEqual(schema["name"], name)
        assert.isObject(schema["properties"])
      }
      const { properties } = (yield* alice.schemas.image) as { properties: Record<string, { enum?: Array<string> }> }
      assert.include(properties["disk_format"]?.enum ?? [], "qcow2")
    })
  )
}
