import { assert, describe, it } from "@effect/vitest"
import { Catalog } from "@effect-glance/http"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Linear from "../support/linear.js"

const catalog: Catalog.Catalog = [
  { service: "identity", region: "north", interface: "public", url: "https://keystone.test/v3" },
  { service: "image", region: "north", interface: "public", url: "https://north.test/image/" },
  { service: "image", region: "north", interface: "internal", url: "http://10.0.0.1:9292" },
  { service: "image", region: "south", interface: "public", url: "https://south.test/v2/1234" }
]

describe("a catalog", () => {
  it("gives the endpoint by service, region and interface", () => {
    const cases: ReadonlyArray<readonly [Catalog.Selection | undefined, string]> = [
      [undefined, "https://north.test/image"],
      [{}, "https://north.test/image"],
      [{ region: "south" }, "https://south.test/v2/1234"],
      [{ interface: "internal" }, "http://10.0.0.1:9292"],
      [{ region: "north", interface: "internal" }, "http://10.0.0.1:9292"]
    ]
    for (const [selection, url] of cases) {
      assert.deepStrictEqual(Catalog.endpoint(catalog, "image", selection), Either.right(url))
    }
  })

  it("that has no such endpoint says what it was asked for, and what it has", () => {
    const cases: ReadonlyArray<readonly [string, Catalog.Selection, string]> = [
      ["image", { region: "west" }, 'no public endpoint for service "image" in region "west"'],
      ["image", { interface: "admin" }, 'no admin endpoint for service "image" in any region'],
      [
        "image",
        { region: "south", interface: "internal" },
        'no internal endpoint for service "image" in region "south"'
      ],
      ["volume", {}, 'no public endpoint for service "volume" in any region']
    ]
    for (const [service, selection, sentence] of cases) {
      const error = Either.getOrThrow(Either.flip(Catalog.endpoint(catalog, service, selection)))
      assert.strictEqual(error._tag, "EndpointNotFound")
      assert.include(error.message, sentence)
      assert.deepStrictEqual(error.region, Option.fromNullable(selection.region))
      assert.deepStrictEqual(error.available, [
        "identity north public",
        "image north public",
        "image north internal",
        "image south public"
      ])
    }
    const nothing = Either.getOrThrow(Either.flip(Catalog.endpoint([], "image")))
    assert.include(nothing.message, "no endpoint at all")
  })

  it("gives an endpoint for every region if none names the region that is wanted", () => {
    const image = (region: string, url: string) => ({ service: "image", region, interface: "public", url })
    const everywhere = image("", "https://all.test")
    const star = image("*", "https://star.test")
    const north = image("north", "https://north.test")
    const cases: ReadonlyArray<readonly [Catalog.Catalog, string | undefined, string]> = [
      [[everywhere, north], "south", "https://all.test"],
      [[star, north], "south", "https://star.test"],
      [[everywhere, north], "north", "https://north.test"],
      [[everywhere, north], undefined, "https://all.test"],
      [[north, everywhere], undefined, "https://north.test"],
      [[north], "", "https://north.test"],
      [[north], "*", "https://north.test"]
    ]
    for (const [catalog, region, url] of cases) {
      assert.deepStrictEqual(Catalog.endpoint(catalog, "image", { region }), Either.right(url), JSON.stringify(region))
    }
  })

  it("that lacks an endpoint says so in a whole sentence, also of entries without a region, and of many", () => {
    const dns = { service: "dns", region: "", interface: "public", url: "https://dns.test" }
    const error = Either.getOrThrow(Either.flip(Catalog.endpoint([dns, { ...dns, region: "*" }], "image")))
    assert.deepStrictEqual(error.available, ["dns (every region) public", "dns (every region) public"])
    const many = Array.from({ length: 1000 }, (_, index) => ({
      ...dns,
      region: `r${index}\u001b[31m${"x".repeat(1000)}`
    }))
    const { available } = Either.getOrThrow(Either.flip(Catalog.endpoint(many, "image")))
    assert.lengthOf(available, 41)
    assert.strictEqual(available.at(-1), "960 more")
    assert.isBelow(available.join().length, 5000)
    assert.notInclude(available.join(), "\u001b")
  })

  it("tells regions apart by case, as Keystone does", () => {
    assert.isTrue(Either.isLeft(Catalog.endpoint(catalog, "image", { region: "North" })))
  })
})

