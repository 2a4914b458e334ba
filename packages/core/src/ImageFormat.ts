/**
 * What the first bytes of a disk tell about its format.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"

/**
 * How many bytes {@link detect} wants to see: the mark of an ISO 9660 image stands after 16 sectors.
 *
 * @since 0.1.0
 * @category constants
 */
export const headSize = 0x8006

interface Mark {
  readonly format: string
  readonly at: number
  readonly bytes: ReadonlyArray<number>
}

const ascii = (text: string): ReadonlyArray<number> => Array.from(text, (character) => character.charCodeAt(0))

/** In this order: an ISO image may have a boot sector as well. */
const marks: ReadonlyArray<Mark> = [
  { format: "qcow2", at: 0, bytes: [...ascii("QFI"), 0xfb] },
  { format: "vhdx", at: 0, bytes: ascii("vhdxfile") },
  { format: "vhd", at: 0, bytes: ascii("conectix") },
  { format: "vmdk", at: 0, bytes: ascii("KDMV") },
  { format: "vmdk", at: 0, bytes: ascii("COWD") },
  { format: "vmdk", at: 0, bytes: ascii("# Disk DescriptorFile") },
  { format: "vdi", at: 0x40, bytes: [0x7f, 0x10, 0xda, 0xbe] },
  { format: "luks", at: 0, bytes: [...ascii("LUKS"), 0xba, 0xbe] },
  { format: "iso", at: 0x8001, bytes: ascii("CD001") },
  { format: "gpt", at: 0x200, bytes: ascii("EFI PART") },
  { format: "gpt", at: 0x1fe, bytes: [0x55, 0xaa] }
]

const bears = (head: Uint8Array, { at, bytes }: Mark): boolean =>
  bytes.every((byte, index) => head[at + index] === byte)

/**
 * The format whose mark the first bytes bear, and `raw` where they bear none. A boot record counts as `gpt`, as it does
 * to Glance.
 *
 * @since 0.1.0
 * @category getters
 */
export const detect = (head: Uint8Array): string => marks.find((mark) => bears(head, mark))?.format ?? "raw"

/**
 * What bytes of a format may begin like. A VHD of fixed size has its mark at the end, and a raw disk has a boot record.
 */
const mayBeginAs: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ["raw", ["raw", "gpt"]],
  ["gpt", ["gpt"]],
  ["vhd", ["vhd", "raw", "gpt"]],
  ["qcow2", ["qcow2"]],
  ["vhdx", ["vhdx"]],
  ["vmdk", ["vmdk"]],
  ["vdi", ["vdi"]],
  ["luks", ["luks"]],
  ["iso", ["iso"]]
])

/**
 * What the first bytes are instead, when they cannot be of this format. Formats without a mark are never contradicted,
 * nor is anything in a container other than `bare`.
 *
 * @since 0.1.0
 * @category getters
 */
export const contradiction = (
  head: Uint8Array,
  diskFormat: Option.Option<string>,
  containerFormat: Option.Option<string>
): Option.Option<string> => {
  if (!Option.contains(containerFormat, "bare") || Option.isNone(diskFormat)) return Option.none()
  const allowed = mayBeginAs.get(diskFormat.value)
  const found = detect(head)
  return allowed === undefined || allowed.includes(found) ? Option.none() : Option.some(found)
}
