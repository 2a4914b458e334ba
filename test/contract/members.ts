import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import * as Image from "@effect-glance/core/Image"
import type * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { newImage, Projects, unique } from "./cloud.js"

export const members = (it: Vitest.MethodsNonLive<Projects, true>) => {
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
      const owner = yield* Effect.flip(alice.members.setStatus(image, "accepted", { projectId: bob.projectId }))
      const itself = yield* Effect.flip(alice.members.setStatus(image, "accepted"))
      const stranger = yield* Effect.flip(carol.members.setStatus(image, "accepted"))
      for (const [error, status] of [
        [owner, 403],
        [itself, 403],
        [stranger, 404]
      ] as const) {
        if (error._tag !== "InvalidImageMember") return assert.fail(error._tag)
        assert.strictEqual(error.status, status)
        assert.include(error.detail, image.id)
        assert.match(Option.getOrThrow(error.requestId), /^req-/)
      }
    })
  )

  it.scoped("a status that is none costs no request", () =>
    Effect.gen(function* () {
      const { bob } = yield* Projects
      const image = Image.ImageId.make(crypto.randomUUID())
      const [refused, sent] = yield* bob.counting(
        Effect.flip(bob.members.setStatus(image, "maybe" as ImageMembers.MemberStatus))
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
}