describe("the versioned root", () => {
  const cases: ReadonlyArray<readonly [string, string, string]> = [
    ["an unversioned endpoint", "http://glance.test:9292", "http://glance.test:9292/v2"],
    ["slashes at its end", "http://glance.test:9292//", "http://glance.test:9292/v2"],
    ["a version", "http://glance.test:9292/v2", "http://glance.test:9292/v2"],
    ["a version and a slash", "http://glance.test:9292/v2/", "http://glance.test:9292/v2"],
    ["a minor version", "http://glance.test:9292/v2.9/", "http://glance.test:9292/v2.9"],
    ["a minor version of two digits", "http://glance.test:9292/v2.16", "http://glance.test:9292/v2.16"],
    ["a prefix", "https://cloud.test/image", "https://cloud.test/image/v2"],
    ["a prefix and a version", "https://cloud.test/image/v2/", "https://cloud.test/image/v2"],
    ["a project after the version", "https://iad.test/v2/123456", "https://iad.test/v2/123456"],
    ["prefix, version and project", "https://cloud.test/a/b/v2.0/123456/", "https://cloud.test/a/b/v2.0/123456"],
    ["an address of IPv6", "http://[2001:db8::1]:9292", "http://[2001:db8::1]:9292/v2"],
    ["an address of IPv6 with a version", "http://[::1]/v2/", "http://[::1]/v2"],
    ["a query", "https://cloud.test/image/?region=north", "https://cloud.test/image/v2"],
    ["a query and a version", "https://cloud.test/image/v2/?v=/v1#top", "https://cloud.test/image/v2"],
    ["a host that is called like a version", "http://v2", "http://v2/v2"],
    ["a host whose name begins like a version", "http://v2.test/", "http://v2.test/v2"],
    ["a user that is called like a version", "http://v2@glance.test/", "http://v2@glance.test/v2"],
    ["version 1", "http://glance.test:9292/v1", "http://glance.test:9292/v2"],
    ["version 1 and a slash", "http://glance.test:9292/v1/", "http://glance.test:9292/v2"],
    ["version 1.1", "http://glance.test:9292/v1.1", "http://glance.test:9292/v2"],
    ["version 3", "http://glance.test:9292/v3//", "http://glance.test:9292/v2"],
    ["a prefix and version 1", "https://cloud.test/image/v1/", "https://cloud.test/image/v2"],
    ["version 1 before a project", "https://iad.test/v1/123456", "https://iad.test/v2/123456"],
    ["version 1.1 before a project", "https://iad.test/v1.1/0f3d5c", "https://iad.test/v2/0f3d5c"],
    ["a version 1 that is a gateway's", "https://cloud.test/api/v1/image", "https://cloud.test/api/v1/image/v2"],
    ["a version 1 before version 2", "https://cloud.test/v1/v2.3", "https://cloud.test/v1/v2.3"],
    ["a host that is called like version 1", "http://v1/", "http://v1/v2"],
    ["a segment that only begins like a version", "https://cloud.test/v2beta", "https://cloud.test/v2beta/v2"],
    ["a segment that only ends like a version", "https://cloud.test/glance-v2", "https://cloud.test/glance-v2/v2"]
  ]
  for (const [what, url, root] of cases) {
    it(`of ${what}`, () => assert.strictEqual(Catalog.imageRoot(url), root))
  }
})

describe("the root above the versions", () => {
  const cases: ReadonlyArray<readonly [string, string, string]> = [
    ["an unversioned endpoint", "http://glance.test:9292/", "http://glance.test:9292"],
    ["a version", "http://glance.test:9292/v2/", "http://glance.test:9292"],
    ["a prefix and a minor version", "https://cloud.test/image/v2.16", "https://cloud.test/image"],
    ["a project after the version", "https://iad.test/v2/123456", "https://iad.test"],
    ["version 1", "http://glance.test:9292/v1/", "http://glance.test:9292"],
    ["version 1.1 before a project", "https://iad.test/image/v1.1/123456", "https://iad.test/image"],
    ["a host that is called like a version", "http://v2", "http://v2"],
    ["a segment that only begins like a version", "https://cloud.test/v2beta", "https://cloud.test/v2beta"]
  ]
  for (const [what, url, root] of cases) {
    it(`of ${what}`, () => assert.strictEqual(Catalog.unversionedRoot(url), root))
  }
})

describe("a hostile URL in a catalog takes linear time", () => {
  const read = (url: string) => [
    Catalog.imageRoot(url),
    Catalog.unversionedRoot(url),
    Catalog.endpoint([{ service: "image", region: "", interface: "public", url }], "image", { region: "north" })
  ]
  for (const part of ["/", "/v1", "/v1/", "/v2.1", "/v1.1/a1", "?", "#", "[", "\\", " ", "@", ":", "9", "/v", "%"]) {
    it(`of ${JSON.stringify(part)}`, () =>
      Linear.assertGrowth(part, (length) => read(`https://glance.test${part.repeat(length / part.length)}x`)))
  }
})
