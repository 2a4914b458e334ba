import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual, notDeepStrictEqual } from "@effect/vitest/utils"
import { Image, ImageChanges } from "@effect-glance/core"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Arbitrary from "../support/arbitrary.js"
import { applyPatch } from "../support/jsonPatch.js"
import { imageRecord } from "../support/records.js"

const decode = Schema.decodeUnknownSync(Image.ImageFromJson)
const encode = Schema.encodeSync(Image.ImageFromJson)

const image = decode(imageRecord({ tags: ["a", "b"], architecture: "x86_64", "a/b~c": "1" }))
const plan = (changes: ImageChanges.ImageChanges, of = image) => Either.getOrThrow(ImageChanges.plan(of, changes))

/** The image as the changes want it, worked out without any patch. */
const wanted = (before: Image.Image, changes: ImageChanges.ImageChanges): Image.Image => {
  const properties = new Map(before.properties)
  for (const [key, value] of (changes.properties ?? new Map()) as ReadonlyMap<string, string | null>) {
    if (value === null) properties.delete(key)
    else properties.set(key, value)
  }
  const set = <A>(value: A | null | undefined, otherwise: Option.Option<A>): Option.Option<A> =>
    value === undefined ? otherwise : Option.fromNullable(value)
  return new Image.Image({
    ...before,
    name: set(changes.name, before.name),
    visibility: changes.visibility ?? before.visibility,
    protected: changes.protected ?? before.protected,
    osHidden: changes.osHidden ?? before.osHidden,
    containerFormat: set(changes.containerFormat, before.containerFormat),
    diskFormat: set(changes.diskFormat, before.diskFormat),
    minDisk: changes.minDisk ?? before.minDisk,
    minRam: changes.minRam ?? before.minRam,
    owner: set(changes.owner, before.owner),
    tags: changes.tags ?? before.tags,
    properties
  })
}

/** Tags are a set, properties know no order. */
const normal = (image: Image.Image) => ({
  ...image,
  tags: [...new Set(image.tags)].sort(),
  properties: [...image.properties].sort(([a], [b]) => (a < b ? -1 : 1))
})

/** What the server makes of the patch. */
const patched = (before: Image.Image, steps: ReadonlyArray<ImageChanges.PatchOperation>): Image.Image =>
  decode(JSON.parse(JSON.stringify(applyPatch(encode(before), JSON.parse(JSON.stringify(steps))))))

