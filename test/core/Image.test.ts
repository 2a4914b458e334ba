import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, Images } from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Arbitrary from "../support/arbitrary.js"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

const decode = Schema.decodeUnknownSync(Image.ImageFromJson)
const encode = Schema.encodeSync(Image.ImageFromJson)
const refusal = (input: unknown): string =>
  Either.match(Schema.decodeUnknownEither(Image.ImageFromJson)(input), {
    onLeft: ParseResult.TreeFormatter.formatErrorSync,
    onRight: () => assert.fail("it decoded")
  })

/** Once through the text of JSON, as on the wire. */
const sent = (record: unknown): unknown => JSON.parse(JSON.stringify(record))

afterEach(() => {
  vi.unstubAllEnvs()
})

describe("an image's record", () => {
  it.prop("comes back as it was from every image", [Arbitrary.image], ([image]) => {
    const back = decode(sent(encode(image)))
    deepStrictEqual(back, image)
    assert.instanceOf(back, Image.Image)
  })

  it.prop("that went round once is the same record from then on", [Arbitrary.image], ([image]) => {
    const record = encode(image)
    deepStrictEqual(encode(decode(sent(record))), record)
  })

  it("holds what Glance says of an image", () => {
    const image = decode(imageRecord({ tags: ["a", "b"], stores: "fast,slow", architecture: "x86_64" }))
    assert.strictEqual(image.id, "5f0a3b2c-0000-4000-8000-000000000001")
    deepStrictEqual(image.name, Option.some("cirros"))
    deepStrictEqual(image.diskFormat, Option.some<Image.DiskFormat>("qcow2"))
    deepStrictEqual(image.size, Option.some(11))
    deepStrictEqual(image.osHashAlgo, Option.some("sha512"))
    deepStrictEqual(image.tags, ["a", "b"])
    deepStrictEqual(image.stores, ["fast", "slow"])
    assert.strictEqual(DateTime.formatIso(image.createdAt), "2026-11-23T15:40:23.000Z")
    deepStrictEqual([...image.properties], [["architecture", "x86_64"]])
  })

  it("decodes with Rackspace's properties, every one of them by its own name", () => {
    const custom = {
      auto_disk_config: "disabled",
      "com.rackspace__1__build_core": "1",
      "com.rackspace__1__options": "0",
      "com.rackspace__1__visible_core": "1",
      "org.openstack__1__os_distro": "com.ubuntu",
      "org.openstack__1__os_version": "22.04",
      instance_type_memory_mb: "512",
      instance_type_vcpus: "1",
      rax_managed: "false",
      cache_in_nova: "True",
      user_id: "199835",
      vm_mode: "hvm",
      flavor_classes: "*,!onmetal"
    }
    const { osHidden, ...image } = decode({
      ...imageRecord(custom),
      os_hidden: undefined,
      os_hash_algo: undefined,
      os_hash_value: undefined,
      virtual_size: undefined
    })
    assert.isFalse(osHidden)
    deepStrictEqual(Object.fromEntries(image.properties), custom)
  })

  it("takes an empty, a null and an absent optional attribute for none", () => {
    const names = ["name", "checksum", "os_hash_algo", "os_hash_value", "owner", "size", "virtual_size"]
    const more = ["container_format", "disk_format", "tags", "min_ram", "min_disk", "stores", "direct_url", "locations"]
    const all = [...names, ...more, "self", "file", "schema", "protected", "os_hidden"]
    const nulls = decode(imageRecord(Object.fromEntries(all.map((name) => [name, null]))))
    const absent = decode(Object.fromEntries(Object.entries(imageRecord()).filter(([name]) => !all.includes(name))))
    deepStrictEqual(nulls, absent)
    deepStrictEqual(nulls.name, Option.none())
    deepStrictEqual(nulls.tags, [])
    deepStrictEqual(nulls.stores, [])
    assert.strictEqual(nulls.minRam, 0)
    assert.isFalse(nulls.protected)
    assert.strictEqual(nulls.properties.size, 0)
  })

  it("leaves out custom properties that are null", () => {
    deepStrictEqual([...decode(imageRecord({ kept: "", gone: null })).properties], [["kept", ""]])
  })

  it("may hold os_hidden and protected as text, stale from another age", () => {
    assert.isTrue(decode(imageRecord({ os_hidden: "True" })).osHidden)
    assert.isFalse(decode(imageRecord({ os_hidden: "false" })).osHidden)
    assert.isTrue(decode(imageRecord({ protected: "true" })).protected)
    assert.include(refusal(imageRecord({ os_hidden: "perhaps" })), "os_hidden")
  })

  it("may hold properties that an operator gave another type than text", () => {
    const image = decode(imageRecord({ cores: 4, ratio: 0.5, secure: true, list: ["a", 1], map: { a: { b: null } } }))
    deepStrictEqual(Object.fromEntries(image.properties), {
      cores: "4",
      ratio: "0.5",
      secure: "true",
      list: '["a",1]',
      map: '{"a":{"b":null}}'
    })
  })

  it("may hold statuses, visibilities and formats that nobody knows yet", () => {
    const image = decode(
      imageRecord({ status: "hibernating", visibility: "galactic", disk_format: "crystal", container_format: "box" })
    )
    assert.strictEqual(image.status, "hibernating")
    assert.strictEqual(image.visibility, "galactic")
    deepStrictEqual(image.diskFormat, Option.some("crystal"))
    deepStrictEqual(image.containerFormat, Option.some("box"))
  })

  it("takes times with fractions and offsets, and those without a zone as UTC wherever the machine is", () => {
    vi.stubEnv("TZ", "Asia/Tokyo")
    assert.strictEqual(new Date(0).getTimezoneOffset(), -540)
    const { createdAt, updatedAt } = decode(
      imageRecord({ created_at: "2020-12-18T05:20:38.000000", updated_at: "2020-12-18T07:20:38.25+02:00" })
    )
    assert.strictEqual(DateTime.formatIso(createdAt), "2020-12-18T05:20:38.000Z")
    assert.strictEqual(DateTime.formatIso(updatedAt), "2020-12-18T05:20:38.250Z")
  })

  it("keeps where the stores have the data", () => {
    const locations = [{ url: "file:///images/x", metadata: { store: "fast", nested: { deep: [1] } } }]
    const image = decode(imageRecord({ locations, direct_url: "file:///images/x" }))
    deepStrictEqual(sent(Option.getOrNull(image.locations)), locations)
    deepStrictEqual(image.directUrl, Option.some("file:///images/x"))
  })

  it.each([
    ["an id that is a number", { id: 5 }, "id"],
    ["a name that is a list", { name: [] }, "name"],
    ["a size that is a word", { size: "eleven" }, "size"],
    ["tags that are not texts", { tags: [{}] }, "tags"],
    ["a time that is none", { created_at: "yesterday" }, "created_at"],
    ["no status", { status: undefined }, "status"],
    ["locations without a URL", { locations: [{ metadata: {} }] }, "url"]
  ])("with %s is refused by the name of the attribute", (_, surprise, attribute) => {
    assert.include(refusal(imageRecord(surprise)), `["${attribute}"]`)
  })

  it.each([[null], [undefined], ["text"], [5], [[]]])("that is %o is no record", (input) => {
    assert.include(refusal(input), "JsonObject")
  })

  it.effect("names itself when it cannot be decoded", () =>
    Effect.gen(function* () {
      const images = yield* Images.Images
      const error = yield* Effect.flip(images.get(Image.ImageId.make("strange")))
      assert(error._tag === "UnexpectedAnswer")
      deepStrictEqual(error.record, Option.some("strange"))
      assert.strictEqual(error.detail, '["min_ram"]: Expected number, actual "lots"')
      assert.include(error.message, "strange")
      assert.include(error.message, Port.requestId)
    }).pipe(
      Effect.provide(Images.layer),
      Effect.provide(Port.layer([Port.json(imageRecord({ id: "strange", min_ram: "lots" }))]))
    )
  )
})

