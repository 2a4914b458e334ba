/** The content of a release: the hash that the cloud will have for it, and the ids that follow from it. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Hasher from "../../Hasher.js"
import * as Image from "../../Image.js"
import type * as ImageData from "../../ImageData.js"
import type * as ImageSource from "../../ImageSource.js"
import * as Check from "../check.js"
import * as Transfer from "../transfer/transfer.js"
import * as Verification from "../transfer/verification.js"

const digest = <E, R>(
  hasher: Hasher.Service,
  stream: Stream.Stream<Uint8Array, E, R>,
  algorithms: ReadonlyArray<string>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const hash = yield* hasher.start(algorithms)
      yield* Stream.runForEach(stream, (bytes) => Transfer.hashed(hash, [bytes]))
      return yield* hash.digest
    })
  )

/** Returns the hash of the source by the cloud's algorithm. Reads the source unless the caller gave that hash. */
export const hashOf = <E, R>(
  hasher: Hasher.Service,
  source: ImageSource.ImageSource<E, R>,
  algorithm: string,
  given: ImageData.ExpectedHash | undefined
) =>
  Effect.gen(function* () {
    const known =
      given === undefined
        ? undefined
        : { ...given, algorithm: yield* Verification.algorithmOf(hasher, "options.hash.algorithm", given.algorithm) }
    if (known !== undefined) {
      yield* Check.check("options.hash.value", known.value, Check.nonEmpty)
      if (known.algorithm === algorithm) return known.value.toLowerCase()
    }
    yield* Check.check("source", source.replayable, (replayable) =>
      replayable ? undefined : `must be replayable, or its ${algorithm} be given: it is read before it is sent`
    )
    const { stream } = yield* source.open
    const hashes = yield* digest(hasher, stream, [...new Set([algorithm, known?.algorithm ?? algorithm])])
    if (known !== undefined) {
      yield* Check.check("source", hashes.get(known.algorithm), (actual) =>
        actual === known.value.toLowerCase() ? undefined : `has the ${known.algorithm} ${actual}, not ${known.value}`
      )
    }
    return hashes.get(algorithm) ?? ""
  })

/** Returns an id of the series that follows from the key: a UUID of version 8, whose other bits are free. */
export const idOf = (hasher: Hasher.Service, algorithm: string, key: ReadonlyArray<string | number>) =>
  Effect.map(digest(hasher, Stream.make(new TextEncoder().encode(JSON.stringify(key))), [algorithm]), (hashes) => {
    const hex = (hashes.get(algorithm) ?? "").padEnd(32, "0")
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`]
    return Image.ImageId.make([...parts, hex.slice(20, 32)].join("-"))
  })
