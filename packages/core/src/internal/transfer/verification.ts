/** Hashes that data must have: checks of the caller's, and the comparison of what was downloaded. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as GlanceError from "../../GlanceError.js"
import type * as Hasher from "../../Hasher.js"
import * as Image from "../../Image.js"
import type { ExpectedHash } from "../../ImageData.js"
import * as Check from "../check.js"
import * as HashAlgorithms from "../hashAlgorithms.js"
import type * as Operations from "../operations.js"
import * as Record from "../record.js"
import * as Upload from "./upload.js"

/** Returns the canonical name of an algorithm that the hasher supports. The hasher gets only canonical names. */
export const algorithmOf = (hasher: Hasher.Service, argument: string, algorithm: string) =>
  Either.map(
    Check.check(argument, algorithm, (name) =>
      typeof name === "string" && hasher.supports(HashAlgorithms.canonicalName(name))
        ? undefined
        : `is an algorithm that cannot be computed here: ${Check.shown(name)}`
    ),
    HashAlgorithms.canonicalName
  )

/** Refuses a value that no hash of the algorithm can have. */
const hashCheck =
  (algorithm: string): Check.Check =>
  (value) => {
    const digits = HashAlgorithms.digitsOf(algorithm)
    const fits = typeof value === "string" && /^[0-9a-f]+$/i.test(value) && value.length === (digits ?? value.length)
    return fits
      ? undefined
      : `must be ${digits === undefined ? "" : `${digits} `}hexadecimal digits, not ${Check.shown(value)}`
  }

/** Checks the hash that the caller expects. */
export const expectedOf = (
  hasher: Hasher.Service,
  expected: ExpectedHash | undefined
): Either.Either<Upload.Known | undefined, GlanceError.InvalidArgument> =>
  Either.gen(function* () {
    if (expected === undefined) return undefined
    const algorithm = yield* algorithmOf(hasher, "expected.algorithm", expected.algorithm)
    const value = yield* Check.check("expected.value", expected.value, hashCheck(algorithm))
    return { algorithm, value: value.toLowerCase() }
  })

export interface Verification {
  /** The record, if it is known. */
  readonly record: Option.Option<Image.Image>
  /** The hash that takes the data, unless they are not verified. */
  readonly hash: Hasher.Hash | undefined
  /** The error of the first byte, if there should be no data. */
  readonly refusal: GlanceError.ImageUnverifiable | undefined
  /** Compares the data at their end. */
  readonly check: Effect.Effect<void, GlanceError.ImageIntegrityError | GlanceError.ImageUnverifiable>
}

interface Services {
  readonly hasher: Hasher.Service
  readonly operations: Operations.Operations
}

/** Starts to verify a download: by the expected hash, or by the strongest hash of the record that can be computed. */
export const start = (
  { hasher, operations }: Services,
  image: Image.ImageRef,
  expectedHash: ExpectedHash | undefined,
  verify: boolean
): Effect.Effect<
  Verification,
  GlanceError.RequestError | GlanceError.InvalidArgument | GlanceError.ImageNotFound | GlanceError.ImageUnverifiable,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const imageId = Image.idOf(image)
    const none = { record: Option.none(), hash: undefined, refusal: undefined, check: Effect.void }
    const expected = yield* expectedOf(hasher, expectedHash)
    if (!verify) return none
    const given = typeof image === "object" ? Option.some(image) : Option.none()
    let record = given
    let known = expected
    if (known === undefined) {
      const hashed = Option.filter(given, (image) => Upload.hashesOf(image).length > 0)
      const current = Option.isSome(hashed) ? hashed.value : yield* Record.read(operations, image)
      const hashes = Upload.hashesOf(current)
      record = Option.some(current)
      known = hashes.find(({ algorithm }) => hasher.supports(algorithm))
      if (known === undefined) {
        const algorithms = hashes.map(({ algorithm }) => algorithm)
        const refusal = new GlanceError.ImageUnverifiable({ imageId, algorithms })
        // Without data there is nothing to verify, and the response says so. Any data cannot be verified.
        return current.status === "queued" ? { ...none, refusal, check: refusal } : yield* refusal
      }
    }
    const { algorithm, value } = known
    const hash = yield* hasher.start([algorithm])
    const check = Effect.flatMap(hash.digest, (hashes) => {
      const actual = hashes.get(algorithm) ?? ""
      return actual === value
        ? Effect.void
        : new GlanceError.ImageIntegrityError({
            imageId,
            at: "download",
            property: algorithm,
            expected: value,
            actual
          })
    })
    return { record, hash, refusal: undefined, check }
  })
