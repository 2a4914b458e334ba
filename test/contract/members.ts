import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import type * as ImageMember from "@effect-glance/core/ImageMember"
import type * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { newImage, type Project, Projects, type TheCloud, unique } from "./cloud.js"
import { differences } from "./differences.js"

export const members = (it: Vitest.MethodsNonLive<Projects | TheCloud, true>) => {
  it.scoped("a shared image is pending until its new member accepts it, and gone when the sharing ends", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const tag = yield* unique("share")
      const image = yield* newImage(alice, { visibility: "shared", tags: [tag] })
      const listed = Effect.map(bob.images.list({ tags: [tag] }), ({ items }) => items.length)

      const member = yield* alice.members.add(image, bob.projectId)
      assert.deepStrictEqual(
        [member.id, member.memberId, member.imageId, member.status],
        [bob.projectId, bob.projectId, image.id, "pending"]
      )
      // A pending member can use the image, but does not find it unless it asks for pending ones.
      assert.strictEqual((yield* bob.images.get(image)).id, image.id)
      assert.strictEqual(yield* listed, 0)
      const pending = yield* bob.images.list({ tags: [tag], visibility: "shared", memberStatus: "pending" })
      assert.deepStrictEqual(
        pending.items.map(({ id }) => id),
        [image.id]
      )

      assert.strictEqual((yield* bob.members.setStatus(image, "accepted")).status, "accepted")
      assert.strictEqual(yield* listed, 1)
      assert.strictEqual((yield* bob.images.list({ tags: [tag], owner: alice.projectId })).items.length, 1)
      assert.strictEqual((yield* bob.members.setStatus(image.id, "rejected")).status, "rejected")
      assert.strictEqual(yield* listed, 0)
      assert.strictEqual((yield* bob.images.list({ tags: [tag], memberStatus: "all" })).items.length, 1)
      assert.strictEqual((yield* bob.members.setStatus(image, "pending")).status, "pending")

      yield* alice.members.remove(image, bob.projectId)
      assert.strictEqual((yield* Effect.flip(bob.images.get(image)))._tag, "ImageNotFound")
      assert.strictEqual((yield* Effect.flip(alice.members.remove(image, bob.projectId)))._tag, "ImageMemberNotFound")
    })
  )

  it.scoped("the owner sees all members, a member itself alone, a stranger nothing", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* Projects
      const image = yield* newImage(alice)
      yield* alice.members.add(image, bob.projectId)
      yield* alice.members.add(image, carol.projectId)
      const ids = (project: { readonly members: ImageMembers.Service }) =>
        Effect.map(project.members.list(image), (all) => all.map(({ id }) => id).sort())
      assert.deepStrictEqual(yield* ids(alice), [bob.projectId, carol.projectId].sort())
      assert.deepStrictEqual(yield* ids(bob), [bob.projectId])
      assert.strictEqual((yield* alice.members.get(image, carol.projectId)).status, "pending")
      assert.strictEqual((yield* Effect.flip(bob.members.get(image, carol.projectId)))._tag, "ImageMemberNotFound")
      yield* alice.members.remove(image, carol.projectId)
      assert.strictEqual((yield* Effect.flip(carol.members.list(image)))._tag, "ImageNotFound")
    })
  )

  it.scoped("only the member itself can answer: not the owner, not a project that is none", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* Projects
      const image = yield* newImage(alice)
      yield* alice.members.add(image, bob.projectId)
      const { ownStatus, refusedStatus } = yield* differences
      const owner = yield* Effect.flip(alice.members.setStatus(image, "accepted", { projectId: bob.projectId }))
      const itself = yield* Effect.flip(alice.members.setStatus(image, "accepted"))
      const stranger = yield* Effect.flip(carol.members.setStatus(image, "accepted"))
      for (const [error, status, detail] of [
        [owner, 403, refusedStatus(image.id)],
        [itself, ownStatus, image.id],
        [stranger, 404, image.id]
      ] as const) {
        if (error._tag !== "InvalidImageMember") return assert.fail(error._tag)
        assert.strictEqual(error.status, status)
        assert.include(error.detail, detail)
        assert.match(Option.getOrThrow(error.requestId), /^req-/)
      }
    })
  )

  it.scoped("a status that is none costs no request", () =>
    Effect.gen(function* () {
      const { bob } = yield* Projects
      const image = Image.ImageId.make(crypto.randomUUID())
      const [refused, sent] = yield* bob.counting(
        Effect.flip(bob.members.setStatus(image, "maybe" as ImageMember.MemberStatus))
      )
      if (refused._tag !== "InvalidImageMemberStatus") return assert.fail(refused._tag)
      assert.strictEqual(refused.memberStatus, "maybe")
      assert.deepStrictEqual(sent, [])
    })
  )

  it.scoped("what cannot be shared is unsharable: a private, a community, a public, another project's image", () =>
    Effect.gen(function* () {
      const { admin, alice, bob, carol } = yield* Projects
      const cases = [
        [alice, yield* newImage(alice, { visibility: "private" })],
        [alice, yield* newImage(alice, { visibility: "community" })],
        [admin, yield* newImage(admin, { visibility: "public" })],
        [bob, yield* newImage(alice, { visibility: "community" })]
      ] as const
      for (const [project, image] of cases) {
        const refused = yield* Effect.flip(project.members.add(image, carol.projectId))
        if (refused._tag !== "UnsharableImage") return assert.fail(refused._tag)
        assert.include(refused.detail, image.id)
      }
      const invisible = yield* Effect.flip(bob.members.add(cases[0][1], carol.projectId))
      assert.strictEqual(invisible._tag, "ImageNotFound")
      const unshared = yield* Effect.flip(alice.members.list(cases[0][1]))
      assert.strictEqual(unshared._tag, "Forbidden")
    })
  )

  it.scoped("a private image becomes shared with its first member, when that is asked for", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const image = yield* newImage(alice, { visibility: "private" })
      const member = yield* alice.members.add(image, bob.projectId, { makeShared: true })
      assert.strictEqual(member.status, "pending")
      assert.strictEqual((yield* alice.images.get(image)).visibility, "shared")
      const community = yield* newImage(alice, { visibility: "community" })
      const refused = yield* Effect.flip(alice.members.add(community, bob.projectId, { makeShared: true }))
      assert.strictEqual(refused._tag, "UnsharableImage")
      assert.strictEqual((yield* alice.images.get(community)).visibility, "community")
    })
  )

  it.scoped("a project is a member once", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const image = yield* newImage(alice)
      yield* alice.members.add(image, bob.projectId)
      const twice = yield* Effect.flip(alice.members.add(image, bob.projectId))
      if (twice._tag !== "DuplicateImageMember") return assert.fail(twice._tag)
      assert.strictEqual(twice.memberId, bob.projectId)
    })
  )

  it.scoped("a member that could not be removed again is not added", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      for (const id of ["", "a/b", ".."]) {
        assert.strictEqual((yield* Effect.flip(alice.members.add(image, id)))._tag, "InvalidArgument")
      }
    })
  )

  it.scoped("a member can neither change nor delete the image", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const image = yield* newImage(alice)
      yield* alice.members.add(image, bob.projectId)
      yield* bob.members.setStatus(image, "accepted")
      assert.strictEqual((yield* Effect.flip(bob.images.update(image, { name: "mine" })))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(bob.tags.add(image, "mine")))._tag, "Forbidden")
      assert.strictEqual((yield* Effect.flip(bob.images.delete(image)))._tag, "Forbidden")
    })
  )

  /** An image that is shared with ten of fifty projects. */
  const tenOfFifty = (alice: Project) =>
    Effect.gen(function* () {
      const image = yield* newImage(alice)
      const projects = Array.from({ length: 50 }, (_, index) => `project-${index}`)
      yield* Effect.forEach(projects.slice(0, 10), (project) => alice.members.add(image, project), { concurrency: 4 })
      return { image, projects }
    })

  it.scoped("fifty projects of which ten are there: a look and forty requests; a second time a look", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { image, projects } = yield* tenOfFifty(alice)
      const [results, sent] = yield* alice.counting(alice.members.share(image, [...projects, "project-49"]))
      assert.deepStrictEqual(
        results,
        projects.map((projectId, index) => ({ _tag: index < 10 ? "Present" : "Added", projectId }))
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET", ...Array.from({ length: 40 }, () => "POST")]
      )
      assert.sameMembers(
        (yield* alice.members.list(image)).map(({ id }) => id),
        projects
      )
      const [again, looks] = yield* alice.counting(alice.members.share(image, projects))
      assert.isTrue(again.every(({ _tag }) => _tag === "Present"))
      assert.strictEqual(looks.length, 1)
    })
  )

  it.scoped("fifty projects of which ten are known to be there: forty requests", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const { image, projects } = yield* tenOfFifty(alice)
      const members = yield* alice.members.list(image)
      const [results, sent] = yield* alice.counting(alice.members.share(image, projects, { members }))
      assert.deepStrictEqual(
        results.map(({ _tag }) => _tag),
        projects.map((_, index) => (index < 10 ? "Present" : "Added"))
      )
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        Array.from({ length: 40 }, () => "POST")
      )
      assert.sameMembers(
        (yield* alice.members.list(image)).map(({ id }) => id),
        projects
      )
    })
  )

  it.scoped("an exact set removes who is not in it, and keeps the answers of those who are", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* Projects
      const image = yield* newImage(alice)
      yield* alice.members.share(image, [bob.projectId, "stranger"])
      yield* bob.members.setStatus(image, "accepted")
      const [results, sent] = yield* alice.counting(
        alice.members.share(image, [bob.projectId, carol.projectId], { exact: true })
      )
      assert.deepStrictEqual(results, [
        { _tag: "Present", projectId: bob.projectId },
        { _tag: "Added", projectId: carol.projectId },
        { _tag: "Removed", projectId: "stranger" }
      ])
      assert.deepStrictEqual(
        sent.map(({ method }) => method),
        ["GET", "DELETE", "POST"]
      )
      assert.strictEqual((yield* alice.members.get(image, bob.projectId)).status, "accepted")
    })
  )

  it.scoped("a private image is shared with several when that is asked for, and else with none", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* Projects
      const image = yield* newImage(alice, { visibility: "private" })
      const projects = [bob.projectId, carol.projectId]
      assert.strictEqual((yield* Effect.flip(alice.members.share(image, projects)))._tag, "UnsharableImage")
      const results = yield* alice.members.share(image, projects, { makeShared: true })
      assert.deepStrictEqual(
        results.map(({ _tag }) => _tag),
        ["Added", "Added"]
      )
      const community = yield* newImage(alice, { visibility: "community" })
      const refused = yield* Effect.flip(alice.members.share(community, projects, { makeShared: true }))
      assert.strictEqual(refused._tag, "UnsharableImage")
      const foreign = yield* bob.members.share(image, ["somebody"])
      assert.deepStrictEqual(
        foreign.map((result) => (result._tag === "Failed" ? result.error._tag : result._tag)),
        ["UnsharableImage"]
      )
      const nowhere = Image.ImageId.make(crypto.randomUUID())
      assert.strictEqual((yield* Effect.flip(alice.members.share(nowhere, projects)))._tag, "ImageNotFound")
    })
  )

  it.scoped("beyond the quota each project that finds no room says so", () =>
    Effect.gen(function* () {
      const { alice } = yield* Projects
      const image = yield* newImage(alice)
      const results = yield* alice.members.share(
        image,
        Array.from({ length: 130 }, (_, index) => `project-${index}`),
        { concurrency: 1 }
      )
      const failed = results.filter((result) => result._tag === "Failed")
      assert.deepStrictEqual(
        failed.map(({ error, projectId }) => [projectId, error._tag]),
        [
          ["project-128", "QuotaExceeded"],
          ["project-129", "QuotaExceeded"]
        ]
      )
    })
  )

  it.scoped("all that is pending is accepted, what was rejected and what is one's own is left alone", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* Projects
      const tag = yield* unique("accept")
      const make = newImage(alice, { visibility: "shared", tags: [tag] })
      const pending = yield* Effect.replicateEffect(make, 3)
      const rejected = yield* make
      yield* Effect.forEach([...pending, rejected], (image) => alice.members.add(image, bob.projectId))
      yield* bob.members.setStatus(rejected, "rejected")
      yield* newImage(bob, { visibility: "shared", tags: [tag] })
      const accept = bob.counting(bob.members.acceptAll({ query: { tags: [tag] } }))
      const [results, sent] = yield* accept
      assert.sameMembers(
        results.map(({ _tag, image }) => `${_tag} ${image.id}`),
        pending.map(({ id }) => `Accepted ${id}`)
      )
      // The listing, whether this is an administrator, and an answer for each.
      assert.strictEqual(sent.length, 5)
      assert.strictEqual((yield* bob.members.get(pending[0] as Image.Image, bob.projectId)).status, "accepted")
      assert.strictEqual((yield* bob.members.get(rejected, bob.projectId)).status, "rejected")
      const [none, look] = yield* accept
      assert.deepStrictEqual(none, [])
      assert.strictEqual(look.length, 1)
    })
  )

  it.scoped("an administrator, to whom the listing shows everything, accepts what is pending for its own project", () =>
    Effect.gen(function* () {
      const { admin, alice, bob } = yield* Projects
      const tag = yield* unique("accept")
      const make = newImage(alice, { visibility: "shared", tags: [tag] })
      const [pending, rejected, foreign] = [yield* make, yield* make, yield* make]
      yield* alice.members.add(pending, admin.projectId)
      yield* alice.members.add(rejected, admin.projectId)
      yield* alice.members.add(foreign, bob.projectId)
      yield* admin.members.setStatus(rejected, "rejected")
      const results = yield* admin.members.acceptAll({ query: { tags: [tag] } })
      assert.deepStrictEqual(
        results.map(({ _tag, image }) => [_tag, image.id]),
        [["Accepted", pending.id]]
      )
      assert.strictEqual((yield* admin.members.get(rejected, admin.projectId)).status, "rejected")
      assert.strictEqual((yield* alice.members.get(foreign, bob.projectId)).status, "pending")
    })
  )
}
