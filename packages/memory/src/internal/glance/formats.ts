/** How the formats of disks are recognized by their first bytes, as oslo.utils does since Glance 30.0. */

export const hasText = (head: Uint8Array, at: number, wanted: string): boolean =>
  [...wanted].every((char, i) => head[at + i] === char.charCodeAt(0))

const byte = (head: Uint8Array, at: number, ...wanted: ReadonlyArray<number>): boolean =>
  wanted.every((value, i) => head[at + i] === value)

const sector = 512
const isoDescriptor = 32 * 1024

/** How many bytes the formats are recognized by. */
export const headLength = isoDescriptor + 2048

const marks: { readonly [format: string]: (head: Uint8Array, size: number) => boolean } = {
  qcow2: (head, size) => size >= sector && hasText(head, 0, "QFI\xfb"),
  qed: (head, size) => size >= sector && hasText(head, 0, "QED\0"),
  vhd: (head) => hasText(head, 0, "conectix"),
  vhdx: (head) => hasText(head, 0, "vhdxfile"),
  vmdk: (head) => hasText(head, 0, "KDMV"),
  vdi: (head, size) => size >= sector && byte(head, 0x40, 0x7f, 0x10, 0xda, 0xbe),
  iso: (head, size) =>
    size >= headLength && ["CD001", "NSR02", "NSR03"].some((mark) => hasText(head, isoDescriptor + 1, mark)),
  gpt: (head, size) => size >= sector && byte(head, 510, 0x55, 0xaa) && !isFat(head),
  luks: (head) => hasText(head, 0, "LUKS\xba\xbe")
}

/** The first sector of a FAT file system ends like a partition table. */
const isFat = (head: Uint8Array): boolean => head[0x10] === 2 && head[0x15] === 0xf8

/** The formats that the first bytes are of; none if they have no mark. */
export const formatsOf = (head: Uint8Array, size: number): ReadonlyArray<string> =>
  Object.keys(marks).filter((format) => marks[format]?.(head, size) === true)
