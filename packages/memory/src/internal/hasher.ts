import type { Digest, Hasher } from "./glance/options.js"

/** md5 and sha512 in plain arithmetic, for where there is no platform to ask: WebCrypto cannot hash a stream. */
export const plain: Hasher = {
  create: (algorithm) => (algorithm === "md5" ? md5() : sha512())
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

/** The hashes of the runtime where it lends them without an import, which is ten times as fast; else those above. */
export const hasher: Hasher = {
  create: (algorithm) => {
    const native = (globalThis as Runtime).process?.getBuiltinModule?.("node:crypto")?.createHash(algorithm)
    if (native === undefined) return plain.create(algorithm)
    return { update: (bytes) => void native.update(bytes), digest: () => native.digest("hex") }
  }
}

const hex = (words: Iterable<number>, bigEndian: boolean): string => {
  let text = ""
  for (const word of words) {
    for (let byte = 0; byte < 4; byte++) {
      const shift = bigEndian ? 24 - byte * 8 : byte * 8
      text += ((word >>> shift) & 255).toString(16).padStart(2, "0")
    }
  }
  return text
}

/** Cuts what comes in into blocks, and pads the last one as both algorithms do. */
const blocks = (options: {
  readonly size: number
  readonly lengthBytes: number
  readonly bigEndian: boolean
  readonly process: (bytes: Uint8Array, from: number) => void
  readonly digest: () => string
}): Digest => {
  const { bigEndian, lengthBytes, process, size } = options
  const rest = new Uint8Array(size)
  let held = 0
  let total = 0
  const update = (bytes: Uint8Array) => {
    total += bytes.length
    let at = 0
    if (held > 0) {
      const taken = Math.min(size - held, bytes.length)
      rest.set(bytes.subarray(0, taken), held)
      held += taken
      at = taken
      if (held < size) return
      process(rest, 0)
      held = 0
    }
    for (; at + size <= bytes.length; at += size) process(bytes, at)
    rest.set(bytes.subarray(at))
    held = bytes.length - at
  }
  return {
    update,
    digest: () => {
      const bits = total * 8
      const pad = new Uint8Array((held < size - lengthBytes ? size : 2 * size) - held)
      pad[0] = 0x80
      const view = new DataView(pad.buffer)
      const end = pad.length
      const high = Math.floor(bits / 0x1_0000_0000)
      if (bigEndian) {
        view.setUint32(end - 8, high)
        view.setUint32(end - 4, bits >>> 0)
      } else {
        view.setUint32(end - 8, bits >>> 0, true)
        view.setUint32(end - 4, high, true)
      }
      update(pad)
      return options.digest()
    }
  }
}

const md5Shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const md5Constants = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000))

const md5 = (): Digest => {
  let a0 = 0x67452301
  let b0 = 0xefcdab89 | 0
  let c0 = 0x98badcfe | 0
  let d0 = 0x10325476
  const words = new Int32Array(16)
  return blocks({
    size: 64,
    lengthBytes: 8,
    bigEndian: false,
    process: (bytes, from) => {
      for (let i = 0, at = from; i < 16; i++, at += 4) {
        words[i] =
          (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
      }
      let a = a0
      let b = b0
      let c = c0
      let d = d0
      for (let i = 0; i < 64; i++) {
        const round = i >> 4
        let mix: number
        let word: number
        if (round === 0) {
          mix = (b & c) | (~b & d)
          word = i
        } else if (round === 1) {
          mix = (d & b) | (~d & c)
          word = (5 * i + 1) & 15
        } else if (round === 2) {
          mix = b ^ c ^ d
          word = (3 * i + 5) & 15
        } else {
          mix = c ^ (b | ~d)
          word = (7 * i) & 15
        }
        const sum = (mix + a + (md5Constants[i] ?? 0) + (words[word] ?? 0)) | 0
        const shift = md5Shifts[(round << 2) | (i & 3)] ?? 0
        a = d
        d = c
        c = b
        b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0
      }
      a0 = (a0 + a) | 0
      b0 = (b0 + b) | 0
      c0 = (c0 + c) | 0
      d0 = (d0 + d) | 0
    },
    digest: () => hex([a0, b0, c0, d0], false)
  })
}

const isPrime = (n: number): boolean => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false
  return true
}

const primes = (count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let n = 2; found.length < count; n++) if (isPrime(n)) found.push(n)
  return found
}

/** The largest integer whose power is not above the value. */
const root = (value: bigint, power: bigint): bigint => {
  let low = 0n
  let high = 1n << 80n
  while (low < high) {
    const middle = (low + high + 1n) >> 1n
    if (middle ** power <= value) low = middle
    else high = middle - 1n
  }
  return low
}

