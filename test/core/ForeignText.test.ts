import { assert, describe, it } from "@effect/vitest"
import { ForeignText } from "@effect-glance/core"
import * as FastCheck from "effect/FastCheck"
import * as Linear from "../support/linear.js"

/** A foreign text and what is shown of it. */
const cases: ReadonlyArray<readonly [text: string, shown: string]> = [
  ["no image found", "no image found"],
  ["é 中 🙂 👩‍🚀", "é 中 🙂 👩‍🚀"],
  ["two  spaces", "two  spaces"],
  ["first\r\n\tsecond  \n third", "first second third"],
  ["\u001b[1;31mred\u001b[0m", "red"],
  ["\u009b31mred", "red"],
  ["\u001b]0;a title\u0007after", "after"],
  ["\u001b]8;;http://x/\u001b\\link\u001b]8;;\u001b\\", "link"],
  ["\u001bP1$r\u009cafter", "after"],
  ["\u001b]a string that does not end", "a string that does not end"],
  ["\u001b(Bafter", "after"],
  ["\u0000a\u0008b\u007fc\u0081d", "abcd"],
  ["a\u202egnp.exe\u2066\u2069", "agnp.exe"],
  ["a\u200b\ufeff\u00adb\udb40\udc41c", "abc"],
  ["half \ud800 of", "half \ufffd of"],
  ["https://alice:s3cret@host/", "https://<redacted>@host/"]
]

describe("ForeignText.show", () => {
  for (const [text, shown] of cases) {
    it(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
      assert.strictEqual(ForeignText.show(text), shown)
    })
  }

  it("cuts a long text between characters, and says so", () => {
    assert.strictEqual(ForeignText.show("🙂".repeat(10), { maxLength: 5 }), "🙂🙂 …")
    assert.strictEqual(ForeignText.show("a".repeat(5_000_000)), `${"a".repeat(ForeignText.maxLength)} …`)
  })

  it("shows of any text no control character and at most the wanted length", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary", maxLength: 200 }), FastCheck.nat(50), (text, most) => {
        const shown = ForeignText.show(text, { maxLength: most + 2 })
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        assert.notMatch(shown, /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/)
        assert.isAtMost(shown.length, most + 4)
        assert.strictEqual(ForeignText.show(shown, { maxLength: 1000 }), shown)
      })
    )
  })

  it("takes time in proportion to the length of the text", async () => {
    await Linear.assertLinear("strip", ForeignText.strip)
    await Linear.assertLinear("show", (text) => ForeignText.show(text, { secrets: ["a secret"] }))
  }, 60_000)
})
