/** Records are mostly decoded without the schema. What comes of it must be what the schema makes of the same record. */
import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { ForeignText, Image, Images } from "@effect-glance/core"
import * as Array from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Hash from "effect/Hash"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Arbitrary from "../support/arbitrary.js"
import * as Port from "../support/port.js"
import { imageRecord } from "../support/records.js"

interface Outcome {
  readonly images: ReadonlyArray<Image.Image>
  /** What is said of the others. */
  readonly complaints: ReadonlyArray<string>
}

/** Through an operation, which logs what it leaves out. */
const listed = (records: ReadonlyArray<unknown>): Effect.Effect<Outcome, unknown> =>
  Effect.gen(function* () {
    const complaints: Array<string> = []
    const logger = Logger.make(({ annotations }) => {
      complaints.push(String(Option.getOrThrow(HashMap.get(annotations, "detail"))))
    })
    const page = Effect.flatMap(Images.Images, (images) => images.list({}, { undecodable: "skip" }))
    const { items } = yield* page.pipe(
      Effect.provide(Layer.provide(Images.layer, Port.layer([Port.json({ images: records })]))),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger))
    )
    return { images: items, complaints }
  })

const firstOfEachPlace = (issues: ReadonlyArray<ParseResult.ArrayFormatterIssue>): string => {
  const place = (path: ReadonlyArray<PropertyKey>) => path.map((key) => `[${JSON.stringify(key)}]`).join("")
  return issues
    .filter(({ path }, index) => issues.findIndex((other) => place(other.path) === place(path)) === index)
    .map(({ message, path }) => (path.length === 0 ? message : `${place(path)}: ${message}`))
    .join("; ")
}

const schema = Schema.decodeUnknownEither(Image.ImageFromJson)

/** By the schema alone. */
const decoded = (records: ReadonlyArray<unknown>): Outcome => {
  const [errors, images] = Array.partitionMap(records, (record) => schema(record))
  return {
    images,
    complaints: errors.map((error) => firstOfEachPlace(ParseResult.ArrayFormatter.formatErrorSync(error)))
  }
}

const agree = (records: ReadonlyArray<unknown>) =>
  Effect.gen(function* () {
    const sent: ReadonlyArray<unknown> = JSON.parse(JSON.stringify(records))
    const ours = yield* listed(sent)
    const schemas = decoded(sent)
    deepStrictEqual(
      ours.complaints,
      schemas.complaints.map((complaint) => ForeignText.show(complaint))
    )
    deepStrictEqual(ours.images, schemas.images)
    ours.images.forEach((image, index) => {
      assert.instanceOf(image, Image.Image)
      deepStrictEqual([...image.properties], [...(schemas.images[index]?.properties ?? [])])
      assert.strictEqual(JSON.stringify(image), JSON.stringify(schemas.images[index]))
    })
  })

const twoDigits = FastCheck.integer({ min: 0, max: 99 }).map((number) => String(number).padStart(2, "0"))

/** Mostly one of the former, which are fine by themselves. */
const mostly = (fine: ReadonlyArray<string>, odd: ReadonlyArray<string>): FastCheck.Arbitrary<string> =>
  FastCheck.oneof(
    { weight: 12, arbitrary: FastCheck.constantFrom(...fine) },
    { weight: 1, arbitrary: FastCheck.constantFrom(...odd) },
    { weight: 1, arbitrary: twoDigits }
  )

/** Times of the form that Glance writes, many of which there are. */
const timeText = FastCheck.tuple(
  mostly(["2026", "2024", "2100", "2000", "1970", "1969", "0100", "9999"], ["0099", "0000", "-001", "+026", "12026"]),
  mostly(["01", "02", "03", "04", "12"], ["00", "13", "1", " 4"]),
  mostly(["01", "28", "29", "30", "31"], ["00", "32", "7"]),
  mostly(["T"], ["t", " "]),
  mostly(["00", "23"], ["24", "25", "-1"]),
  mostly(["00", "59"], ["60", "+1", "1."]),
  mostly(["00", "59"], ["60", "61", "1e"]),
  mostly(["Z"], ["z", "", "+02:00", ".5Z", "Z "])
).map(
  ([year, month, day, T, hour, minute, second, zone]) => `${year}-${month}-${day}${T}${hour}:${minute}:${second}${zone}`
)

const anything = FastCheck.oneof(
  FastCheck.constantFrom(null, true, false, "True", "perhaps", "", 0, -0, 1.5, [], {}, [null], ["a", 1], ["a", "b"]),
  Arbitrary.jsonValue
)

const location = FastCheck.constantFrom(
  { url: "x:y", metadata: {} },
  { url: "x:y", metadata: { a: [null] } },
  { url: "x:y", metadata: {}, more: 1 },
  { url: "x:y", metadata: [] },
  { url: "x:y", metadata: null },
  { url: "x:y" },
  { url: 1, metadata: {} },
  { metadata: {} },
  null
)

