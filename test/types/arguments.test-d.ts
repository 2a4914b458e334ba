// These programs are type-checked and never run.
// @effect-diagnostics floatingEffect:off
import type { Image, ImageChanges, ImageMembers, ImageQuery, Images, ImageTask, ImageTasks } from "@effect-glance/core"
import type * as DateTime from "effect/DateTime"
import { describe, expectTypeOf, it } from "vitest"

declare const images: Images.Service
declare const members: ImageMembers.Service
declare const tasks: ImageTasks.Service
declare const image: Image.Image
declare const id: Image.ImageId
declare const taskId: ImageTask.TaskId
declare const at: DateTime.Utc

const query = (_: ImageQuery.ImageQuery) => {}
const changes = (_: ImageChanges.ImageChanges) => {}

describe("a query", () => {
  it("takes every condition, and undefined for none", () => {
    query({
      id: [id],
      name: ["a", "b"],
      status: "a status of next year",
      visibility: "all",
      memberStatus: "pending",
      tags: ["a"],
      size: { min: 1, max: undefined },
      minRam: 5,
      createdAt: { gt: at },
      properties: { anything: "x" },
      sort: [{ key: "name" }, { key: "id", direction: "asc" }],
      limit: 5,
      marker: id,
      owner: undefined
    })
  })

  it("does not take values of another type", () => {
    // @ts-expect-error a number is no name
    query({ name: 5 })
    // @ts-expect-error null is no name
    query({ name: null })
    // @ts-expect-error a string is no limit
    query({ limit: "5" })
    // @ts-expect-error a string is no flag
    query({ protected: "true" })
    // @ts-expect-error any string is no id
    query({ marker: "x" })
    // @ts-expect-error tags are several
    query({ tags: "a" })
    // @ts-expect-error a string is no time
    query({ createdAt: { gt: "2026-01-01" } })
    // @ts-expect-error a time needs a comparison
    query({ createdAt: at })
    // @ts-expect-error images are not sorted by their owner
    query({ sort: [{ key: "owner" }] })
    // @ts-expect-error nor upwards
    query({ sort: [{ key: "id", direction: "up" }] })
    // @ts-expect-error a property is text
    query({ properties: { a: 5 } })
    // @ts-expect-error no member has this status
    query({ memberStatus: "maybe" })
    // @ts-expect-error a bound is min or max
    query({ size: { minimum: 1 } })
    // @ts-expect-error not by the name on the wire
    query({ disk_format: "raw" })
  })
})

describe("changes", () => {
  it("take every attribute that can be set, and null where there can be none", () => {
    changes({
      name: null,
      visibility: "community",
      protected: true,
      osHidden: false,
      containerFormat: "bare",
      diskFormat: "a format of next year",
      minDisk: 1,
      minRam: 2,
      owner: "p",
      tags: [],
      properties: { gone: null, kept: "x" }
    })
    changes({ properties: new Map([["a", null]]) })
    changes({ properties: image.properties })
    changes({ name: undefined })
  })

  it("do not take values of another type", () => {
    // @ts-expect-error a number is no name
    changes({ name: 5 })
    // @ts-expect-error a property is text
    changes({ properties: { a: 5 } })
    // @ts-expect-error tags are several
    changes({ tags: "a" })
    // @ts-expect-error null is no set of tags
    changes({ tags: null })
    // @ts-expect-error null is no visibility
    changes({ visibility: null })
    // @ts-expect-error a string is no size
    changes({ minDisk: "1" })
    // @ts-expect-error the status is the server's
    changes({ status: "active" })
    // @ts-expect-error properties stand in properties
    changes({ os_distro: "debian" })
    // @ts-expect-error not by the name on the wire
    changes({ min_disk: 1 })
  })
})

describe("operations", () => {
  it("take an image, its id, or any text as an id", () => {
    expectTypeOf(images.get).parameter(0).toEqualTypeOf<Image.Image | string>()
    expectTypeOf(images.update).parameter(0).toEqualTypeOf<Image.Image | string>()
    expectTypeOf(members.setStatus).parameter(0).toEqualTypeOf<Image.Image | string>()
    expectTypeOf(tasks.export).parameter(0).toEqualTypeOf<Image.Image | string>()
    expectTypeOf(tasks.get).parameter(0).toEqualTypeOf<ImageTask.ImageTask | string>()
  })

  it("do not take a member status that is none", () => {
    expectTypeOf(members.setStatus).parameter(1).toEqualTypeOf<"pending" | "accepted" | "rejected">()
    // @ts-expect-error there is no such status
    members.setStatus(id, "maybe")
  })

  it("make an image with the properties that it is to have, and none that is to go", () => {
    images.create({ properties: { a: "x" } })
    // @ts-expect-error a new image has nothing to remove
    images.create({ properties: { a: null } })
  })
})

describe("an image", () => {
  it("has statuses and formats that are known to the editor and open to the server", () => {
    expectTypeOf<"active">().toExtend<Image.ImageStatus>()
    expectTypeOf<string>().toExtend<Image.ImageStatus>()
    expectTypeOf<Image.ImageStatus>().toExtend<string>()
  })

  it("has properties that cannot be written to", () => {
    expectTypeOf(image.properties).toEqualTypeOf<ReadonlyMap<string, string>>()
    expectTypeOf(image.tags).toEqualTypeOf<ReadonlyArray<string>>()
  })
})
