import { md5 } from "@noble/hashes/legacy.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { Hasher } from "./glance/options.js"

/** md5 and sha512 in plain arithmetic, for where there is no platform to ask: WebCrypto cannot hash a stream. */
export const plain: Hasher = {
  create: (algorithm) => {
    const hash = (algorithm === "md5" ? md5 : sha512).create()
    return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) }
  }
}

interface NativeHash {
  readonly update: (bytes: Uint8Array) => unknown
  readonly digest: (encoding: "hex") => string
}

interface Runtime {
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => { readonly createHash: (algorithm: string) => NativeHash } | undefined
  }
}

/** The hashes of the runtime where it lends them without an import, which is several times as fast; else those above. */
export const hasher: Hasher = {
  create: (algorithm) => {
    const native = (globalThis as Runtime).process?.getBuiltinModule?.("node:crypto")?.createHash(algorithm)
    if (native === undefined) return plain.create(algorithm)
    return { update: (bytes) => void native.update(bytes), digest: () => native.digest("hex") }
  }
}
