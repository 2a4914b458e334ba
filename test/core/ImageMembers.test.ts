import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { GlanceError, Image, ImageMember, ImageMembers } from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Port from "../support/port.js"
import { imageRecord, memberRecord } from "../support/records.js"

const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const image = Schema.decodeUnknownSync(Image.ImageFromJson)(imageRecord())
const path = `/images/${id}/members`

const { ImageMembers: Members } = ImageMembers

describe("the members of an image", () => {
  it.effect("are listed, for an image and for an id", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const [first, second] = yield* members.list(image)
      yield* members.list(id)
      assert.instanceOf(first, ImageMember.ImageMember)
      assert.strictEqual(first?.memberId, "own-project")
      assert.strictEqual(first?.imageId, id)
      assert.strictEqual(first?.status, "pending")
      assert.strictEqual(DateTime.formatIso(first?.createdAt), "2026-11-23T15:36:26.000Z")
      assert.strictEqual(second?.status, "a status of next year")
      deepStrictEqual(yield* Port.lines, [`GET ${path}`, `GET ${path}`])
    }).pipe(
      Effect.provide(
        Port.core(() =>
          Port.json({ members: [memberRecord(), memberRecord({ member_id: "b", status: "a status of next year" })] })
        )
      )
    )
  )

  it.effect("are asked for one by one", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const member = yield* members.get(image, "a b")
      assert.strictEqual(member.id, member.memberId)
      deepStrictEqual(yield* Port.lines, [`GET ${path}/a%20b`])
    }).pipe(Effect.provide(Port.core([Port.json(memberRecord())])))
  )

  it.effect("that are none, or of an image that is not there, are not found", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const listing = yield* Effect.flip(members.list(id))
      assert(listing._tag === "ImageNotFound")
      for (const operation of [members.get(id, "p"), members.remove(id, "p")]) {
        const error = yield* Effect.flip<unknown, GlanceError.GlanceError, never>(operation)
        assert(error._tag === "ImageMemberNotFound")
        assert.strictEqual(error.memberId, "p")
        assert.strictEqual(error.imageId, id)
        assert.strictEqual(error.detail, `p not found in the member list of the image ${id}.`)
      }
    }).pipe(Effect.provide(Port.core(() => Port.refusal(404, `p not found in the member list of the image ${id}.`))))
  )

  it.effect("are removed, without a body", () =>
    Effect.gen(function* () {
      const members = yield* Members
      assert.isUndefined(yield* members.remove(image, "p"))
      const [request] = yield* Port.requests
      assert.strictEqual(`${request?.method} ${request?.url}`, `DELETE ${path}/p`)
      assert.isUndefined(request?.body)
    }).pipe(Effect.provide(Port.core([Port.empty()])))
  )
})

