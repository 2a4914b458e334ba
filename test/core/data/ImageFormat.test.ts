import { assert, describe, it } from "@effect/vitest"
import { ImageFormat } from "@effect-glance/core"
import * as Option from "effect/Option"

const marked = (at: number, ...bytes: ReadonlyArray<number>): Uint8Array => {
  const head = new Uint8Array(ImageFormat.headSize)
  head.set(bytes, at)
  return head
}

const text = (at: number, mark: string) => marked(at, ...new TextEncoder().encode(mark))

const heads: Record<string, Uint8Array> = {
  qcow2: marked(0, 0x51, 0x46, 0x49, 0xfb),
  vmdk: text(0, "KDMV"),
  vhd: text(0, "conectix"),
  vhdx: text(0, "vhdxfile"),
  vdi: marked(0x40, 0x7f, 0x10, 0xda, 0xbe),
  iso: text(0x8001, "CD001"),
  luks: marked(0, 0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe),
  gpt: marked(510, 0x55, 0xaa),
  raw: new Uint8Array(ImageFormat.headSize)
}

const contradicted = (format: string, head: Uint8Array, container = "bare") =>
  ImageFormat.contradiction(head, Option.some(format), Option.some(container))

describe("a disk format", () => {
  it("is known by its mark", () => {
    for (const [format, head] of Object.entries(heads)) assert.strictEqual(ImageFormat.detect(head), format)
  })

  it("is contradicted by the marks of others, but a raw disk by no boot record and a VHD by no missing mark", () => {
    const agrees = new Set(["raw gpt", "vhd raw", "vhd gpt"])
    for (const declared of Object.keys(heads)) {
      for (const [found, head] of Object.entries(heads)) {
        const fits = declared === found || agrees.has(`${declared} ${found}`)
        assert.deepStrictEqual(
          contradicted(declared, head),
          fits ? Option.none() : Option.some(found),
          `${declared} of ${found}`
        )
      }
    }
  })

  it("that has no mark, and a container, are contradicted by nothing", () => {
    for (const head of Object.values(heads)) {
      assert.isTrue(Option.isNone(contradicted("ploop", head)))
      assert.isTrue(Option.isNone(contradicted("raw", head, "ovf")))
    }
  })

  it("of data that are shorter than a mark is raw", () => {
    assert.strictEqual(ImageFormat.detect(Uint8Array.of(0x51, 0x46)), "raw")
  })
})
