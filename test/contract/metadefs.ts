import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import type * as Metadef from "@effect-glance/core/Metadef"
import type * as MetadefNamespaces from "@effect-glance/core/MetadefNamespaces"
import type * as MetadefProperties from "@effect-glance/core/MetadefProperties"
import type * as MetadefSchemas from "@effect-glance/core/MetadefSchemas"
import type * as MetadefTags from "@effect-glance/core/MetadefTags"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type Project, Projects, type TheCloud, unique } from "./cloud.js"
import { differences } from "./differences.js"

/** A namespace that is gone after the test, whatever the test did to it. */
const newNamespace = (project: Project, definition: MetadefNamespaces.NamespaceDefinition = {}) =>
  Effect.acquireRelease(
    Effect.flatMap(unique("namespace"), (name) => project.metadefs.namespaces.create(name, definition)),
    ({ name }) => discard(project, name)
  )

const discard = (project: Project, name: string) =>
  project.metadefs.namespaces
    .update(name, { protected: false })
    .pipe(Effect.zipRight(project.metadefs.namespaces.delete(name)), Effect.ignore)

const text = { type: "string", title: "Text" } as const

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), (all) => [...all])

const names = <E>(stream: Stream.Stream<{ readonly name: string }, E>) =>
  Effect.map(collect(stream), (all) => all.map(({ name }) => name))

const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

