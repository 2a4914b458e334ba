import { assert, describe, it } from "@effect/vitest"
import { deepStrictEqual } from "@effect/vitest/utils"
import { Image, ImageQuery } from "@effect-glance/core"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"

const at = DateTime.unsafeMake("2026-01-02T03:04:05Z")
const zoned = DateTime.unsafeMakeZoned("2026-01-02T03:04:05Z", { timeZone: "Asia/Tokyo" }) as unknown as DateTime.Utc
const id = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000001")
const other = Image.ImageId.make("5f0a3b2c-0000-4000-8000-000000000002")

const params = (query: ImageQuery.ImageQuery) => Either.getOrThrow(ImageQuery.toParams(query))

describe("a query", () => {
  const table: ReadonlyArray<
    readonly [what: string, query: ImageQuery.ImageQuery, params: ReadonlyArray<readonly [string, string]>]
  > = [
    ["no condition", {}, []],
    ["conditions that are undefined", { name: undefined, tags: undefined, size: undefined, limit: undefined }, []],
    ["an id", { id }, [["id", id]]],
    ["several ids", { id: [id, other] }, [["id", `in:"${id}","${other}"`]]],
    ["a name", { name: "my image" }, [["name", "my image"]]],
    ["an empty name", { name: "" }, [["name", ""]]],
    ["a name with a colon", { name: "Ubuntu 22:04" }, [["name", "eq:Ubuntu 22:04"]]],
    ["a name like an operator", { name: "in:a,b" }, [["name", "eq:in:a,b"]]],
    ["a name like equality", { name: "eq:a" }, [["name", "eq:eq:a"]]],
    ["a name with quotes", { name: 'say "hi"' }, [["name", 'say "hi"']]],
    ["a name with quotes and a colon", { name: '"a:b"' }, [["name", 'eq:"a:b"']]],
    ["a name with a comma", { name: "a,b" }, [["name", "a,b"]]],
    ["a name with a backslash", { name: "a\\b" }, [["name", "a\\b"]]],
    ["a name beyond ASCII", { name: "é日本" }, [["name", "é日本"]]],
    ["a name with what URLs mean something by", { name: "R&D=1?#%/+" }, [["name", "R&D=1?#%/+"]]],
    ["several names", { name: ["a,b", "c:d", " e "] }, [["name", 'in:"a,b","c:d"," e "']]],
    ["one name in a list", { name: ['say "hi"'] }, [["name", 'say "hi"']]],
    ["one name with a colon in a list", { name: ["a:b"] }, [["name", "eq:a:b"]]],
    ["a status", { status: "active" }, [["status", "active"]]],
    ["several statuses", { status: ["queued", "active"] }, [["status", 'in:"queued","active"']]],
    ["a container format", { containerFormat: "bare" }, [["container_format", "bare"]]],
    ["several container formats", { containerFormat: ["ovf", "ova"] }, [["container_format", 'in:"ovf","ova"']]],
    ["a disk format", { diskFormat: "raw" }, [["disk_format", "raw"]]],
    ["several disk formats", { diskFormat: ["raw", "qcow2"] }, [["disk_format", 'in:"raw","qcow2"']]],
    ["a visibility", { visibility: "all" }, [["visibility", "all"]]],
    ["a member status", { memberStatus: "pending" }, [["member_status", "pending"]]],
    [
      "pending shared images",
      { visibility: "shared", memberStatus: "pending" },
      [
        ["visibility", "shared"],
        ["member_status", "pending"]
      ]
    ],
    ["an owner", { owner: "p1" }, [["owner", "p1"]]],
    ["protected ones", { protected: true }, [["protected", "true"]]],
    ["unprotected ones", { protected: false }, [["protected", "false"]]],
    ["hidden ones", { osHidden: true }, [["os_hidden", "true"]]],
    ["no tag", { tags: [] }, []],
    [
      "several tags",
      { tags: ["b", "a", "in:x,y"] },
      [
        ["tag", "b"],
        ["tag", "a"],
        ["tag", "in:x,y"]
      ]
    ],
    ["a checksum", { checksum: "abc" }, [["checksum", "abc"]]],
    ["a hash", { osHashValue: "def" }, [["os_hash_value", "def"]]],
    ["a size", { size: 0 }, [["size", "0"]]],
    [
      "a range of sizes",
      { size: { min: 0, max: 2 ** 40 } },
      [
        ["size_min", "0"],
        ["size_max", "1099511627776"]
      ]
    ],
    ["a least size", { size: { min: 5 } }, [["size_min", "5"]]],
    ["a largest size", { size: { min: undefined, max: 5 } }, [["size_max", "5"]]],
    ["a size without bounds", { size: {} }, []],
    ["a virtual size", { virtualSize: { min: 1 } }, [["virtual_size_min", "1"]]],
    ["memory", { minRam: { max: 512 } }, [["min_ram_max", "512"]]],
    ["exact memory", { minRam: 512 }, [["min_ram", "512"]]],
    [
      "disk",
      { minDisk: { min: 1, max: 2 } },
      [
        ["min_disk_min", "1"],
        ["min_disk_max", "2"]
      ]
    ],
    ["a time of creation", { createdAt: { eq: at } }, [["created_at", "eq:2026-01-02T03:04:05.000Z"]]],
    ["another time than", { createdAt: { neq: at } }, [["created_at", "neq:2026-01-02T03:04:05.000Z"]]],
    ["later than", { createdAt: { gt: at } }, [["created_at", "gt:2026-01-02T03:04:05.000Z"]]],
    ["from a time on", { updatedAt: { gte: at } }, [["updated_at", "gte:2026-01-02T03:04:05.000Z"]]],
    ["earlier than", { updatedAt: { lt: at } }, [["updated_at", "lt:2026-01-02T03:04:05.000Z"]]],
    ["until a time", { updatedAt: { lte: at } }, [["updated_at", "lte:2026-01-02T03:04:05.000Z"]]],
    ["a time with a zone, in UTC", { createdAt: { lt: zoned } }, [["created_at", "lt:2026-01-02T03:04:05.000Z"]]],
    [
      "custom properties",
      { properties: { os_distro: "ubuntu", "a b": "eq:x" } },
      [
        ["os_distro", "ubuntu"],
        ["a b", "eq:x"]
      ]
    ],
    [
      "properties whose names begin with two underscores",
      { properties: { __imagetype: "gold", __os_type: "Linux", __own__: "x", _sa: "y" } },
      [
        ["__imagetype", "gold"],
        ["__os_type", "Linux"],
        ["__own__", "x"],
        ["_sa", "y"]
      ]
    ],
    [
      "properties whose names every object has",
      { properties: { constructor: "x", toString: "" } },
      [
        ["constructor", "x"],
        ["toString", ""]
      ]
    ],
    ["no sort", { sort: [] }, []],
    [
      "one sort key",
      { sort: [{ key: "name", direction: "asc" }] },
      [
        ["sort_key", "name"],
        ["sort_dir", "asc"]
      ]
    ],
    [
      "one sort key, newest first",
      { sort: [{ key: "createdAt" }] },
      [
        ["sort_key", "created_at"],
        ["sort_dir", "desc"]
      ]
    ],
    [
      "several sort keys as one parameter",
      {
        sort: [{ key: "diskFormat", direction: "asc" }, { key: "updatedAt" }, { key: "id", direction: "desc" }]
      },
      [["sort", "disk_format:asc,updated_at:desc,id:desc"]]
    ],
    ["the size of a page", { limit: 1 }, [["limit", "1"]]],
    ["where to begin", { marker: id }, [["marker", id]]],
    [
      "several conditions, in their order",
      { limit: 7, tags: ["x"], name: "n" },
      [
        ["limit", "7"],
        ["tag", "x"],
        ["name", "n"]
      ]
    ]
  ]

  it.each(table)("of %s is sent as Glance reads it", (_, query, expected) => {
    deepStrictEqual(params(query), expected)
  })

  it("names every sort key as the wire does", () => {
    const keys: { readonly [K in ImageQuery.SortKey]: string } = {
      name: "name",
      status: "status",
      containerFormat: "container_format",
      diskFormat: "disk_format",
      size: "size",
      id: "id",
      createdAt: "created_at",
      updatedAt: "updated_at"
    }
    for (const [key, wire] of Object.entries(keys)) {
      deepStrictEqual(params({ sort: [{ key: key as ImageQuery.SortKey }] })[0], ["sort_key", wire])
    }
  })
})

