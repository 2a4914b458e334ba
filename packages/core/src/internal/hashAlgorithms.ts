/** The hash algorithms of Python's hashlib, from which a cloud chooses one, and every name that each of them has. */

interface Algorithm {
  /** How many hexadecimal digits a hash has. */
  readonly digits: number
  /** The names of OpenSSL and others, where they differ by more than case and punctuation. */
  readonly aliases?: ReadonlyArray<string>
}

/**
 * By the name that `hashlib.new(name).name` gives. SHAKE is missing: Glance calls `hexdigest()` without a length, which
 * SHAKE refuses, so no cloud can use it.
 */
const algorithms: { readonly [name: string]: Algorithm } = {
  md5: { digits: 32, aliases: ["ssl3-md5"] },
  sha1: { digits: 40, aliases: ["ssl3-sha1"] },
  sha224: { digits: 56, aliases: ["sha2-224"] },
  sha256: { digits: 64, aliases: ["sha2-256"] },
  sha384: { digits: 96, aliases: ["sha2-384"] },
  sha512: { digits: 128, aliases: ["sha2-512"] },
  sha512_224: { digits: 56, aliases: ["sha2-512/224"] },
  sha512_256: { digits: 64, aliases: ["sha2-512/256"] },
  sha3_224: { digits: 56 },
  sha3_256: { digits: 64 },
  sha3_384: { digits: 96 },
  sha3_512: { digits: 128 },
  blake2b: { digits: 128, aliases: ["blake2b512"] },
  blake2s: { digits: 64, aliases: ["blake2s256"] },
  ripemd160: { digits: 40, aliases: ["ripemd", "rmd160"] },
  sm3: { digits: 64 },
  "md5-sha1": { digits: 72 }
}

/** `SHA-512/256`, `sha512_256` and `RSA-SHA512-256` are one algorithm. */
const simplified = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^rsa-/, "")
    .replace(/[^a-z0-9]/g, "")

const byName: ReadonlyMap<string, string> = new Map(
  Object.entries(algorithms).flatMap(([name, { aliases = [] }]) =>
    [name, ...aliases].map((each) => [simplified(each), name] as const)
  )
)

/** The name that Python's hashlib has for an algorithm, whichever of its names is given; an unknown one in lower case. */
export const canonicalName = (name: string): string => byName.get(simplified(name)) ?? name.toLowerCase()

/** How many hexadecimal digits a hash of an algorithm has; undefined for an unknown one. */
export const digitsOf = (name: string): number | undefined => {
  const known = byName.get(simplified(name))
  return known === undefined ? undefined : algorithms[known]?.digits
}
