/** Reads the web for imports and locations. Every read has limits: schemes, redirects, time and bytes. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FetchUri } from "./glance/options.js"

export interface FetchOptions {
  /** Bytes of one download. @default 4 GiB */
  readonly maxBytes?: number | undefined
  /** From the request to the last byte. @default 1 hour */
  readonly timeLimit?: Duration.DurationInput | undefined
  /** @default 5 */
  readonly maxRedirects?: number | undefined
  /** Hosts that may be read from, also after a redirect. @default every host */
  readonly hosts?: ReadonlyArray<string> | undefined
}

interface Failure {
  readonly message: string
}

const failure = (message: string): Failure => ({ message })

/** The root of a chain of causes says why a `fetch` failed. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause === undefined ? error.message : reasonOf(error.cause)) : String(error)

/** A URL without what must not be shown: user, password and query. */
const shown = (url: URL): string => `${url.origin}${url.pathname.slice(0, 200)}`

const check = (text: string, base: URL | undefined, hosts: ReadonlyArray<string> | undefined) =>
  Effect.suspend(() => {
    if (!URL.canParse(text, base?.href)) return Effect.fail(failure("the address is not a URL"))
    const url = new URL(text, base?.href)
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      return Effect.fail(failure(`the scheme ${url.protocol.slice(0, 20)} is not http: or https:`))
    }
    if (hosts !== undefined && !hosts.includes(url.hostname)) {
      return Effect.fail(failure(`the host ${url.hostname} is not one that imports may read from`))
    }
    return Effect.succeed(url)
  })

/** `fetch` refuses a URL with a user and a password: they belong in a header. */
const request = (url: URL) =>
  Effect.tryPromise({
    try: (signal) => {
      const { password, username } = url
      const bare = new URL(url)
      bare.username = ""
      bare.password = ""
      const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
      const headers: Record<string, string> =
        username === "" && password === "" ? {} : { authorization: `Basic ${btoa(text)}` }
      return fetch(bare, { signal, redirect: "manual", headers: { ...headers, "accept-encoding": "identity" } })
    },
    catch: (error) => failure(`${shown(url)}: ${reasonOf(error)}`)
  })

const cancel = ({ body }: Response): Effect.Effect<void> => Effect.promise(async () => body?.cancel())

/** Sends the request, and follows its redirects. */
const follow = (url: URL, left: number, options: FetchOptions): Effect.Effect<readonly [URL, Response], Failure> =>
  Effect.gen(function* () {
    const response = yield* request(url)
    const location = response.headers.get("location")
    if (response.status < 300 || response.status >= 400 || location === null) return [url, response]
    yield* cancel(response)
    if (left <= 0) return yield* Effect.fail(failure(`${shown(url)}: too many redirects`))
    return yield* follow(yield* check(location, url, options.hosts), left - 1, options)
  })

/** Fails when the body has more bytes than the limit, or has not ended at the deadline. */
const limited = (
  body: Stream.Stream<Uint8Array, Failure>,
  maxBytes: number,
  timeLimit: Duration.Duration
): Stream.Stream<Uint8Array, Failure> =>
  Stream.suspend(() => {
    let seen = 0
    return body.pipe(
      Stream.mapEffect((bytes) => {
        seen += bytes.length
        return seen > maxBytes ? Effect.fail(failure(`more than ${maxBytes} bytes`)) : Effect.succeed(bytes)
      }),
      Stream.interruptWhen(
        Effect.zipRight(Effect.sleep(timeLimit), Effect.fail(failure(`not over after ${Duration.format(timeLimit)}`)))
      )
    )
  })

export const makeFetchUri = (options: FetchOptions = {}): FetchUri => {
  const maxBytes = options.maxBytes ?? 4 * 2 ** 30
  const timeLimit = Duration.decode(options.timeLimit ?? "1 hour")
  return (uri) =>
    Effect.gen(function* () {
      const first = yield* check(uri, undefined, options.hosts)
      const [url, response] = yield* follow(first, options.maxRedirects ?? 5, options)
      const { body } = response
      const length = response.headers.get("content-length")
      const size = length === null || !/^\d+$/.test(length) ? undefined : Number(length)
      if (!response.ok || body === null || (size !== undefined && size > maxBytes)) {
        yield* cancel(response)
        const isLarge = response.ok && body !== null
        const reason = isLarge ? `has ${size} bytes, more than ${maxBytes}` : `answered ${response.status}`
        return yield* Effect.fail(failure(`${shown(url)} ${reason}`))
      }
      const bytes = Stream.fromReadableStream<Uint8Array, Failure>(
        () => body,
        (error) => failure(`${shown(url)}: ${reasonOf(error)}`)
      )
      return { size, body: limited(bytes, maxBytes, timeLimit) }
    }).pipe(
      Effect.timeoutFail({
        duration: timeLimit,
        onTimeout: () => failure(`no response after ${Duration.format(timeLimit)}`)
      })
    )
}