describe("sharing an image", () => {
  it.effect("posts the project and gives the member that came of it", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const member = yield* members.add(image, "p")
      assert.strictEqual(member.id, "p")
      assert.strictEqual(member.status, "pending")
      const [request] = yield* Port.requests
      assert.strictEqual(`${request?.method} ${request?.url}`, `POST ${path}`)
      assert.strictEqual(request?.body, '{"member":"p"}')
      assert.strictEqual(request?.headers["content-type"], "application/json")
    }).pipe(Effect.provide(Port.core([Port.json(memberRecord({ member_id: "p" }))])))
  )

  it.effect("that cannot be shared fails with the server's sentence", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.add(id, "p"))
      assert(error._tag === "UnsharableImage")
      assert.strictEqual(error.imageId, id)
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
      assert.strictEqual(
        error.message,
        `ImageMembers.add: image ${id} cannot be shared: the caller must own it, and its visibility must be "shared" (POST ${path} returned 403: Not allowed to create members for ` +
          `image ${id}.) [${Port.requestId}]`
      )
    }).pipe(Effect.provide(Port.core([Port.refusal(403, `Not allowed to create members for image ${id}.`)])))
  )

  it.effect("makes a private image shared first, when told to", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const member = yield* members.add(id, "p", { makeShared: true })
      assert.strictEqual(member.memberId, "p")
      deepStrictEqual(
        (yield* Port.requests).map(({ body, method }) => [method, body]),
        [
          ["POST", '{"member":"p"}'],
          ["GET", undefined],
          ["PATCH", '[{"op":"replace","path":"/visibility","value":"shared"}]'],
          ["POST", '{"member":"p"}']
        ]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(403, `Not allowed to create members for image ${id}.`),
          Port.json(imageRecord({ visibility: "private" })),
          Port.json(imageRecord({ visibility: "shared" })),
          Port.json(memberRecord({ member_id: "p" }))
        ])
      )
    )
  )

  it.effect("leaves every other visibility as it is, whatever it is told", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.add(id, "p", { makeShared: true }))
      assert.strictEqual(error._tag, "UnsharableImage")
      assert.strictEqual((yield* Port.requests).length, 2)
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(403, `Not allowed to create members for image ${id}.`),
          Port.json(imageRecord({ visibility: "public" }))
        ])
      )
    )
  )

  it.effect("with a project that is a member already fails with an error of its own", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.add(id, "p"))
      assert(error._tag === "DuplicateImageMember")
      deepStrictEqual([error.imageId, error.memberId], [id, "p"])
      assert.include(error.message, `Member p is duplicated for image ${id}`)
    }).pipe(Effect.provide(Port.core([Port.refusal(409, `Member p is duplicated for image ${id}`)])))
  )

  it.effect("that is missing fails as a missing image", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.add(id, "p"))
      assert.strictEqual(error._tag, "ImageNotFound")
    }).pipe(Effect.provide(Port.core([Port.refusal(404, `Image ${id} not found.`)])))
  )

  const others = [
    [400, "BadRequest"],
    [401, "AuthenticationFailed"],
    [413, "QuotaExceeded"],
    [429, "RateLimited"],
    [500, "ServerError"],
    [503, "ServiceUnavailable"]
  ] as const

  it.effect.each(others)("passes %i through as what it is", ([status, tag]) =>
    Effect.gen(function* () {
      const members = yield* Members
      for (const operation of [members.add(id, "p"), members.setStatus(id, "accepted")]) {
        const error = yield* Effect.flip<unknown, GlanceError.GlanceError, never>(operation)
        assert.strictEqual(error._tag, tag)
        assert.include(error.message, "the sentence")
        assert.include(error.message, Port.requestId)
      }
    }).pipe(Effect.provide(Port.core(() => Port.refusal(status, "the sentence"))))
  )
})