/** As text or `null`, or as a number that JSON allows and no cloud means. */
const lenient = FastCheck.tuple(
  FastCheck.constantFrom("size", "virtual_size", "min_ram", "min_disk", "protected", "os_hidden", "tags", "updated_at"),
  FastCheck.constantFrom(
    "12",
    "",
    " 7 ",
    "-1",
    "1e3",
    "twelve",
    "0",
    "False",
    "on",
    0,
    1,
    2,
    null,
    [null, "a"],
    [1, true]
  )
)

const change = FastCheck.oneof(
  lenient,
  FastCheck.tuple(FastCheck.constantFrom("created_at", "updated_at"), timeText),
  FastCheck.tuple(FastCheck.constant("locations"), FastCheck.array(location, { maxLength: 2 })),
  FastCheck.tuple(
    FastCheck.constantFrom(...Image.baseAttributes, "__proto__", "constructor", "7", "os_distro"),
    FastCheck.option(anything, { nil: undefined })
  )
)

const several = <A>(arbitrary: FastCheck.Arbitrary<A>): [FastCheck.Arbitrary<ReadonlyArray<A>>] => [
  FastCheck.array(arbitrary, { minLength: 50, maxLength: 50 })
]
const runs = { fastCheck: { numRuns: 10 } }

const encode = Schema.encodeSync(Image.ImageFromJson)
const wholeSeconds = (time: unknown) => String(time).replace(/\.\d+Z$/, "Z")

/** As Glance sends it, whose times have no fractions. */
const toRecord = (image: Image.Image) => {
  const record = encode(image)
  return { ...record, created_at: wholeSeconds(record["created_at"]), updated_at: wholeSeconds(record["updated_at"]) }
}

describe("a record in a listing", () => {
  it.effect.prop(
    "is the image that the schema makes of it",
    several(Arbitrary.image),
    ([images]) => agree(images.map((image) => toRecord(image))),
    runs
  )

  it.effect.prop(
    "is what the schema makes of it, image or complaint, whatever is wrong with it",
    several(FastCheck.tuple(Arbitrary.image, FastCheck.array(change, { minLength: 1, maxLength: 4 }))),
    ([all]) =>
      agree(all.map(([image, changes]) => Object.fromEntries([...Object.entries(toRecord(image)), ...changes]))),
    runs
  )

  it.effect.prop("may be no record at all", several(anything), ([values]) => agree(values), runs)

  it.effect.prop(
    "has the times that it says",
    several(timeText),
    ([texts]) => agree(texts.map((text) => imageRecord({ created_at: text, updated_at: text }))),
    runs
  )
})

describe("the time of an image", () => {
  it.effect("is a time of Effect like any other", () =>
    Effect.gen(function* () {
      const { images } = yield* listed([imageRecord()])
      const { createdAt, updatedAt } = images[0] ?? assert.fail("it is left out")
      const expected = DateTime.unsafeMake("2026-11-23T15:40:23Z")
      assert.isTrue(DateTime.isUtc(createdAt))
      deepStrictEqual(createdAt, expected)
      assert.isTrue(Equal.equals(createdAt, expected))
      deepStrictEqual(DateTime.toPartsUtc(createdAt), DateTime.toPartsUtc(expected))
      assert.strictEqual(DateTime.formatIso(DateTime.add(createdAt, { days: 1 })), "2026-11-24T15:40:23.000Z")
      assert.isTrue(DateTime.lessThan(createdAt, updatedAt))
      assert.isTrue(Schema.is(Schema.DateTimeUtcFromSelf)(createdAt))
      assert.strictEqual(JSON.stringify(createdAt), '"2026-11-23T15:40:23.000Z"')
    })
  )
})

describe("what an image may have", () => {
  it.effect("is an option of Effect like any other", () =>
    Effect.gen(function* () {
      const { images } = yield* listed([imageRecord({ name: "debian", owner: null })])
      const { name, owner } = images[0] ?? assert.fail("it is left out")
      assert.isTrue(Option.isOption(name) && Option.isSome(name))
      deepStrictEqual(name, Option.some("debian"))
      assert.isTrue(Equal.equals(name, Option.some("debian")))
      assert.isFalse(Equal.equals(name, Option.some("fedora")))
      assert.strictEqual(Hash.hash(name), Hash.hash(Option.some("debian")))
      assert.strictEqual(String(name), String(Option.some("debian")))
      assert.strictEqual(JSON.stringify(name), JSON.stringify(Option.some("debian")))
      assert.strictEqual(yield* name, "debian")
      assert.strictEqual(owner, Option.none())
    })
  )
})
