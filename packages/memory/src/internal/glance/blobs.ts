import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { hasText, headLength } from "./formats.js"
import type { Blob, FetchUri } from "./options.js"
import { hashingAlgorithm, type Received, type State } from "./state.js"

/** What the size of a disk is read from. */
const headerLength = 512

/** More bytes came than may be kept. */
export class Overflow {
  readonly _tag = "Overflow"
  constructor(readonly limit: "image" | "store" | "quota") {}
}

/** The client, or the server that is read from, went away. */
class Cut {
  readonly _tag = "Cut"
}

/** Bytes. @default none */
export interface ReceiveLimits {
  readonly image?: number
  readonly store?: number
  readonly quota?: number
}

/** Takes bytes as they come, and hashes them on the way. Nothing is asked for before the last piece is dealt with. */
export const receive = (
  state: State,
  body: Stream.Stream<Uint8Array, unknown>,
  limits: ReceiveLimits = {}
): Effect.Effect<Received, Overflow | Cut> =>
  Effect.suspend(() => {
    const md5 = state.options.hasher.create("md5")
    const hash = state.options.hasher.create(hashingAlgorithm(state))
    const keep = state.options.bytes !== "hash"
    const chunks: Array<Uint8Array> = []
    const head = new Uint8Array(headLength)
    let size = 0
    const take = (bytes: Uint8Array): Effect.Effect<void, Overflow> => {
      if (size < headLength) head.set(bytes.subarray(0, headLength - size), size)
      size += bytes.length
      for (const limit of ["image", "quota", "store"] as const) {
        if (size > (limits[limit] ?? Number.POSITIVE_INFINITY)) return Effect.fail(new Overflow(limit))
      }
      md5.update(bytes)
      hash.update(bytes)
      // The sender may use its buffer again.
      if (keep) chunks.push(bytes.slice())
      return Effect.void
    }
    return body.pipe(
      Stream.mapError(() => new Cut()),
      Stream.runForEach(take),
      Effect.map(() => ({
        blob: { size, chunks: keep ? chunks : undefined },
        md5: md5.digest(),
        hash: hash.digest(),
        head: head.subarray(0, Math.min(size, headLength))
      }))
    )
  })

/** What only a memory cloud says: a real service reads the web. */
export const readsNoWeb =
  "This memory cloud reads nothing from the web: start it with --allow-fetch, or give MemoryCloud.make a fetchUri"

/** What the URI names, as far as the cloud's options let it read the web. */
export const fetchUri = ({ options }: State, uri: string): ReturnType<FetchUri> =>
  options.fetchUri?.(uri) ?? Effect.fail({ message: readsNoWeb })

const pieceLength = 65_536

/** The bytes from `start` up to `end`; what was only counted reads as zeroes. */
export const read = (blob: Blob, start: number, end: number): Stream.Stream<Uint8Array> => {
  if (start >= end) return Stream.empty
  const { chunks } = blob
  if (chunks === undefined) {
    return Stream.unfold(end - start, (left) =>
      left > 0 ? Option.some([new Uint8Array(Math.min(left, pieceLength)), left - pieceLength]) : Option.none()
    )
  }
  return Stream.fromIterable(slices(chunks, start, end))
}

function* slices(chunks: ReadonlyArray<Uint8Array>, start: number, end: number): Generator<Uint8Array> {
  let offset = 0
  for (const chunk of chunks) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(end - offset, chunk.length)
    if (from < to) yield chunk.slice(from, to)
    offset += chunk.length
    if (offset >= end) return
  }
}

const integer = (head: Uint8Array, at: number, isLittleEndian = false): number =>
  Number(new DataView(head.buffer, head.byteOffset).getBigUint64(at, isLittleEndian))

/** The size of the disk in an image, from its first bytes. The service also finds that of vhdx and vmdk files. */
export const virtualSize = (
  diskFormat: string | null,
  containerFormat: string | null,
  size: number,
  head: Uint8Array
): number | null => {
  if (containerFormat !== "bare") return null
  if (diskFormat === "raw") return size === 0 ? null : size
  if (head.length < headerLength) return null
  const found =
    diskFormat === "qcow2" && hasText(head, 0, "QFI\xfb")
      ? integer(head, 24)
      : diskFormat === "vhd" && hasText(head, 0, "conectix")
        ? integer(head, 40)
        : diskFormat === "vdi" && integer(head, 0x40, true) % 2 ** 32 === 0xbeda107f
          ? integer(head, 0x170, true)
          : diskFormat === "qed" && hasText(head, 0, "QED\0")
            ? size
            : 0
  return found === 0 ? null : found
}
