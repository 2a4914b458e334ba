/** Images of every kind, and what can be wanted of them. */
import { Image, type ImageChanges } from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"

const option = <A>(arbitrary: FastCheck.Arbitrary<A>): FastCheck.Arbitrary<Option.Option<A>> =>
  FastCheck.option(arbitrary).map(Option.fromNullable)

const text = FastCheck.string({ unit: "binary", maxLength: 12 })

/** As Glance stores it: no character beyond the basic plane. */
export const storable = FastCheck.string({
  unit: FastCheck.oneof(
    FastCheck.constantFrom("a", "Z", "~", "/", "é", "日", '"', " ", "0", "1", "\\", ":", "\n"),
    FastCheck.integer({ min: 1, max: 0xd7ff }).map((code) => String.fromCharCode(code))
  ),
  maxLength: 12
})

const awkwardKeys = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "properties",
  "metadata",
  "a/b~c",
  "~1",
  "~0",
  "~01",
  "0",
  "-",
  "日本",
  "com.rackspace__1__options"
]

/**
 * The parser of JSON in Node 24.21 reads `{"a":0,"\n":1}` as `{"a":0,"\\":1}` when it has met the latter before: a key
 * that is a lone backslash is all that it confuses with others.
 */
const isReadAsWritten = (key: string) => key !== "\\"

/** As `FastCheck.jsonValue`, without what a parser of JSON misreads. */
export const jsonValue = FastCheck.jsonValue().filter((value) => !JSON.stringify(value).includes('"\\\\":'))

const isCustom = (key: string) => !Image.baseAttributes.has(key) && isReadAsWritten(key)

const propertyKey = FastCheck.oneof(FastCheck.constantFrom(...awkwardKeys), text.filter(isCustom))

/** What is white space to Python and none to JavaScript. */
const pythonSpace = "\u001c\u001d\u001e\u001f\u0085"

/** Whether Python's `strip` would leave it as it is. */
const isStripped = (text: string): boolean =>
  text.trim() === text && ![text.at(0), text.at(-1)].some((end) => end !== undefined && pythonSpace.includes(end))

/** Property names that Glance takes in a patch. */
export const settableKey = FastCheck.oneof(
  FastCheck.constantFrom(...awkwardKeys),
  storable.filter(
    (key) =>
      isCustom(key) &&
      key !== "" &&
      isStripped(key) &&
      !key.startsWith("os_glance") &&
      !["location", "deleted", "deleted_at"].includes(key)
  )
)

const mapOf = (key: FastCheck.Arbitrary<string>, value: FastCheck.Arbitrary<string>) =>
  FastCheck.array(FastCheck.tuple(key, value), { maxLength: 8 }).map((entries) => new Map(entries))

const time = FastCheck.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }).map(
  (date) => DateTime.unsafeMake(date)
)

const whole = FastCheck.integer({ min: 0, max: 2 ** 40 })

const imageWith = (
  properties: FastCheck.Arbitrary<Map<string, string>>,
  words: FastCheck.Arbitrary<string>
): FastCheck.Arbitrary<Image.Image> =>
  FastCheck.record({
    id: FastCheck.uuid().map((id) => Image.ImageId.make(id)),
    name: option(words),
    status: FastCheck.constantFrom("queued", "active", "a status of next year"),
    visibility: FastCheck.constantFrom("public", "private", "shared", "community"),
    protected: FastCheck.boolean(),
    osHidden: FastCheck.boolean(),
    checksum: option(words),
    osHashAlgo: option(words),
    osHashValue: option(words),
    owner: option(words),
    size: option(whole),
    virtualSize: option(whole),
    containerFormat: option(FastCheck.constantFrom("bare", "ovf", "")),
    diskFormat: option(FastCheck.constantFrom("raw", "qcow2", "a format of next year")),
    createdAt: time,
    updatedAt: time,
    tags: FastCheck.uniqueArray(words, { maxLength: 5 }),
    minRam: whole,
    minDisk: whole,
    stores: FastCheck.uniqueArray(FastCheck.stringMatching(/^[a-z_-]+$/), { maxLength: 3 }),
    directUrl: option(FastCheck.webUrl()),
    locations: option(
      FastCheck.array(
        FastCheck.record({
          url: FastCheck.webUrl(),
          // As it comes out of the parser of JSON, where `__proto__` is a key like any other.
          metadata: FastCheck.dictionary(propertyKey, jsonValue, { noNullPrototype: true })
        }).map((location) => new Image.ImageLocation(JSON.parse(JSON.stringify(location)), true)),
        { maxLength: 2 }
      )
    ),
    self: option(words),
    file: option(words),
    schema: option(words),
    properties
  }).map((fields) => new Image.Image(fields))

/** Anything that the class can hold and JSON can carry. */
export const image = imageWith(mapOf(propertyKey, text), text)

/** Images whose texts Glance could have stored. */
export const storedImage = imageWith(mapOf(settableKey, storable), storable)

export const tag = storable.filter((tag) => tag !== "")

const optionally = <A>(arbitrary: FastCheck.Arbitrary<A>) => FastCheck.option(arbitrary, { nil: undefined, freq: 2 })

const format = FastCheck.constantFrom("bare", "raw", "qcow2", "a format of next year")

/** An image, and changes of it that touch some of what it has and add some that it has not. */
export const imageAndChanges: FastCheck.Arbitrary<readonly [Image.Image, ImageChanges.ImageChanges]> =
  storedImage.chain((image) => {
    const own = [...image.properties.keys()].filter(isStripped)
    const key = own.length === 0 ? settableKey : FastCheck.oneof(FastCheck.constantFrom(...own), settableKey)
    const value = FastCheck.oneof(
      storable,
      FastCheck.constant(null),
      FastCheck.constantFrom("", ...image.properties.values())
    )
    const properties = FastCheck.array(FastCheck.tuple(key, value), { maxLength: 6 }).map((all) => new Map(all))
    const tags = FastCheck.oneof(FastCheck.array(tag, { maxLength: 4 }), FastCheck.constant([...image.tags].reverse()))
    return FastCheck.tuple(
      FastCheck.constant(image),
      FastCheck.record({
        name: optionally(FastCheck.option(storable)),
        visibility: optionally(FastCheck.constantFrom("public", "private", "shared")),
        protected: optionally(FastCheck.boolean()),
        osHidden: optionally(FastCheck.boolean()),
        containerFormat: optionally(format),
        diskFormat: optionally(format),
        minDisk: optionally(whole),
        minRam: optionally(whole),
        owner: optionally(tag),
        tags: optionally(tags.filter((all) => !all.includes(""))),
        properties: optionally(properties)
      })
    )
  })
