import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import { Secrets } from "@effect-glance/core"
import * as FastCheck from "effect/FastCheck"
import * as Linear from "../support/linear.js"

const urls: ReadonlyArray<readonly [url: string, shown: string]> = [
  ["https://glance.test/v2/images?name=a%40b", "https://glance.test/v2/images?name=a%40b"],
  ["/images?limit=5&marker=x", "/images?limit=5&marker=x"],
  ["https://alice:s3cret@host:5000/v3", "https://<redacted>@host:5000/v3"],
  ["https://alice@host/", "https://<redacted>@host/"],
  ["https://alice:a@b@host/", "https://<redacted>@host/"],
  ["https://alice:12/34@host/", "https://<redacted>@host/"],
  ["https://alice:12?34@host/", "https://<redacted>@host/"],
  ["swift+https://acc%3Auser:key@host/v1/c/o", "swift+https://<redacted>@host/v1/c/o"],
  ["https://alice:se/cret@host/", Secrets.unreadableUrl],
  ["http://alice:secret@[no", Secrets.unreadableUrl],
  ["alice:secret@host", Secrets.unreadableUrl],
  ["//alice:secret@host/", Secrets.unreadableUrl],
  [
    "https://h/c/o?temp_url_sig=ab&temp_url_expires=1&filename=x",
    "https://h/c/o?temp_url_sig=<redacted>&temp_url_expires=1&filename=x"
  ],
  [
    "https://b.test/o?X-Amz-Signature=1&X-Amz-Credential=AK%2F2&X-Amz-Security-Token=3&X-Amz-Date=4",
    "https://b.test/o?X-Amz-Signature=<redacted>&X-Amz-Credential=<redacted>&X-Amz-Security-Token=<redacted>&X-Amz-Date=4"
  ],
  ["https://h/x?sv=1&sig=a%2Bb#access_token=c", "https://h/x?sv=1&sig=<redacted>#access_token=<redacted>"],
  ["https://h/x?api_key=a&password=b&token=c", "https://h/x?api_key=<redacted>&password=<redacted>&token=<redacted>"]
]

const token = "gAAAAABk-0123456789_abcdefghijklmnop=="

const texts: ReadonlyArray<readonly [text: string, shown: string]> = [
  ["Image 7 failed: no space left on device", "Image 7 failed: no space left on device"],
  ["cannot fetch http://u:pw@h/x?sig=1&v=2, gave up", "cannot fetch http://<redacted>@h/x?sig=<redacted>&v=2, gave up"],
  [String.raw`{"uri": "http:\/\/u:pw@h\/x"}`, String.raw`{"uri": "http:\/\/<redacted>@h\/x"}`],
  [`X-Auth-Token: abc\nHost: h`, `X-Auth-Token: <redacted>\nHost: h`],
  [`'Authorization': 'Basic YWxpY2U6cHc='`, `'Authorization': '<redacted>'`],
  [`{"password": "a\\"b", "name": "c"}`, `{"password": "<redacted>", "name": "c"}`],
  [String.raw`"{\"secret\": \"a\\\"b\", \"x\": 1}"`, String.raw`"{\"secret\": \"<redacted>\", \"x\": 1}"`],
  [`{'api_key': u'abc', 'passcode': 123456}`, `{'api_key': u'<redacted>', 'passcode': <redacted>}`],
  [`{"token": null}`, `{"token": null}`],
  [`the token ${token} is not valid`, "the token <redacted> is not valid"],
  ["Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "Bearer <redacted>"]
]

/** The ways in which servers quote a part of a request. */
const quotings: { readonly [way: string]: (secret: string) => string } = {
  "as it is": (secret) => secret,
  "as JSON": (secret) => JSON.stringify(secret),
  "as JSON in JSON": (secret) => JSON.stringify(JSON.stringify(secret)),
  "as ASCII JSON": (secret) =>
    JSON.stringify(secret).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
  "as a part of a URL": encodeURIComponent,
  "as HTML": (secret) =>
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}

describe("Secrets", () => {
  for (const [url, shown] of urls) {
    it(`shows the URL ${url} as ${shown}`, () => {
      assert.strictEqual(Secrets.url(url), shown)
    })
  }

  for (const [text, shown] of texts) {
    it(`shows the text ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
      assert.strictEqual(Secrets.redact(text), shown)
    })
  }

  for (const [way, quote] of Object.entries(quotings)) {
    it(`masks any secret that is repeated ${way}`, () => {
      FastCheck.assert(
        FastCheck.property(FastCheck.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), (rest) => {
          const secret = `pa55${rest}w0rd`
          const shown = Secrets.redact(`the password ${quote(secret)} is wrong`, [secret])
          assert.notMatch(shown, /pa55|w0rd/)
          assert.match(shown, /^the password .*<redacted>.* is wrong$/s)
        })
      )
    })
  }

  it("masks the beginning of a long token that a server repeats in part", () => {
    assert.strictEqual(
      Secrets.redact("token abcdefghijklmnopqrst...", ["abcdefghijklmnopqrstuvwxyz"]),
      "token <redacted>..."
    )
  })

  it("withholds a text that repeats a secret of three characters", () => {
    assert.strictEqual(Secrets.redact("the password abc is wrong", ["abc"]), Secrets.withheld)
  })

  it("finds the secrets of a request in its headers, its URL and its body", () => {
    const request = HttpClientRequest.put("https://bob:p%40ss@h/x?sig=5ig0", {
      headers: { "x-auth-token": " t0ken ", authorization: `Basic ${btoa("carol:hunter2")}` }
    }).pipe(
      HttpClientRequest.bodyUnsafeJson([
        { method: { uri: "ftp://dave:d4ve@h/" } },
        { path: "/a_secret", value: "va1ue" }
      ])
    )
    assert.includeMembers(
      [...Secrets.ofRequest(request)],
      ["t0ken", "hunter2", "carol:hunter2", "p@ss", "p%40ss", "5ig0", "d4ve", "va1ue"]
    )
  })

  it("shows a request without its body and its secrets", () => {
    const request = HttpClientRequest.put("https://bob:p%40ss@h/x?sig=5ig0", {
      headers: { "X-Auth-Token": "t0ken", accept: "*/*" },
      urlParams: { token: "t0ken", limit: "1", from: "http://bob:p%40ss@h/" },
      hash: "access_token=t0ken"
    }).pipe(HttpClientRequest.bodyText("t0ken"))
    const shown = JSON.stringify(Secrets.request(request))
    assert.notMatch(shown, /t0ken|p%40ss|5ig0|bob/)
    assert.include(shown, "https://<redacted>@h/x?sig=<redacted>")
    assert.include(shown, "*/*")
  })

  it("takes time in proportion to the length of the text", async () => {
    await Linear.assertLinear("redact", (text) => Secrets.redact(text, ["aaaaaaaaaaaaaaaaaaaab", "a\\b"]))
    await Linear.assertLinear("url", Secrets.url)
  }, 60_000)
})