describe("a planned patch", () => {
  it.prop(
    "takes the copy to what is wanted",
    [Arbitrary.imageAndChanges],
    ([[before, changes]]) => {
      deepStrictEqual(normal(patched(before, plan(changes, before))), normal(wanted(before, changes)))
    },
    { fastCheck: { numRuns: 300 }, timeout: 60_000 }
  )

  it.prop(
    "leaves nothing to plan once it is applied",
    [Arbitrary.imageAndChanges],
    ([[before, changes]]) => {
      deepStrictEqual(plan(changes, patched(before, plan(changes, before))), [])
    },
    { fastCheck: { numRuns: 300 }, timeout: 60_000 }
  )

  it.prop("has no step that could be left out", [Arbitrary.imageAndChanges], ([[before, changes]]) => {
    const steps = plan(changes, before)
    for (const left of steps.keys()) {
      const rest = steps.filter((_, index) => index !== left)
      notDeepStrictEqual(normal(patched(before, rest)), normal(wanted(before, changes)))
    }
  })

  it.prop(
    "has one step for each path, and a value wherever one is set",
    [Arbitrary.imageAndChanges],
    ([[before, changes]]) => {
      const steps = plan(changes, before)
      assert.strictEqual(new Set(steps.map(({ path }) => path)).size, steps.length)
      for (const step of steps) if (step.op !== "remove") assert.isDefined(step.value)
    }
  )

  it("replaces what the image has, adds what it has not, removes what is to go, in the order of the changes", () => {
    deepStrictEqual(
      plan({
        properties: { os_distro: "debian", architecture: "arm64", "a/b~c": null },
        name: "new",
        minDisk: 5
      }),
      [
        { op: "add", path: "/os_distro", value: "debian" },
        { op: "replace", path: "/architecture", value: "arm64" },
        { op: "remove", path: "/a~1b~0c" },
        { op: "replace", path: "/name", value: "new" },
        { op: "replace", path: "/min_disk", value: 5 }
      ]
    )
  })

  it("calls every attribute by its name on the wire", () => {
    const changes: Required<Omit<ImageChanges.ImageChanges, "properties">> = {
      osHidden: true,
      protected: true,
      visibility: "private",
      containerFormat: "ovf",
      diskFormat: "raw",
      minDisk: 1,
      minRam: 2,
      owner: "other",
      tags: ["c"],
      name: null
    }
    deepStrictEqual(plan(changes), [
      { op: "replace", path: "/os_hidden", value: true },
      { op: "replace", path: "/protected", value: true },
      { op: "replace", path: "/visibility", value: "private" },
      { op: "replace", path: "/container_format", value: "ovf" },
      { op: "replace", path: "/disk_format", value: "raw" },
      { op: "replace", path: "/min_disk", value: 1 },
      { op: "replace", path: "/min_ram", value: 2 },
      { op: "replace", path: "/owner", value: "other" },
      { op: "replace", path: "/tags", value: ["c"] },
      { op: "replace", path: "/name", value: null }
    ])
  })

  it("has no step for what is there already, for what is undefined, and for the removal of what is not there", () => {
    deepStrictEqual(
      plan({
        name: "cirros",
        visibility: undefined,
        minRam: 0,
        tags: ["b", "a", "b"],
        properties: { architecture: "x86_64", "not there": null, neither: undefined as unknown as string }
      }),
      []
    )
    deepStrictEqual(plan({}), [])
  })

  it.each([["toString"], ["constructor"], ["__proto__"], ["manager"], ["properties"], ["hasOwnProperty"]])(
    "adds a property called %s where the image has none",
    (name) => {
      const properties = new Map([[name, "x"]])
      deepStrictEqual(plan({ properties }), [{ op: "add", path: `/${name}`, value: "x" }])
      deepStrictEqual(plan({ properties: new Map([[name, null]]) }), [])
    }
  )

  it("takes properties as an object and as a Map", () => {
    deepStrictEqual(plan({ properties: { k: "v" } }), plan({ properties: new Map([["k", "v"]]) }))
    deepStrictEqual(plan({ properties: image.properties }), [])
  })

  it("names a tag that comes twice once", () => {
    deepStrictEqual(plan({ tags: ["x", "y", "x"] }), [{ op: "replace", path: "/tags", value: ["x", "y"] }])
  })
})