describe("answering for a membership", () => {
  it.effect("is for the caller's own project", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const member = yield* members.setStatus(image, "accepted")
      assert.strictEqual(member.status, "accepted")
      const [request] = yield* Port.requests
      assert.strictEqual(`${request?.method} ${request?.url}`, `PUT ${path}/own-project`)
      assert.strictEqual(request?.body, '{"status":"accepted"}')
    }).pipe(Effect.provide(Port.core([Port.json(memberRecord({ status: "accepted" }))])))
  )

  it.effect("can be for another project, whose own is then not asked for", () =>
    Effect.gen(function* () {
      const members = yield* Members
      yield* members.setStatus(id, "rejected", { projectId: "other" })
      deepStrictEqual(yield* Port.lines, [`PUT ${path}/other`])
    }).pipe(
      Effect.provide(Port.core([Port.json(memberRecord())], { projectId: Effect.dieMessage("nobody asked for it") }))
    )
  )

  it.effect("needs to know which project that is", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.setStatus(id, "accepted"))
      assert(error._tag === "InvalidArgument")
      assert.strictEqual(error.argument, "projectId")
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([], { projectId: Effect.succeedNone })))
  )

  it.effect("fails as the login does", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.setStatus(id, "accepted"))
      assert.strictEqual(error._tag, "TimeLimitExceeded")
    }).pipe(
      Effect.provide(
        Port.core([], {
          projectId: new GlanceError.TimeLimitExceeded({
            operation: "login",
            limit: Duration.seconds(1)
          })
        })
      )
    )
  )

  it.effect.each([["pending"], ["accepted"], ["rejected"]] as const)("knows %s", ([status]) =>
    Effect.gen(function* () {
      const members = yield* Members
      yield* members.setStatus(id, status)
      assert.strictEqual((yield* Port.requests)[0]?.body, JSON.stringify({ status }))
    }).pipe(Effect.provide(Port.core([Port.json(memberRecord())])))
  )

  const untyped: ReadonlyArray<readonly [status: unknown, text: string]> = [
    ["maybe", "maybe"],
    ["Accepted", "Accepted"],
    ["", ""],
    ["accepted ", "accepted "],
    ["all", "all"],
    [undefined, "undefined"],
    [null, "null"],
    [5, "5"],
    [["accepted"], '["accepted"]'],
    [{ status: "accepted" }, '{"status":"accepted"}'],
    [Object.create(null), "{}"],
    [Symbol("accepted"), "Symbol(accepted)"]
  ]

  it.effect.each(untyped)("with %o is refused before any request", ([status, text]) =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.setStatus(id, status as ImageMember.MemberStatus))
      assert(error._tag === "InvalidImageMemberStatus")
      assert.strictEqual(error.memberStatus, text)
      assert.include(error.message, JSON.stringify(text))
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([], { projectId: Effect.dieMessage("nobody asked for it") })))
  )

  const refusals: ReadonlyArray<readonly [who: string, status: number, sentence: string]> = [
    ["the image's owner", 403, `Not allowed to update members for image ${id}.`],
    ["a project that is no member", 404, `own-project not found in the member list of the image ${id}.`],
    ["a project that does not see the image", 404, `Image ${id} not found.`]
  ]

  it.effect.each(refusals)("by %s fails, with the server's sentence and request id inside", ([, status, sentence]) =>
    Effect.gen(function* () {
      const members = yield* Members
      const error = yield* Effect.flip(members.setStatus(id, "accepted"))
      assert(error._tag === "InvalidImageMember")
      deepStrictEqual([error.imageId, error.memberId, error.status], [id, "own-project", status])
      assert.strictEqual(error.detail, sentence)
      deepStrictEqual(error.requestId, Option.some(Port.requestId))
      assert.strictEqual(
        error.message,
        `ImageMembers.setStatus: the caller cannot set the status of member own-project of image ${id}: only the member itself can ` +
          `(PUT ${path}/own-project returned ${status}: ${sentence}) [${Port.requestId}]`
      )
    }).pipe(Effect.provide(Port.core([Port.refusal(status, sentence)])))
  )
})

