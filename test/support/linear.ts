/** Whether the time of a function grows in proportion to its input. */
import { assert } from "@effect/vitest"

/** A mebibyte of each kind of text that makes careless parsers slow. */
export const hostileTexts: { readonly [kind: string]: (length: number) => string } = Object.fromEntries(
  Object.entries({
    backslashes: "\\",
    "escaped backslashes": "\\\\u005c",
    "opening brackets": "[",
    "opening braces": '{"a":',
    spaces: " ",
    "line breaks": "\r\n",
    "opening tags": "<title>",
    "less-than signs": "<",
    comments: "<!--",
    "unfinished tags": '<h1 class="',
    ampersands: "&",
    entities: "&amp;",
    "unfinished entities": "&#x41",
    quotes: '"',
    apostrophes: "'",
    "percent signs": "%25",
    escapes: "\u001b[",
    "terminal strings": "\u001b]0;",
    controls: "\u009b\u0000\u202e",
    "URL beginnings": "http://",
    "URLs with users": "http://a:b@",
    parameters: "&token=",
    keys: '"password":"',
    headers: "x-auth-token: ",
    "authorization headers": "authorization: basic ",
    cookies: "cookie: a=b;",
    "Fernet tokens": "gAAAAA",
    "JSON Web Tokens": "eyJaaaaaaaa-",
    letters: "a",
    digits: "0",
    "half surrogates": "\ud800"
  }).map(([kind, part]) => [kind, (length: number) => part.repeat(Math.ceil(length / part.length)).slice(0, length)])
)

const mebibyte = 2 ** 20

/** In milliseconds of the processor, so that other programs do not count. */
const timeOf = async (run: () => unknown): Promise<number> => {
  const begun = process.cpuUsage()
  await run()
  const { system, user } = process.cpuUsage(begun)
  return (system + user) / 1000
}

/** What takes no longer for the whole text is linear enough, and too short to be compared. */
const shortEnough = 500

/** The part of a text whose time the whole is compared with. */
const part = 32

/** Between the 32 times of a linear function and the 1,024 of a quadratic one, as far from both. */
const mostTimes = 180

/**
 * Compares the time for a text of a length with that for a part of it. The shortest of three counts, because the garbage
 * collector may run in any of them. A promise that the function returns is waited for.
 */
export const assertGrowth = async (
  what: string,
  run: (length: number) => unknown,
  length: number = mebibyte
): Promise<void> => {
  // The runner wants to be heard now and then.
  await new Promise((resume) => setImmediate(resume))
  let [less, more] = [Number.POSITIVE_INFINITY, await timeOf(() => run(length))]
  for (let round = 0; round < 3 && more > shortEnough; round++) {
    less = Math.min(less, await timeOf(() => run(length / part)))
    more = Math.min(more, await timeOf(() => run(length)))
  }
  const isLinear = more <= shortEnough || more <= less * mostTimes
  assert.isTrue(isLinear, `${what}: ${more} ms for ${length} characters, ${less} ms for a ${part}nd of them`)
}

/** {@link assertGrowth} for each hostile text. */
export const assertLinear = async (name: string, parse: (text: string) => unknown): Promise<void> => {
  for (const [kind, text] of Object.entries(hostileTexts)) {
    await assertGrowth(`${name} of ${kind}`, (length) => parse(text(length)))
  }
}
