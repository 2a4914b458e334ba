import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import { ImageSource } from "@effect-glance/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Opens a source over a web that answers every request the same. */
const open = (url: string, response: () => Response) => {
  const asked: Array<string> = []
  const client = HttpClient.make((request, url) => {
    asked.push(url.href)
    return Effect.succeed(HttpClientResponse.fromWeb(request, response()))
  })
  const opened = Effect.either(ImageSource.url(url).open).pipe(Effect.provideService(HttpClient.HttpClient, client))
  return Effect.map(opened, (result) => ({ result, asked }))
}

const to = (location: string) => () => new Response(null, { status: 302, headers: { location } })

describe("ImageSource.url", () => {
  for (const location of ["http://[::bad", "file:///etc/passwd", "ftp://host/x", "data:,x", "http://", "//"]) {
    it.effect(`fails with a ResponseError after a redirect to ${location}`, () =>
      Effect.gen(function* () {
        const { asked, result } = yield* open("http://web.example/disk", to(location))
        assert.strictEqual(result._tag === "Left" ? result.left._tag : result._tag, "ResponseError")
        assert.lengthOf(asked, 1)
      })
    )
  }

  it.effect("follows five redirects and no more", () =>
    Effect.gen(function* () {
      const { asked, result } = yield* open("http://web.example/disk", to("../next"))
      assert.strictEqual(result._tag === "Left" ? result.left._tag : result._tag, "ResponseError")
      assert.strictEqual(asked.length, 6)
      assert.strictEqual(asked[5], "http://web.example/next")
    })
  )

  for (const url of ["http://[::bad", "file:///etc/passwd", "disk", "", "javascript:0"]) {
    it.effect(`fails with a RequestError, and sends nothing, for the address ${JSON.stringify(url)}`, () =>
      Effect.gen(function* () {
        const { asked, result } = yield* open(url, () => new Response("x"))
        assert.strictEqual(result._tag === "Left" ? result.left._tag : result._tag, "RequestError")
        assert.lengthOf(asked, 0)
      })
    )
  }

  it.effect("refuses a response in a Content-Encoding by its name", () =>
    Effect.gen(function* () {
      const { result } = yield* open(
        "http://web.example/disk",
        () => new Response("x", { headers: { "content-encoding": "gzip" } })
      )
      if (result._tag === "Right") return assert.fail("an encoded source was opened")
      assert.match(result.left.message, /Content-Encoding gzip/)
    })
  )

  it.effect("takes a Content-Length for the size only if it is a whole number", () =>
    Effect.gen(function* () {
      for (const [length, size] of [
        ["3", Option.some(3)],
        ["1e3", Option.none()],
        ["-1", Option.none()],
        ["99999999999999999999", Option.none()],
        ["x", Option.none()]
      ] as const) {
        const { result } = yield* open(
          "http://web.example/disk",
          () => new Response("abc", { headers: { "content-length": length } })
        )
        if (result._tag === "Left") return assert.fail(String(result.left))
        assert.deepStrictEqual(result.right.size, size)
      }
    })
  )
})