describe("a property called __proto__", () => {
  const hostile: unknown = JSON.parse(
    JSON.stringify(
      imageRecord({ proto: { isAdmin: true }, locations: [{ url: "x:y", metadata: { proto: { a: 1 } } }] })
    ).replaceAll('"proto"', '"__proto__"')
  )

  it("is a property like any other", () => {
    const image = decode(hostile)
    assert.strictEqual(image.properties.get("__proto__"), '{"isAdmin":true}')
    assert.include(JSON.stringify(encode(image)), '"__proto__":"{\\"isAdmin\\":true}"')
  })

  it("becomes nobody's prototype", () => {
    const image = decode(hostile)
    const metadata = Option.getOrThrow(image.locations)[0]?.metadata ?? {}
    for (const one of [image, image.properties, metadata, encode(image), Image.display(image), {}]) {
      assert.isUndefined((one as { isAdmin?: unknown }).isAdmin)
      assert.isUndefined((one as { a?: unknown }).a)
    }
    assert.strictEqual(Object.getPrototypeOf(image), Image.Image.prototype)
    assert.strictEqual(Object.getPrototypeOf(metadata), Object.prototype)
    deepStrictEqual(Object.keys(metadata), ["__proto__"])
  })
})

describe("display", () => {
  it("shows neither links, nor what is absent, nor what Rackspace and Nova keep for themselves", () => {
    const image = decode(
      imageRecord({
        checksum: null,
        stores: "fast",
        "com.rackspace__1__options": "0",
        "org.openstack__1__os_distro": "com.ubuntu",
        instance_type_vcpus: "1",
        rax_managed: "false",
        hw_disk_bus: "scsi",
        raxed: "stays"
      })
    )
    const { checksum, self, file, schema, os_hash_algo, os_hash_value, ...rest } = imageRecord()
    deepStrictEqual(sent(Image.display(image)), {
      ...rest,
      os_hash_algo,
      os_hash_value,
      stores: "fast",
      hw_disk_bus: "scsi",
      raxed: "stays"
    })
  })

  it.prop("shows nothing that is not in the record", [Arbitrary.image], ([image]) => {
    const record = encode(image)
    for (const [key, value] of Object.entries(Image.display(image))) deepStrictEqual(value, record[key])
  })
})

describe("image or id", () => {
  it.prop("gives the id of either", [Arbitrary.image], ([image]) => {
    assert.strictEqual(Image.idOf(image), image.id)
    assert.strictEqual(Image.idOf(image.id), image.id)
  })
})

describe("an image as JSON", () => {
  it("keeps its properties", () => {
    const record = imageRecord({ os_distro: "debian", "a/b~c": "x" })
    const image = Schema.decodeUnknownSync(Image.ImageFromJson)(record)
    assert.deepInclude(JSON.parse(JSON.stringify(image)), { id: image.id, os_distro: "debian", "a/b~c": "x" })
  })
})