/** The first 64 bits of the fractions of roots of primes, as FIPS 180-4 has them; high and low words in turn. */
const fractions = (count: number, power: bigint): Int32Array => {
  const words = new Int32Array(count * 2)
  primes(count).forEach((prime, index) => {
    const bits = BigInt.asUintN(64, root(BigInt(prime) << (64n * power), power))
    words[index * 2] = Number(bits >> 32n) | 0
    words[index * 2 + 1] = Number(bits & 0xffff_ffffn) | 0
  })
  return words
}

let sha512Tables: { readonly start: Int32Array; readonly constants: Int32Array } | undefined

const sha512 = (): Digest => {
  sha512Tables ??= { start: fractions(8, 2n), constants: fractions(80, 3n) }
  const k = sha512Tables.constants
  const state = sha512Tables.start.slice()
  const w = new Int32Array(160)
  const at = (array: Int32Array, index: number): number => array[index] as number
  return blocks({
    size: 128,
    lengthBytes: 16,
    bigEndian: true,
    process: (bytes, from) => {
      for (let i = 0, p = from; i < 32; i++, p += 4) {
        w[i] =
          ((bytes[p] as number) << 24) |
          ((bytes[p + 1] as number) << 16) |
          ((bytes[p + 2] as number) << 8) |
          (bytes[p + 3] as number)
      }
      for (let i = 32; i < 160; i += 2) {
        const h15 = at(w, i - 30)
        const l15 = at(w, i - 29)
        const s0h = ((h15 >>> 1) | (l15 << 31)) ^ ((h15 >>> 8) | (l15 << 24)) ^ (h15 >>> 7)
        const s0l = ((l15 >>> 1) | (h15 << 31)) ^ ((l15 >>> 8) | (h15 << 24)) ^ ((l15 >>> 7) | (h15 << 25))
        const h2 = at(w, i - 4)
        const l2 = at(w, i - 3)
        const s1h = ((h2 >>> 19) | (l2 << 13)) ^ ((l2 >>> 29) | (h2 << 3)) ^ (h2 >>> 6)
        const s1l = ((l2 >>> 19) | (h2 << 13)) ^ ((h2 >>> 29) | (l2 << 3)) ^ ((l2 >>> 6) | (h2 << 26))
        const low = (at(w, i - 31) >>> 0) + (s0l >>> 0) + (at(w, i - 13) >>> 0) + (s1l >>> 0)
        w[i + 1] = low | 0
        w[i] = (at(w, i - 32) + s0h + at(w, i - 14) + s1h + Math.floor(low / 0x1_0000_0000)) | 0
      }
      let [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl] = state as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number
      ]
      for (let i = 0; i < 160; i += 2) {
        const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23))
        const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23))
        const chh = (eh & fh) ^ (~eh & gh)
        const chl = (el & fl) ^ (~el & gl)
        const t1low = (hl >>> 0) + (s1l >>> 0) + (chl >>> 0) + (at(k, i + 1) >>> 0) + (at(w, i + 1) >>> 0)
        const t1l = t1low | 0
        const t1h = (hh + s1h + chh + at(k, i) + at(w, i) + Math.floor(t1low / 0x1_0000_0000)) | 0
        const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25))
        const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25))
        const majh = (ah & bh) ^ (ah & ch) ^ (bh & ch)
        const majl = (al & bl) ^ (al & cl) ^ (bl & cl)
        hh = gh
        hl = gl
        gh = fh
        gl = fl
        fh = eh
        fl = el
        const elow = (dl >>> 0) + (t1l >>> 0)
        el = elow | 0
        eh = (dh + t1h + Math.floor(elow / 0x1_0000_0000)) | 0
        dh = ch
        dl = cl
        ch = bh
        cl = bl
        bh = ah
        bl = al
        const alow = (t1l >>> 0) + (s0l >>> 0) + (majl >>> 0)
        al = alow | 0
        ah = (t1h + s0h + majh + Math.floor(alow / 0x1_0000_0000)) | 0
      }
      const add = (index: number, high: number, low: number) => {
        const sum = (at(state, index + 1) >>> 0) + (low >>> 0)
        state[index + 1] = sum | 0
        state[index] = (at(state, index) + high + Math.floor(sum / 0x1_0000_0000)) | 0
      }
      add(0, ah, al)
      add(2, bh, bl)
      add(4, ch, cl)
      add(6, dh, dl)
      add(8, eh, el)
      add(10, fh, fl)
      add(12, gh, gl)
      add(14, hh, hl)
    },
    digest: () => hex(state, true)
  })
}
