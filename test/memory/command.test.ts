import { parseArgs } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as command from "../../packages/node/src/internal/command.js"

const values = (args: ReadonlyArray<string>) => parseArgs({ args: [...args], options: command.flags }).values
const options = (...args: ReadonlyArray<string>) =>
  command.cloudOptions(values(args), (path) => new TextEncoder().encode(`bytes of ${path}`))

/** The part of an object that is not undefined. */
const given = (object: object | undefined) =>
  Object.fromEntries(Object.entries(object ?? {}).filter(([, value]) => value !== undefined))

describe("the flags of glance-memory", () => {
  it("the usage names every flag", () => {
    for (const name of Object.keys(command.flags)) assert.include(command.usage, `--${name}`)
  })

  it("a user, a project and an image take all that a cloud takes of them", () => {
    const cloud = options(
      ...["--project", "p,id=1,domain=D,description=a\\, b,disabled"],
      ...["--user", "u,password=x=y,key=k,roles=p:member+reader;q:admin,system-roles=admin,default=p,domain=D"],
      ...["--image", "i,owner=p,file=/disk,properties=url:http://x;os:linux,tags=a+b,members=q:accepted,protected"],
      ...["--image", "j,owner=p,size=7,created=2026-01-31T12:00:00Z"]
    )
    assert.deepStrictEqual(given(cloud.projects?.[0] as object), {
      name: "p",
      id: "1",
      domain: "D",
      description: "a, b",
      enabled: false
    })
    assert.deepStrictEqual(given(cloud.users?.[0]), {
      name: "u",
      password: "x=y",
      apiKey: "k",
      domain: "D",
      roles: { p: ["member", "reader"], q: ["admin"] },
      systemRoles: ["admin"],
      defaultProject: "p",
      enabled: true
    })
    const [first, second] = cloud.images ?? []
    assert.deepInclude(first, {
      name: "i",
      owner: "p",
      data: new TextEncoder().encode("bytes of /disk"),
      properties: { url: "http://x", os: "linux" },
      tags: ["a", "b"],
      members: { q: "accepted" },
      protected: true
    })
    assert.deepInclude(second, { size: 7, createdAt: Date.UTC(2026, 0, 31, 12) })
  })

  it("the hashing algorithm is read, and an unknown one is refused with those that are known", () => {
    assert.strictEqual(options("--hashing-algorithm", "sha3_512").hashingAlgorithm, "sha3_512")
    assert.throws(() => options("--hashing-algorithm", "crc32"), /expected one of md5, .*blake2b/)
  })

  it("times, numbers, quotas, stores and switches are read", () => {
    const cloud = options(
      ...[
        "--import-duration",
        "5m",
        "--import-delay",
        "10 seconds",
        "--cache-duration",
        "1500ms",
        "--token-lifetime",
        "90"
      ],
      ...["--quota", "tags=3", "--quota", "imageSize=100", "--page-size", "2", "--no-cache", "--single-store"],
      ...["--store", "ceph,capacity=10,type=file", "--container", "p:box", "--container", "p:other", "--show-locations"]
    )
    assert.deepStrictEqual(
      [cloud.importDuration, cloud.importDelay, cloud.cacheDuration, cloud.tokenLifetime].map((time) =>
        Duration.toMillis(time ?? 0)
      ),
      [300_000, 10_000, 1500, 90_000]
    )
    assert.deepStrictEqual(cloud.quotas, { tags: 3, imageSize: 100 })
    assert.deepStrictEqual(given(cloud.stores?.[0]), { id: "ceph", type: "file", capacity: 10 })
    assert.deepStrictEqual({ ...cloud.containers }, { p: ["box", "other"] })
    assert.deepInclude(cloud, { pageSize: 2, cache: false, multiStore: false, showMultipleLocations: true })
  })

  it("what is wrong with a flag is said with its name and value", () => {
    for (const [args, message] of [
      [["--import-delay", "soon"], '--import-delay soon: expected a time such as "10 seconds" or 10s'],
      [["--page-size", "-1"], "--page-size -1: expected a number that is not negative"],
      [["--quota", "x=1"], "--quota x: expected one of members, properties, tags, locations, imageSize, storage"],
      [["--image", "i"], "--image i: expected an owner=PROJECT"],
      [["--image", "i,owner=p,visibility=odd"], "--image odd: expected one of public, private, shared, community"],
      [
        ["--store", "s,kind=http"],
        "--store s,kind=http: expected one of type, description, weight, capacity instead of kind"
      ],
      [["--container", "box"], "--container box: expected PROJECT:NAME"],
      [["--user", "u,roles=p"], "--user p: expected KEY:VALUE"]
    ] as const) {
      const [flag, value] = args
      assert.throws(() => options(`${flag}=${value}`), message)
    }
    assert.throws(() => command.fetchOptions(values(["--fetch-bytes", "1"])), "need --allow-fetch")
    assert.isUndefined(command.fetchOptions(values([])))
  })
})