describe("a project id that cannot stand in a path", () => {
  it.effect("is refused before any request", () =>
    Effect.gen(function* () {
      const members = yield* Members
      for (const projectId of ["", "a/b", ".", "..", "é", 5 as unknown as string]) {
        const operations: ReadonlyArray<Effect.Effect<unknown, GlanceError.GlanceError>> = [
          members.get(id, projectId),
          members.add(id, projectId),
          members.remove(id, projectId),
          members.setStatus(id, "accepted", { projectId })
        ]
        for (const operation of operations) {
          const error = yield* Effect.flip(operation)
          assert(error._tag === "InvalidArgument")
          assert.strictEqual(error.argument, "projectId")
        }
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("sharing with several projects", () => {
  it.effect("keeps to eight requests at a time, or to what it is told", () =>
    Effect.gen(function* () {
      for (const [concurrency, most] of [
        [undefined, 8],
        [3, 3]
      ] as const) {
        let now = 0
        let peak = 0
        const slow = Effect.acquireUseRelease(
          Effect.sync(() => {
            peak = Math.max(peak, ++now)
          }),
          () => Effect.sleep("1 second"),
          () => Effect.sync(() => now--)
        ).pipe(Effect.as(Port.json(memberRecord())))
        const projects = Array.from({ length: 20 }, (_, index) => `p${index}`)
        const sharing = Effect.flatMap(Members, (members) => members.share(id, projects, { concurrency })).pipe(
          Effect.provide(Port.core(({ method }) => (method === "GET" ? Port.json({ members: [] }) : slow)))
        )
        const fiber = yield* Effect.fork(sharing)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* fiber).length, 20)
        assert.strictEqual(peak, most)
      }
    })
  )

  it.effect("tells of each what became of it, and goes on after a failure", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const results = yield* members.share(image, ["there", "new", "meanwhile", "full", "broken"], { exact: true })
      deepStrictEqual(
        results.map((result) => [result.projectId, result._tag === "Failed" ? result.error._tag : result._tag]),
        [
          ["there", "Present"],
          ["new", "Added"],
          ["meanwhile", "Present"],
          ["full", "QuotaExceeded"],
          ["broken", "ServiceUnavailable"],
          ["left", "Removed"],
          ["a/b", "InvalidArgument"],
          ["kept", "Forbidden"]
        ]
      )
    }).pipe(
      Effect.provide(
        Port.core(({ body, method, url }) => {
          const listed = ["there", "left", "a/b", "kept"].map((member_id) => memberRecord({ member_id }))
          if (method === "GET") return Port.json({ members: listed })
          if (method === "DELETE") return url.endsWith("kept") ? Port.refusal(403, "no") : Port.refusal(404, "gone")
          const { member } = JSON.parse(body ?? "") as { member: string }
          const status = { meanwhile: 409, full: 413, broken: 503 }[member]
          return status === undefined ? Port.json(memberRecord({ member_id: member })) : Port.refusal(status, "no")
        })
      )
    )
  )

  it.effect("looks again after a private image was made shared, since it may have had members before", () =>
    Effect.gen(function* () {
      const members = yield* Members
      deepStrictEqual(yield* members.share(id, ["before"], { makeShared: true }), [
        { _tag: "Present", projectId: "before" }
      ])
      deepStrictEqual(
        (yield* Port.requests).map(({ method }) => method),
        ["GET", "GET", "PATCH", "GET"]
      )
    }).pipe(
      Effect.provide(
        Port.core([
          Port.refusal(403, "Only shared images have members."),
          Port.json(imageRecord({ visibility: "private" })),
          Port.json(imageRecord({ visibility: "shared" })),
          Port.json({ members: [memberRecord({ member_id: "before" })] })
        ])
      )
    )
  )

  it.effect("takes no project that could not be removed again, and no concurrency of none, before any request", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const cases = [
        [members.share(id, ["p", "a/b"]), "projectIds[1]"],
        [members.share(id, "p" as unknown as Array<string>), "projectIds"],
        [members.share(id, [], { concurrency: 0 }), "concurrency"],
        [members.acceptAll({ concurrency: 0 }), "concurrency"],
        [members.acceptAll({ query: { tags: [""] } }), "query.tags[0]"]
      ] as const
      for (const [operation, argument] of cases) {
        const error = yield* Effect.flip<unknown, GlanceError.GlanceError, never>(operation)
        assert(error._tag === "InvalidArgument")
        assert.strictEqual(error.argument, argument)
      }
      deepStrictEqual(yield* Port.lines, [])
    }).pipe(Effect.provide(Port.core([])))
  )
})

describe("accepting all", () => {
  it.effect("asks for the next page as long as there is one, and tells of each image what became of it", () =>
    Effect.gen(function* () {
      const members = yield* Members
      const results = yield* members.acceptAll({ query: { owner: "giver" } })
      deepStrictEqual(
        results.map((result) => [result.image.id, result._tag === "Failed" ? result.error._tag : result._tag]),
        [
          ["one", "Accepted"],
          ["two", "InvalidImageMember"]
        ]
      )
      const listing = "GET /images?owner=giver&visibility=shared&member_status=pending&limit=1000"
      deepStrictEqual(yield* Port.lines, [
        listing,
        `${listing}&marker=one`,
        "GET /images?id=one&visibility=shared&member_status=rejected&limit=1000",
        "PUT /images/one/members/own-project",
        "PUT /images/two/members/own-project"
      ])
    }).pipe(
      Effect.provide(
        Port.core([
          Port.json({ images: [imageRecord({ id: "one", owner: "giver" })], next: "/v2/images?marker=one" }),
          Port.json({
            images: [imageRecord({ id: "two", owner: "giver" }), imageRecord({ id: "own", owner: "own-project" })]
          }),
          Port.json({ images: [] }),
          Port.json(memberRecord()),
          Port.refusal(404, "not shared any more")
        ])
      )
    )
  )

  it.effect("needs to know whose images they are", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(Members, (members) => members.acceptAll()))
      assert(error._tag === "InvalidArgument")
      assert.strictEqual(error.argument, "projectId")
    }).pipe(Effect.provide(Port.core([], { projectId: Effect.succeedNone })))
  )
})
