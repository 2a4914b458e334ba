import { assert, describe, it } from "@effect/vitest"
import { type GlanceError, Metadefs } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Port from "../support/port.js"

const run = <A, E>(use: (metadefs: Metadefs.Service) => Effect.Effect<A, E>) => Effect.flatMap(Metadefs.Metadefs, use)

const namespace = (name: string) => ({ namespace: name, visibility: "public", protected: false, owner: "o" })

const page = (names: ReadonlyArray<string>, next?: string) =>
  Port.json({
    namespaces: names.map(namespace),
    ...(next === undefined ? {} : { next: `/v2/metadefs/namespaces?marker=${next}` })
  })

const gone = () => Port.refusal(404, "Metadata definition namespace=b was not found.")

const listed = Effect.map(
  run(({ namespaces }) => Stream.runCollect(namespaces.listAll())),
  (all) => [...all].map(({ name }) => name)
)

describe("a listing of namespaces", () => {
  it.effect("begins again when its place has gone, and gives nothing twice", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* listed, ["a", "b", "c", "d"])
      const path = "GET /metadefs/namespaces"
      assert.deepStrictEqual(yield* Port.lines, [path, `${path}?marker=b`, path, `${path}?marker=c`])
    }).pipe(Effect.provide(Port.core([page(["a", "b"], "b"), gone(), page(["a", "c"], "c"), page(["d"])])))
  )

  it.effect("fails when its place goes again and nothing new came in between", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(listed)
      assert.include(error, { _tag: "MetadefNamespaceNotFound", namespace: "b" })
      assert.strictEqual((yield* Port.requests).length, 4)
    }).pipe(Effect.provide(Port.core([page(["a", "b"], "b"), gone(), page(["a", "b"], "b"), gone()])))
  )

  it.effect("fails when its pages go in a circle", () =>
    Effect.gen(function* () {
      assert.include(yield* Effect.flip(listed), { _tag: "RepeatedMarker", marker: "a" })
    }).pipe(Effect.provide(Port.core([page(["a"], "a"), page(["b"], "b"), page(["c"], "a")])))
  )
})

describe("an update", () => {
  const before = {
    name: "o",
    description: "old",
    required: ["p"],
    properties: { p: { type: "string", title: "P", newer: [1] }, __proto: { type: "string", title: "x" } },
    since: "a later release",
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    self: "/v2/x",
    schema: "/v2/y"
  }

  it.effect("sends back what it does not know, and not what the server does not take", () =>
    Effect.gen(function* () {
      yield* run(({ objects }) => objects.update("100% & ?#", "o", { description: "new" }))
      const [get, put] = yield* Port.requests
      assert.strictEqual(get?.url, "/metadefs/namespaces/100%25%20%26%20%3F%23/objects/o")
      assert.strictEqual(put?.method, "PUT")
      const { created_at: _c, schema: _s, self: _l, updated_at: _u, ...rest } = before
      assert.deepStrictEqual(JSON.parse(put?.body ?? ""), { ...rest, description: "new" })
    }).pipe(Effect.provide(Port.core([Port.json(before), Port.json({ ...before, description: "new" })])))
  )

  it.effect("that changes nothing is not sent", () =>
    Effect.gen(function* () {
      const object = yield* run(({ objects }) => objects.update("n", "o", { description: "old", required: ["p"] }))
      assert.deepStrictEqual([...object.properties.keys()], ["p", "__proto"])
      assert.strictEqual((yield* Port.requests).length, 1)
    }).pipe(Effect.provide(Port.core([Port.json(before)])))
  )
})

describe("tags", () => {
  const there = Port.refusal(409, "A metadata tag with name=a already exists in namespace=n.")
  const header = Effect.map(Port.requests, (all) => all.map(({ headers }) => headers["x-openstack-append"]))

  it.effect("that are appended say so, and those that are set say the contrary", () =>
    Effect.gen(function* () {
      yield* run(({ tags }) => Effect.zipRight(tags.append("n", ["a"]), tags.set("n", ["a"])))
      assert.deepStrictEqual(yield* header, ["true", "false"])
    }).pipe(Effect.provide(Port.core(() => Port.json({ tags: [{ name: "a" }] }, { status: 201 }))))
  )

  it.effect("that somebody else appends each time are given up after three looks", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(({ tags }) => tags.append("n", ["a", "b"])))
      assert.include(error, { _tag: "DuplicateMetadef", kind: "tag" })
      assert.deepStrictEqual(
        (yield* Port.requests).map(({ method }) => method),
        ["POST", "GET", "POST", "GET", "POST", "GET", "POST"]
      )
    }).pipe(Effect.provide(Port.core(({ method }) => (method === "GET" ? Port.json({ tags: [] }) : there.clone()))))
  )
})

describe("what cannot be read or done", () => {
  const failing = (use: (metadefs: Metadefs.Service) => Effect.Effect<unknown, GlanceError.GlanceError>) =>
    Effect.flip(run(use))

  it.effect("names the property of a definition that is none", () =>
    Effect.gen(function* () {
      const error = yield* failing(({ properties }) => Stream.runDrain(properties.listAll("n")))
      if (error._tag !== "UnexpectedAnswer") return assert.fail(error._tag)
      assert.include(error.detail, '["properties"]["bad"]["type"]')
    }).pipe(
      Effect.provide(
        Port.core([Port.json({ properties: { good: { type: "string", title: "x" }, bad: { title: "x" } } })])
      )
    )
  )

  it.effect("tells protection from a policy by the server's sentence", () =>
    Effect.gen(function* () {
      const first = yield* failing(({ namespaces }) => namespaces.delete("n"))
      assert.include(first, { _tag: "ProtectedMetadef", namespace: "n" })
      const second = yield* failing(({ namespaces }) => namespaces.delete("n"))
      assert.strictEqual(second._tag, "Forbidden")
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(403, "Metadata definition namespace n is protected and cannot be deleted."),
          Port.refusal(403, "You are not authorized to complete delete_metadef_namespace action.")
        ])
      )
    )
  )
})