export const metadefs = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("a namespace is made with all that is in it, read, changed and deleted", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const resourceType = yield* unique("OS::Test")
      const made = yield* newNamespace(admin, {
        displayName: "Display",
        description: "Described",
        visibility: "public",
        associations: { [resourceType]: { prefix: "hw_", propertiesTarget: "image" } },
        properties: {
          cpus: { type: "integer", title: "CPUs", minimum: 1, maximum: 8, default: "2" },
          "quite awkward: 100% & ?#[]": { ...text, enum: ["a", "ß"], operators: ["<in>"] }
        },
        objects: { machine: { description: "One", required: ["cpus"], properties: { cpus: text } } },
        tags: ["old", "new"]
      })
      const read = yield* alice.metadefs.namespaces.get(made)
      for (const one of [made, read]) {
        assert.deepStrictEqual(one.displayName, Option.some("Display"))
        assert.strictEqual(one.visibility, "public")
        assert.isFalse(one.protected)
        assert.deepStrictEqual(one.owner, Option.some(admin.projectId))
        assert.deepStrictEqual(
          one.associations.map(({ name, prefix, propertiesTarget }) => [name, prefix, propertiesTarget]),
          [[resourceType, Option.some("hw_"), Option.some("image")]]
        )
        assert.deepStrictEqual([...one.properties.keys()].sort(), ["cpus", "quite awkward: 100% & ?#[]"])
        assert.deepStrictEqual(one.properties.get("cpus")?.maximum, Option.some(8))
        assert.deepStrictEqual(one.properties.get("quite awkward: 100% & ?#[]")?.enum, Option.some(["a", "ß"]))
        assert.deepStrictEqual(
          one.objects.map(({ name, properties, required }) => [name, [...properties.keys()], required]),
          [["machine", ["cpus"], ["cpus"]]]
        )
        assert.deepStrictEqual(one.tags.map(({ name }) => name).sort(), ["new", "old"])
      }
      const forImages = yield* alice.metadefs.namespaces.get(made.name, { resourceType })
      assert.include([...forImages.properties.keys()], "hw_cpus")
      assert.deepStrictEqual(forImages.objects[0]?.required, ["hw_cpus"])

      const [changed, sent] = yield* admin.counting(
        admin.metadefs.namespaces.update(made, { description: null, protected: true })
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET", "PUT"]
      )
      const after = yield* alice.metadefs.namespaces.get(made)
      for (const one of [changed, after]) {
        assert.deepStrictEqual(one.description, Option.none())
        assert.isTrue(one.protected)
        // What was not named is as it was, although the request replaces everything.
        assert.deepStrictEqual(one.displayName, Option.some("Display"))
        assert.strictEqual(one.visibility, "public")
        assert.strictEqual(one.properties.size, 2)
        assert.strictEqual(one.objects.length, 1)
        assert.strictEqual(one.tags.length, 2)
        assert.strictEqual(one.associations.length, 1)
      }
      const [, nothing] = yield* admin.counting(admin.metadefs.namespaces.update(made, { protected: true }))
      assert.deepStrictEqual(
        nothing.map(({ method }) => method),
        ["GET"]
      )

      assert.strictEqual(yield* tagOf(admin.metadefs.namespaces.delete(made)), "ProtectedMetadef")
      yield* admin.metadefs.namespaces.update(made, { protected: false })
      yield* admin.metadefs.namespaces.delete(made)
      assert.strictEqual(yield* tagOf(alice.metadefs.namespaces.get(made)), "MetadefNamespaceNotFound")
    })
  )

  it.scoped("a namespace that another administrator owns stays his when it is changed", () =>
    Effect.gen(function* () {
      const { admin, bob } = yield* Projects
      const { name } = yield* newNamespace(admin, { owner: bob.projectId })
      const renamed = yield* unique("renamed")
      const updated = yield* admin.metadefs.namespaces.update(name, { name: renamed })
      yield* Effect.addFinalizer(() => discard(admin, renamed))
      assert.strictEqual(updated.name, renamed)
      const seen = yield* bob.metadefs.namespaces.get(renamed)
      assert.deepStrictEqual(seen.owner, Option.some(bob.projectId))
      assert.strictEqual(seen.visibility, "private")
    })
  )

  it.scoped("what is private is there for its owner only, and everybody reads what is public", () =>
    Effect.gen(function* () {
      const { admin, alice, bob } = yield* Projects
      const { name } = yield* newNamespace(admin, { owner: alice.projectId, tags: ["one"] })
      const isListed = (project: Project) =>
        Effect.map(names(project.metadefs.namespaces.listAll({ limit: 100 })), (all) => all.includes(name))
      assert.deepStrictEqual(yield* Effect.all([alice, bob, admin].map(isListed)), [true, false, true])
      assert.strictEqual(yield* tagOf(bob.metadefs.namespaces.get(name)), "MetadefNamespaceNotFound")
      assert.strictEqual(yield* tagOf(collect(bob.metadefs.tags.listAll(name))), "MetadefNamespaceNotFound")
      yield* admin.metadefs.namespaces.update(name, { visibility: "public" })
      assert.deepStrictEqual(yield* Effect.all([alice, bob, admin].map(isListed)), [true, true, true])
    })
  )

  it.scoped("a member reads, and writes nothing", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const { metadefs } = alice
      const { name } = yield* newNamespace(admin, {
        visibility: "public",
        properties: { p: text },
        objects: { o: {} },
        tags: ["t"],
        associations: { "OS::Glance::Image": {} }
      })
      const refused: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        metadefs.namespaces.create(`${name}-2`),
        metadefs.namespaces.update(name, { description: "mine" }),
        metadefs.namespaces.delete(name),
        metadefs.properties.create(name, "q", text),
        metadefs.properties.update(name, "p", { title: "mine" }),
        metadefs.properties.delete(name, "p"),
        metadefs.properties.deleteAll(name),
        metadefs.objects.create(name, "q"),
        metadefs.objects.update(name, "o", { description: "mine" }),
        metadefs.objects.delete(name, "o"),
        metadefs.objects.deleteAll(name),
        metadefs.tags.create(name, "q"),
        metadefs.tags.append(name, ["q"]),
        metadefs.tags.set(name, ["q"]),
        metadefs.tags.set(name, []),
        metadefs.tags.rename(name, "t", "q"),
        metadefs.tags.delete(name, "t"),
        metadefs.tags.deleteAll(name),
        metadefs.resourceTypes.associate(name, "OS::Nova::Server"),
        metadefs.resourceTypes.dissociate(name, "OS::Glance::Image")
      ]
      for (const one of refused) assert.strictEqual(yield* tagOf(one), "Forbidden")
    })
  )

  it.scoped("namespaces are listed page by page, each once, in the order that was asked for", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const resourceType = yield* unique("OS::Test")
      const made = yield* Effect.forEach(["public", "private", "public", "public", "private"] as const, (visibility) =>
        newNamespace(admin, { visibility, associations: { [resourceType]: {} } })
      )
      const query = { resourceTypes: [resourceType], limit: 2 }
      const [all, sent] = yield* admin.counting(names(admin.metadefs.namespaces.listAll(query)))
      assert.deepStrictEqual(all, made.map(({ name }) => name).reverse())
      assert.strictEqual(sent.length, 3)
      const byName = yield* names(
        admin.metadefs.namespaces.listAll({ ...query, sort: { key: "name", direction: "asc" } })
      )
      assert.deepStrictEqual(byName, made.map(({ name }) => name).sort())
      assert.deepStrictEqual(
        yield* names(alice.metadefs.namespaces.listAll(query)),
        made.flatMap(({ name, visibility }) => (visibility === "public" ? [name] : [])).reverse()
      )
      assert.strictEqual(
        (yield* names(admin.metadefs.namespaces.listAll({ ...query, visibility: "private" }))).length,
        2
      )

      const first = yield* admin.metadefs.namespaces.list(query)
      assert.deepStrictEqual(
        first.items.map(({ associations, name }) => [name, associations.map((one) => one.name)]),
        [all[0], all[1]].map((name) => [name, [resourceType]])
      )
      assert.deepStrictEqual(first.next, Option.some({ ...query, marker: all[1] ?? "" }))
      const unknown = yield* Effect.flip(admin.metadefs.namespaces.list({ marker: "not there" }))
      assert.strictEqual(unknown._tag, "MetadefNamespaceNotFound")
    })
  )

  it.scoped("raw: a listing by a resource type that no namespace has is empty, whatever else it asks for", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const type = yield* unique("OS::Test")
      const list = (query: string) =>
        alice.http.client
          .execute(HttpClientRequest.get(`/metadefs/namespaces?resource_types=${type}${query}`))
          .pipe(Effect.flatMap((response) => Effect.map(response.text, (text) => [response.status, text] as const)))
      const empty = {
        namespaces: [],
        schema: "/v2/schemas/metadefs/namespaces",
        first: `/v2/metadefs/namespaces?resource_types=${encodeURIComponent(type)}`
      }
      const [status, text] = yield* list("&marker=")
      assert.deepStrictEqual([status, JSON.parse(text)], [200, empty])
      assert.strictEqual((yield* list("&sort_key=color"))[0], 200)
      assert.strictEqual((yield* list("&marker=nowhere"))[0], 404)
      assert.strictEqual((yield* list("&limit=-1"))[0], 400)
      // An association that the caller cannot see counts.
      yield* newNamespace(admin, { visibility: "private", associations: { [type]: {} } })
      assert.strictEqual((yield* list(""))[0], 200)
      assert.strictEqual((yield* list("&marker="))[0], 404)
      assert.strictEqual((yield* list("&sort_key=color"))[0], 500)
    })
  )

  it.scoped("a listing goes on when the namespace or the tag has gone after which a page begins", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const resourceType = yield* unique("OS::Test")
      const made = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () =>
        newNamespace(admin, { associations: { [resourceType]: {} } })
      )
      const newestFirst = made.map(({ name }) => name).reverse()
      const seen = yield* names(
        admin.metadefs.namespaces
          .listAll({ resourceTypes: [resourceType], limit: 2 })
          .pipe(
            Stream.tap(({ name }) => (name === newestFirst[3] ? admin.metadefs.namespaces.delete(name) : Effect.void))
          )
      )
      assert.deepStrictEqual(seen, newestFirst)

      const namespace = made[0] as Metadef.NamespaceDetails
      const tags = ["a", "b", "c", "d", "e", "f", "g"]
      yield* admin.metadefs.tags.set(namespace, tags)
      const given = yield* names(
        admin.metadefs.tags
          .listAll(namespace, { limit: 3, sort: { key: "name", direction: "asc" } })
          .pipe(Stream.tap(({ name }) => (name === "c" ? admin.metadefs.tags.delete(namespace, name) : Effect.void)))
      )
      assert.deepStrictEqual(given, tags)
    })
  )

  it.scoped("properties are made, listed, changed by what is named only, renamed and deleted", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const resourceType = yield* unique("OS::Test")
      const { name } = yield* newNamespace(admin, {
        visibility: "public",
        associations: { [resourceType]: { prefix: "hw_" } }
      })
      const { properties } = admin.metadefs
      const full: MetadefProperties.PropertyDefinition = {
        type: "array",
        title: "Full",
        description: "Ωmega",
        operators: ["<or>", "<in>"],
        default: "5",
        readonly: true,
        minimum: -1,
        maximum: 10,
        enum: ["a", "b"],
        pattern: "^(",
        minLength: 0,
        maxLength: 9,
        items: { type: "string", enum: ["x"] },
        uniqueItems: true,
        minItems: 0,
        maxItems: 3,
        additionalItems: false
      }
      const made = yield* properties.create(name, "full", full)
      yield* properties.create(name, "100% awkward?#&+[]", text)
      assert.strictEqual(yield* tagOf(properties.create(name, "full", text)), "DuplicateMetadef")
      const read = yield* alice.metadefs.properties.get(name, "full")
      assert.deepStrictEqual(read, made)
      assert.deepStrictEqual(read.items, Option.some({ type: "string", enum: Option.some(["x"]) }) as never)
      assert.deepStrictEqual((yield* names(alice.metadefs.properties.listAll(name))).sort(), [
        "100% awkward?#&+[]",
        "full"
      ])
      assert.strictEqual((yield* alice.metadefs.properties.get(name, "hw_full", { resourceType })).name, "full")
      assert.strictEqual(
        yield* tagOf(alice.metadefs.properties.get(name, "full", { resourceType })),
        "MetadefPropertyNotFound"
      )

      const changed = yield* properties.update(name, "full", { title: "Fuller", enum: null, minimum: 0 })
      const again = yield* alice.metadefs.properties.get(name, "full")
      for (const one of [changed, again]) {
        assert.strictEqual(one.title, "Fuller")
        assert.deepStrictEqual([one.enum, one.minimum, one.maximum], [Option.none(), Option.some(0), Option.some(10)])
        assert.deepStrictEqual([one.description, one.pattern], [Option.some("Ωmega"), Option.some("^(")])
        assert.deepStrictEqual([...one.operators], ["<or>", "<in>"])
        assert.isTrue(one.readonly && one.uniqueItems)
      }
      assert.strictEqual(
        yield* tagOf(properties.update(name, "full", { name: "100% awkward?#&+[]" })),
        (yield* differences).takenName
      )
      assert.strictEqual((yield* properties.update(name, "full", { name: "fuller" })).name, "fuller")
      assert.strictEqual(yield* tagOf(properties.get(name, "full")), "MetadefPropertyNotFound")
      assert.strictEqual(yield* tagOf(properties.update(name, "full", { title: "x" })), "MetadefPropertyNotFound")
      assert.strictEqual(yield* tagOf(properties.delete(name, "full")), "MetadefPropertyNotFound")
      yield* properties.delete(name, "100% awkward?#&+[]")
      assert.deepStrictEqual(yield* names(properties.listAll(name)), ["fuller"])
      yield* properties.deleteAll(name)
      assert.deepStrictEqual(yield* names(properties.listAll(name)), [])
    })
  )

  it.scoped("objects are made, listed, changed by what is named only, renamed and deleted", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const { name } = yield* newNamespace(admin, { visibility: "public" })
      const { objects } = admin.metadefs
      yield* objects.create(name, "machine", {
        description: "One",
        required: ["cpus"],
        properties: { cpus: { type: "integer", title: "CPUs", minimum: 1 }, disk: text }
      })
      yield* objects.create(name, "bare")
      assert.strictEqual(yield* tagOf(objects.create(name, "bare")), "DuplicateMetadef")
      assert.deepStrictEqual((yield* names(alice.metadefs.objects.listAll(name))).sort(), ["bare", "machine"])

      const changed = yield* objects.update(name, "machine", {
        description: null,
        properties: { disk: null, memory: { type: "integer", title: "Memory" } }
      })
      const read = yield* alice.metadefs.objects.get(name, "machine")
      for (const one of [changed, read]) {
        assert.deepStrictEqual([...one.properties.keys()].sort(), ["cpus", "memory"])
        assert.deepStrictEqual(one.properties.get("cpus")?.minimum, Option.some(1))
        assert.deepStrictEqual([...one.required], ["cpus"])
        assert.deepStrictEqual(one.description, Option.none())
      }
      assert.deepStrictEqual([...(yield* objects.update(name, "machine", { required: [] })).required], [])
      assert.strictEqual((yield* objects.get(name, "machine")).properties.size, 2)
      assert.strictEqual(
        yield* tagOf(objects.update(name, "machine", { name: "bare" })),
        (yield* differences).takenName
      )
      yield* objects.update(name, "machine", { name: "engine" })
      assert.strictEqual(yield* tagOf(objects.get(name, "machine")), "MetadefObjectNotFound")
      assert.strictEqual(yield* tagOf(objects.delete(name, "machine")), "MetadefObjectNotFound")
      yield* objects.delete(name, "bare")
      assert.deepStrictEqual(yield* names(objects.listAll(name)), ["engine"])
      yield* objects.deleteAll(name)
      assert.deepStrictEqual(yield* names(objects.listAll(name)), [])
    })
  )

  it.scoped("tags are appended without a loss, replaced, renamed and deleted", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const { tags } = admin.metadefs
      const { name } = yield* newNamespace(admin, { visibility: "public", tags: ["a", "b"] })
      const there = Effect.map(names(alice.metadefs.tags.listAll(name)), (all) => all.sort())

      const [, one] = yield* admin.counting(tags.append(name, ["c", "100% & ?#", "c"]))
      assert.strictEqual(one.length, 1)
      assert.deepStrictEqual(yield* there, ["100% & ?#", "a", "b", "c"])
      // Some are there already: Glance would take none of them.
      const [, three] = yield* admin.counting(tags.append(name, ["b", "c", "d"]))
      assert.strictEqual(three.length, 3)
      yield* tags.append(name, ["a", "d"])
      yield* tags.append(name, [])
      assert.deepStrictEqual(yield* there, ["100% & ?#", "a", "b", "c", "d"])

      assert.isTrue(Option.isSome((yield* tags.create(name, "e")).createdAt))
      assert.strictEqual(yield* tagOf(tags.create(name, "e")), "DuplicateMetadef")
      assert.strictEqual((yield* alice.metadefs.tags.get(name, "100% & ?#")).name, "100% & ?#")
      yield* tags.rename(name, "100% & ?#", "f")
      assert.strictEqual(yield* tagOf(tags.get(name, "100% & ?#")), "MetadefTagNotFound")
      assert.strictEqual(yield* tagOf(tags.rename(name, "f", "e")), "DuplicateMetadef")
      assert.strictEqual(yield* tagOf(tags.rename(name, "nothing", "g")), "MetadefTagNotFound")
      yield* tags.delete(name, "f")
      assert.strictEqual(yield* tagOf(tags.delete(name, "f")), "MetadefTagNotFound")

      yield* tags.set(name, ["z", "y", "z"])
      assert.deepStrictEqual(yield* there, ["y", "z"])
      yield* tags.set(name, [])
      assert.deepStrictEqual(yield* there, [])
      yield* tags.append(name, ["x"])
      yield* tags.deleteAll(name)
      assert.deepStrictEqual(yield* there, [])
    })
  )

  it.scoped("a page of tags that is full is followed by another request, and one that is not by none", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { name } = yield* newNamespace(admin)
      const all = Array.from({ length: 7 }, (_, i) => `tag ${i}`)
      yield* admin.metadefs.tags.set(name, all)
      const read = (query: MetadefTags.TagQuery) => admin.counting(names(admin.metadefs.tags.listAll(name, query)))
      const [whole, once] = yield* read({})
      assert.deepStrictEqual([whole.length, once.length], [7, 1])
      const [paged, four] = yield* read({ limit: 2, sort: { key: "name", direction: "asc" } })
      assert.deepStrictEqual([paged, four.length], [all, 4])
      const [full, two] = yield* read({ limit: 7, sort: { key: "name" } })
      assert.deepStrictEqual([full, two.length], [[...all].reverse(), 2])
      const [rest] = yield* read({ marker: "tag 4", sort: { key: "name", direction: "asc" } })
      assert.deepStrictEqual(rest, ["tag 5", "tag 6"])
      const unknown = yield* Effect.flip(read({ marker: "not there" }))
      assert.strictEqual(unknown._tag, "MetadefTagNotFound")
    })
  )

  it.scoped("a namespace is associated with resource types, which stay when it is not any more", () =>
    Effect.gen(function* () {
      const { admin, alice } = yield* Projects
      const resourceType = yield* unique("OS::Test & more")
      const { name } = yield* newNamespace(admin, { visibility: "public" })
      const { resourceTypes } = admin.metadefs
      const made = yield* resourceTypes.associate(name, resourceType, { prefix: "hw:", propertiesTarget: "image" })
      assert.deepStrictEqual([made.prefix, made.propertiesTarget], [Option.some("hw:"), Option.some("image")])
      assert.strictEqual(yield* tagOf(resourceTypes.associate(name, resourceType)), "DuplicateMetadef")
      assert.deepStrictEqual(yield* collect(alice.metadefs.resourceTypes.associations(name)), [made])
      assert.include(yield* names(alice.metadefs.resourceTypes.listAll), resourceType)
      yield* resourceTypes.dissociate(name, resourceType)
      assert.strictEqual(yield* tagOf(resourceTypes.dissociate(name, resourceType)), "MetadefAssociationNotFound")
      assert.deepStrictEqual(yield* names(resourceTypes.associations(name)), [])
      assert.include(yield* names(alice.metadefs.resourceTypes.listAll), resourceType)
    })
  )

  it.scoped("nothing in a protected namespace can be deleted, and everything can be changed", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { metadefs } = admin
      const { name } = yield* newNamespace(admin, {
        protected: true,
        properties: { p: text },
        objects: { o: {} },
        tags: ["t"],
        associations: { "OS::Glance::Image": {} }
      })
      const refused: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        metadefs.namespaces.delete(name),
        metadefs.properties.delete(name, "p"),
        metadefs.properties.deleteAll(name),
        metadefs.objects.delete(name, "o"),
        metadefs.objects.deleteAll(name),
        metadefs.tags.delete(name, "t"),
        metadefs.tags.deleteAll(name),
        metadefs.tags.set(name, []),
        metadefs.resourceTypes.dissociate(name, "OS::Glance::Image")
      ]
      for (const one of refused) assert.strictEqual(yield* tagOf(one), "ProtectedMetadef")
      yield* metadefs.properties.update(name, "p", { title: "Changed" })
      yield* metadefs.tags.set(name, ["u"])
      assert.deepStrictEqual(yield* names(metadefs.tags.listAll(name)), ["u"])
    })
  )

  it.scoped("names that are taken, and namespaces that are not there, have errors of their own", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { metadefs } = admin
      const { name } = yield* newNamespace(admin)
      const taken = yield* Effect.flip(metadefs.namespaces.create(name))
      assert.include(taken, { _tag: "DuplicateMetadef", kind: "namespace", name })
      const other = yield* newNamespace(admin)
      assert.strictEqual(yield* tagOf(metadefs.namespaces.update(other, { name })), "DuplicateMetadef")
      const nowhere = "not there"
      const missing: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        metadefs.namespaces.get(nowhere),
        metadefs.namespaces.update(nowhere, { description: "x" }),
        metadefs.namespaces.delete(nowhere),
        collect(metadefs.properties.listAll(nowhere)),
        metadefs.properties.create(nowhere, "p", text),
        metadefs.properties.deleteAll(nowhere),
        collect(metadefs.objects.listAll(nowhere)),
        metadefs.objects.create(nowhere, "o"),
        metadefs.objects.deleteAll(nowhere),
        collect(metadefs.tags.listAll(nowhere)),
        metadefs.tags.create(nowhere, "t"),
        metadefs.tags.append(nowhere, ["t"]),
        metadefs.tags.set(nowhere, ["t"]),
        metadefs.tags.deleteAll(nowhere),
        collect(metadefs.resourceTypes.associations(nowhere)),
        metadefs.resourceTypes.associate(nowhere, "OS::Glance::Image")
      ]
      for (const one of missing) assert.strictEqual(yield* tagOf(one), "MetadefNamespaceNotFound")
    })
  )

  it.scoped("what the server would lose or stumble over is refused before it is sent", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { metadefs } = admin
      const { name } = yield* newNamespace(admin)
      const property = (given: object) => metadefs.properties.create(name, "p", { ...text, ...given })
      const refused: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        ...["", "a/b", "..", "ünï", "n".repeat(81)].flatMap((bad): typeof refused => [
          metadefs.namespaces.create(bad),
          metadefs.namespaces.update(name, { name: bad }),
          metadefs.properties.create(name, bad, text),
          metadefs.objects.create(name, bad),
          metadefs.tags.create(name, bad),
          metadefs.tags.append(name, ["fine", bad]),
          metadefs.tags.rename(name, "t", bad),
          metadefs.resourceTypes.associate(name, bad),
          metadefs.namespaces.create("fine", { tags: [bad] }),
          metadefs.namespaces.create("fine", { objects: { [bad]: {} } }),
          metadefs.namespaces.create("fine", { properties: { [bad]: text } })
        ]),
        property({ enum: [1] }),
        property({ minimum: 1.5 }),
        property({ default: true }),
        property({ required: ["a"] }),
        property({ items: {} }),
        property({ title: "\u{1f600}" }),
        property({ title: undefined }),
        metadefs.objects.create(name, "o", { required: ["a,b"] }),
        metadefs.objects.create(name, "o", { required: ["a", "a"] }),
        collect(metadefs.namespaces.listAll({ resourceTypes: [] })),
        collect(metadefs.namespaces.listAll({ resourceTypes: ["a,b"] })),
        collect(metadefs.namespaces.listAll({ sort: { key: "displayName" as "name" } })),
        collect(metadefs.namespaces.listAll({ limit: 0 }))
      ]
      const [, sent] = yield* admin.counting(
        Effect.forEach(refused, (one) => Effect.map(tagOf(one), (tag) => assert.strictEqual(tag, "InvalidArgument")))
      )
      assert.deepStrictEqual(sent, [])
    })
  )

  it.scoped("what somebody else changes between the two requests of an update is lost: Glance has no guard", () =>
    Effect.gen(function* () {
      const { admin } = yield* Projects
      const { name } = yield* newNamespace(admin, { displayName: "Before" })
      const meanwhile = admin.http.client.execute(
        HttpClientRequest.bodyUnsafeJson(HttpClientRequest.put(`/metadefs/namespaces/${name}`), {
          namespace: name,
          display_name: "Meanwhile",
          description: "Meanwhile"
        })
      )
      yield* admin.interpose("PUT", meanwhile)
      yield* admin.metadefs.namespaces.update(name, { description: "Mine" })
      const { description, displayName } = yield* admin.metadefs.namespaces.get(name)
      assert.deepStrictEqual([displayName, description], [Option.some("Before"), Option.some("Mine")])
    })
  )

  it.scoped("the ten schemas of definitions describe their records", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const wire = { resourceType: "resource_type_association", resourceTypes: "resource_type_associations" }
      const { schemas } = alice.metadefs
      assert.strictEqual(Object.keys(schemas).length, 10)
      for (const name of Object.keys(schemas) as Array<keyof MetadefSchemas.Service>) {
        const schema = yield* schemas[name]
        assert.strictEqual(schema["name"], ({ ...wire } as Record<string, string>)[name] ?? name)
        assert.isObject(schema["properties"])
      }
    })
  )
}