describe("a query that Glance would refuse or misread", () => {
  const table: ReadonlyArray<readonly [what: string, query: unknown, argument: string, reason: RegExp]> = [
    ["a limit of 0", { limit: 0 }, "query.limit", /whole number from 1, not 0/],
    ["a limit of -1", { limit: -1 }, "query.limit", /not -1/],
    ["a limit of 1.5", { limit: 1.5 }, "query.limit", /not 1.5/],
    ["a limit beyond counting", { limit: Number.POSITIVE_INFINITY }, "query.limit", /not Infinity/],
    ["a limit that is text", { limit: "5" }, "query.limit", /not "5"/],
    ["a limit that is null", { limit: null }, "query.limit", /not null/],
    ["an empty marker", { marker: "" }, "query.marker", /empty/],
    ["a marker with a slash", { marker: "a/b" }, "query.marker", /slash/],
    ["a property that ends in _max", { properties: { foo_max: "3" } }, 'query.properties["foo_max"]', /500/],
    ["a property that ends in _min", { properties: { foo_min: "3" } }, 'query.properties["foo_min"]', /500/],
    ["a property called _max", { properties: { _max: "3" } }, 'query.properties["_max"]', /500/],
    ["changes-since", { properties: { "changes-since": "x" } }, 'query.properties["changes-since"]', /something else/],
    ["a property called properties", { properties: { properties: "x" } }, 'query.properties["properties"]', /else/],
    ["a property called locations", { properties: { locations: "x" } }, 'query.properties["locations"]', /else/],
    ["a property called limit", { properties: { limit: "x" } }, 'query.properties["limit"]', /else/],
    ["a property called sort", { properties: { sort: "x" } }, 'query.properties["sort"]', /else/],
    ["a property called tag", { properties: { tag: "x" } }, 'query.properties["tag"]', /else/],
    ["a property called os_hidden", { properties: { os_hidden: "true" } }, 'query.properties["os_hidden"]', /else/],
    ["a property called mro", { properties: { mro: "x" } }, 'query.properties["mro"]', /else/],
    ["a property called __mro__", { properties: { __mro__: "x" } }, 'query.properties["__mro__"]', /else/],
    [
      "a property called _sa_registry",
      { properties: { _sa_registry: "x" } },
      'query.properties["_sa_registry"]',
      /else/
    ],
    ["a property called __class__", { properties: { __class__: "x" } }, 'query.properties["__class__"]', /else/],
    ["a property without a name", { properties: { "": "x" } }, 'query.properties[""]', /empty/],
    ["a property with a number", { properties: { a: 5 } }, 'query.properties["a"]', /must be a string, not number/],
    ["a property with four bytes", { properties: { a: "😀" } }, 'query.properties["a"]', /U\+FFFF/],
    ["properties that are null", { properties: null }, "query.properties", /must be an object, not null/],
    ["properties that are a Map", { properties: new Map([["a", "b"]]) }, "query.properties", /must be an object/],
    ["a quote among several", { name: ['say "hi"', "b"] }, "query.name[0]", /double quote/],
    ["an empty name among several", { name: ["a", ""] }, "query.name[1]", /empty/],
    ["a number among several", { status: ["a", 5] }, "query.status[1]", /must be a string, not number/],
    ["a list in a list", { name: [["a"]] }, "query.name[0]", /must be a string/],
    ["none of several", { id: [] }, "query.id", /at least one/],
    ["a name that is a number", { name: 5 }, "query.name", /a string or an array/],
    ["a name that is null", { name: null }, "query.name", /a string or an array/],
    ["a name with four bytes", { name: "😀" }, "query.name", /U\+FFFF/],
    ["a tag that begins with a space", { tags: ["a", " b"] }, "query.tags[1]", /white space/],
    ["a tag that begins with what is white space to Python", { tags: ["\u001cb"] }, "query.tags[0]", /white space/],
    ["a tag that ends in a tab", { tags: ["b\t"] }, "query.tags[0]", /white space/],
    ["an empty tag", { tags: [""] }, "query.tags[0]", /empty/],
    ["a tag that is a number", { tags: [5] }, "query.tags[0]", /must be a string/],
    ["tags that are one text", { tags: "a" }, "query.tags", /array/],
    ["an empty owner", { owner: "" }, "query.owner", /empty/],
    ["an empty visibility", { visibility: "" }, "query.visibility", /empty/],
    ["protection as text", { protected: "true" }, "query.protected", /true or false, not "true"/],
    ["hidden as a number", { osHidden: 1 }, "query.osHidden", /true or false, not 1/],
    ["a negative size", { size: -1 }, "query.size", /whole number/],
    ["a least size with a fraction", { size: { min: 0.5 } }, "query.size.min", /whole number/],
    ["a largest size as text", { size: { max: "5" } }, "query.size.max", /whole number/],
    ["a bound that nobody knows", { size: { minimum: 5 } }, "query.size", /not minimum/],
    ["a size that is null", { size: null }, "query.size", /whole number/],
    ["sizes in a list", { size: [1, 2] }, "query.size", /min and max/],
    ["two comparisons at once", { createdAt: { gt: at, lt: at } }, "query.createdAt", /one comparison/],
    ["no comparison", { createdAt: {} }, "query.createdAt", /one comparison/],
    ["a time that is null", { createdAt: null }, "query.createdAt", /one comparison/],
    ["a time without a comparison", { createdAt: at }, "query.createdAt", /compar/],
    ["a comparison that nobody knows", { updatedAt: { ne: at } }, "query.updatedAt", /not ne/],
    ["a time as text", { updatedAt: { gt: "2026-01-01" } }, "query.updatedAt", /DateTime/],
    ["a time as a Date", { updatedAt: { gt: new Date(0) } }, "query.updatedAt", /DateTime/],
    ["a sort key that nobody knows", { sort: [{ key: "owner" }] }, "query.sort[0].key", /one of name, status/],
    ["a sort key of every object", { sort: [{ key: "toString" }] }, "query.sort[0].key", /one of name, status/],
    [
      "a sort direction upwards",
      { sort: [{ key: "id", direction: "up" }] },
      "query.sort[0].direction",
      /one of asc, desc/
    ],
    ["a sort key as text", { sort: ["name"] }, "query.sort[0]", /must be an object/],
    ["a sort key that is null", { sort: [null] }, "query.sort[0]", /must be an object, not null/],
    ["a sort as text", { sort: "name:asc" }, "query.sort", /array/],
    ["a condition that nobody knows", { flavour: "sweet" }, "query.flavour", /not a condition/],
    ["a condition by its name on the wire", { disk_format: "raw" }, "query.disk_format", /not a condition/],
    ["a condition of every object", { toString: "x" }, "query.toString", /not a condition/],
    ["null for a query", null, "query", /must be an object, not null/],
    ["a text for a query", "name=x", "query", /must be an object/]
  ]

  it.each(table)("because of %s is refused by name", (_, query, argument, reason) => {
    const error = Either.getOrThrow(Either.flip(ImageQuery.toParams(query as ImageQuery.ImageQuery)))
    assert.strictEqual(error._tag, "InvalidArgument")
    assert.strictEqual(error.argument, argument)
    assert.match(error.reason, reason)
    assert.strictEqual(error.message, `${argument} ${error.reason}`)
  })

  const conditions = [
    "id",
    "name",
    "tags",
    "size",
    "createdAt",
    "properties",
    "sort",
    "limit",
    "marker",
    "visibility",
    "protected"
  ]

  it.prop("never throws, whatever it is", [FastCheck.anything({ withNullPrototype: true, withMap: true })], ([any]) => {
    ImageQuery.toParams(any as ImageQuery.ImageQuery)
    for (const condition of conditions) {
      ImageQuery.toParams({ [condition]: any })
      ImageQuery.toParams({ [condition]: [any] } as ImageQuery.ImageQuery)
      ImageQuery.toParams({ [condition]: { min: any, gt: any } } as ImageQuery.ImageQuery)
    }
  })
})

describe("a name of any kind", () => {
  /** What Glance 25 makes of a filter: the operator before the first colon, and of `in` the values that are quoted. */
  const read = (value: string): ReadonlyArray<string> => {
    const colon = value.indexOf(":")
    if (colon < 0) return [value]
    const [operator, rest] = [value.slice(0, colon), value.slice(colon + 1)]
    if (operator === "eq") return [rest]
    assert.strictEqual(operator, "in")
    return [...rest.matchAll(/"([^"]*)"(?:,|$)/g)].map(([, each]) => each as string)
  }
  const name = FastCheck.stringMatching(/^[a-z:,"\\ &=é%]{1,8}$/)

  it.prop("is found by itself", [name], ([name]) => {
    deepStrictEqual(
      params({ name }).map(([, value]) => read(value)),
      [[name]]
    )
  })

  const plain = FastCheck.array(
    name.filter((name) => !name.includes('"')),
    { minLength: 2, maxLength: 4 }
  )

  it.prop("is found among others", [plain], ([names]) => {
    deepStrictEqual(
      params({ name: names }).map(([, value]) => read(value)),
      [names]
    )
  })
})