describe("a patch without a copy", () => {
  it("adds every property, which sets it, and replaces every attribute", () => {
    deepStrictEqual(
      Either.getOrThrow(
        ImageChanges.planBlind({ name: "cirros", properties: { architecture: "x86_64", "a/b": null }, tags: [] })
      ),
      [
        { op: "replace", path: "/name", value: "cirros" },
        { op: "add", path: "/architecture", value: "x86_64" },
        { op: "remove", path: "/a~1b" },
        { op: "replace", path: "/tags", value: [] }
      ]
    )
  })

  it.prop(
    "comes to the same as one with a copy, but for removals",
    [Arbitrary.imageAndChanges],
    ([[before, changes]]) => {
      const steps = Either.getOrThrow(ImageChanges.planBlind(changes))
      const fitting = steps.filter(
        (step) =>
          step.op !== "remove" || before.properties.has(step.path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~"))
      )
      deepStrictEqual(normal(patched(before, fitting)), normal(wanted(before, changes)))
    }
  )
})

describe("the record of a new image", () => {
  it("has the wire's names, the properties beside them, and no null", () => {
    const record = Either.getOrThrow(
      ImageChanges.toJson({
        name: "n",
        diskFormat: "raw",
        containerFormat: "bare",
        minDisk: 1,
        osHidden: true,
        tags: ["a", "a"],
        properties: new Map([["__proto__", "p"]])
      })
    )
    assert.strictEqual(
      JSON.stringify(record),
      '{"name":"n","disk_format":"raw","container_format":"bare","min_disk":1,"os_hidden":true,"tags":["a"],"__proto__":"p"}'
    )
  })
})

describe("changes that Glance would not take", () => {
  const long = "x".repeat(256)
  const cases: ReadonlyArray<readonly [what: string, changes: unknown, argument: string, reason: RegExp]> = [
    ["a name of 256 characters", { name: long }, "name", /at most 255 characters, it has 256/],
    ["a name that is a number", { name: 5 }, "name", /must be a string, not number/],
    ["a name with a character of four bytes", { name: "😀" }, "name", /beyond U\+FFFF/],
    ["a name with half a surrogate pair", { name: "\ud83d" }, "name", /surrogate/],
    ["a flag that is text", { protected: "true" }, "protected", /true or false, not "true"/],
    ["a flag that has no text", { osHidden: Object.create(null) }, "osHidden", /true or false/],
    ["a null flag", { osHidden: null }, "osHidden", /true or false, not null/],
    ["an empty visibility", { visibility: "" }, "visibility", /empty/],
    ["a null format", { diskFormat: null }, "diskFormat", /must be a string, not null/],
    ["a format that is an object", { containerFormat: {} }, "containerFormat", /must be a string, not object/],
    ["a negative size of disk", { minDisk: -1 }, "minDisk", /whole number from 0, not -1/],
    ["a fraction of memory", { minRam: 1.5 }, "minRam", /whole number from 0, not 1.5/],
    ["memory as text", { minRam: "5" }, "minRam", /whole number from 0, not "5"/],
    ["memory that is no number", { minRam: Number.NaN }, "minRam", /not NaN/],
    ["an owner that is empty", { owner: "" }, "owner", /empty/],
    ["tags that are one text", { tags: "a" }, "tags", /array/],
    ["null tags", { tags: null }, "tags", /array/],
    ["an empty tag", { tags: ["a", ""] }, "tags", /empty/],
    ["a tag of 256 characters", { tags: [long] }, "tags", /at most 255/],
    ["a tag that is a big number", { tags: [1n] }, "tags", /must be a string, not bigint/],
    ["a tag with a character of four bytes", { tags: ["😀"] }, "tags", /beyond U\+FFFF/],
    ["a property with a number", { properties: { k: 5 } }, 'properties["k"]', /must be a string, not number/],
    ["a property with an object", { properties: { k: {} } }, 'properties["k"]', /must be a string, not object/],
    ["a property with four bytes", { properties: { k: "😀" } }, 'properties["k"]', /beyond U\+FFFF/],
    ["a property whose name has four bytes", { properties: { "😀": "v" } }, 'properties["😀"]', /beyond U\+FFFF/],
    ["a property without a name", { properties: { "": "v" } }, 'properties[""]', /must not be empty/],
    ["a 300-character key", { properties: { ["k".repeat(300)]: "v" } }, `properties["${"k".repeat(300)}"]`, /has 300/],
    ["a property called name", { properties: { name: "v" } }, 'properties["name"]', /attribute of every image/],
    ["a property called os_hidden", { properties: { os_hidden: "v" } }, 'properties["os_hidden"]', /attribute/],
    ["a property called self", { properties: { self: "v" } }, 'properties["self"]', /attribute/],
    ["a property called location", { properties: { location: "v" } }, 'properties["location"]', /reserves for itself/],
    [
      "a property called deleted_at",
      { properties: { deleted_at: null } },
      'properties["deleted_at"]',
      /reserves for itself/
    ],
    [
      "a property of os_glance",
      { properties: { os_glance_x: "v" } },
      'properties["os_glance_x"]',
      /reserves for itself/
    ],
    [
      "a property that ends in what is white space to Python",
      { properties: { "k\u0085": "v" } },
      'properties["k\\u0085"]',
      /white space/
    ],
    ["a property with spaces round it", { properties: { " k ": "v" } }, 'properties[" k "]', /white space/],
    ["null properties", { properties: null }, "properties", /must be an object, not null/],
    ["properties as text", { properties: "abc" }, "properties", /must be an object, not "abc"/],
    ["properties as a list", { properties: ["a"] }, "properties", /must be an object, not \["a"\]/],
    ["a read-only attribute", { status: "active" }, "status", /not an attribute that can be set/],
    ["an attribute by its name on the wire", { min_ram: 5 }, "min_ram", /not an attribute that can be set/],
    ["an attribute of every object", { toString: "x" }, "toString", /not an attribute that can be set/],
    ["null", null, "changes", /must be an object, not null/],
    ["a Map", new Map([["name", "n"]]), "changes", /must be an object/],
    ["a text", "name", "changes", /must be an object, not "name"/]
  ]

  it.each(cases)("because of %s are refused by name", (_, changes, argument, reason) => {
    const given = changes as ImageChanges.ImageChanges
    for (const result of [ImageChanges.plan(image, given), ImageChanges.planBlind(given), ImageChanges.toJson(given)]) {
      const error = Either.getOrThrow(Either.flip(result as Either.Either<unknown, Error>)) as Error & {
        argument: string
        reason: string
      }
      assert.strictEqual(error.name, "InvalidArgument")
      assert.strictEqual(error.argument, argument)
      assert.match(error.reason, reason)
      assert.strictEqual(error.message, `${argument} ${error.reason}`)
    }
  })

  it.prop(
    "never throw, whatever they are",
    [FastCheck.anything({ withNullPrototype: true, withMap: true })],
    ([any]) => {
      ImageChanges.plan(image, any as ImageChanges.ImageChanges)
      for (const key of ["name", "tags", "properties", "minRam", "protected"]) {
        ImageChanges.plan(image, { [key]: any })
        ImageChanges.plan(image, { properties: { k: any } } as ImageChanges.ImageChanges)
        ImageChanges.plan(image, { tags: [any] } as ImageChanges.ImageChanges)
      }
    }
  )
})

describe("fromImage", () => {
  it("gives what a copy is created with, without what a server writes itself", () => {
    const properties = { os_distro: "debian", hw_disk_bus: "scsi", "com.example": "kept" }
    const servers = {
      os_glance_importing_to_stores: "",
      os_glance_failed_import: "",
      deleted: false,
      deleted_at: "2026-01-01",
      location: "x",
      __os_version: "Debian",
      __imagetype: "gold",
      com__rackspace: "kept",
      com_rackspace: "kept",
      "com.rackspace__1__options": "0",
      "org.openstack__1__architecture": "x64",
      instance_type_id: "5",
      rax_x: "y"
    }
    const kept = { com__rackspace: "kept", com_rackspace: "kept" }
    const image = decode(imageRecord({ ...properties, ...servers, min_ram: "512", tags: ["a"], visibility: "public" }))
    deepStrictEqual(ImageChanges.fromImage(image), {
      name: "cirros",
      diskFormat: "qcow2",
      containerFormat: "bare",
      minDisk: 0,
      minRam: 512,
      tags: ["a"],
      properties: new Map(Object.entries({ ...properties, ...kept }))
    })
  })

  it.prop("gives what a creation accepts, whatever the image", [Arbitrary.storedImage], ([image]) => {
    const { containerFormat, tags, ...copy } = ImageChanges.fromImage(image)
    // Glance stores neither an empty tag nor an empty format.
    const storable = { ...copy, tags: tags?.filter((tag) => tag !== ""), containerFormat: containerFormat || undefined }
    const json = Either.getOrThrow(ImageChanges.toJson(storable))
    for (const name of Object.keys(json)) assert.isFalse(name.startsWith("os_glance") || name === "deleted")
  })
})
