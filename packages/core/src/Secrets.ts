/**
 * Removes secrets from URLs, headers, requests, and texts that repeat them. All errors, spans and log lines of this
 * library use this module.
 *
 * @since 0.1.0
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"

/**
 * The replacement of a secret.
 *
 * @since 0.1.0
 * @category constants
 */
export const mask = "<redacted>"

/**
 * The replacement of a URL that cannot be parsed, because its password may be anywhere in it.
 *
 * @since 0.1.0
 * @category constants
 */
export const unreadableUrl = "(a URL that cannot be parsed)"

/**
 * The replacement of a text that repeats a secret of fewer than four characters: a mask would show where it was.
 *
 * @since 0.1.0
 * @category constants
 */
export const withheld = "(text withheld: it repeats the credentials)"

/**
 * Names of headers that hold a token, a password or a cookie, in lower case.
 *
 * @since 0.1.0
 * @category constants
 */
export const headerNames: ReadonlyArray<string> = [
  "x-auth-token",
  "x-subject-token",
  "x-service-token",
  "x-storage-token",
  "x-auth-key",
  "x-openstack-image-signature",
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie"
]

const secretHeaders: ReadonlySet<string> = new Set(headerNames)

/**
 * Whether a header of this name holds a secret.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isHeader = (name: string): boolean => secretHeaders.has(name.toLowerCase())

/** Ends of the names of parameters, keys and settings that hold a secret, without `-`, `_` and `.`. */
const secretEnding =
  /(?:signature|sig|token|password|passwd|passphrase|passcode|pwd|secret|credentials?|api_?key|accesskey(?:id)?|privatekey|secretkey|authorization|hmac)$/
const secretNames = new Set(["key", "auth", "pass", "pw", "code"])

/**
 * Whether a parameter of a query, a key of a document or a setting of this name holds a secret, such as `sig`,
 * `X-Amz-Credential`, `temp_url_sig` or `api_key`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isName = (name: string): boolean =>
  secretNames.has(simplified(name)) || secretEnding.test(simplified(name))

const simplified = (name: string): string => name.slice(-64).replace(/[-_.]/g, "").toLowerCase()

// ---------------------------------------------------------------------------------------------------------------------
// URLs
// ---------------------------------------------------------------------------------------------------------------------

const scheme = /^[a-z][a-z\d+.-]{0,31}:\/\//i

/** The position of the user information, up to the last `@`: a password may hold the characters that should end it. */
const userIn = (url: string): readonly [begin: number, end: number] | undefined => {
  const begin = scheme.exec(url)?.[0].length
  const end = url.lastIndexOf("@")
  return begin === undefined || end < begin ? undefined : [begin, end]
}

const withoutUser = (url: string): string => {
  const [begin, end] = userIn(url) ?? []
  return begin === undefined || end === undefined ? url : `${url.slice(0, begin)}${mask}${url.slice(end)}`
}

const parameter = /(^|[?&;#\s"'(])([\w.%-]{1,64})=([^&;#\s"'<>)]*)/g

/** Masks the values of parameters by their names. */
const withoutParameters = (text: string): string =>
  text.includes("=")
    ? text.replace(parameter, (whole, before: string, name: string, value: string) =>
        value !== "" && isName(decoded(name)) ? `${before}${name}=${mask}` : whole
      )
    : text

/** Converts a text, or returns it if it cannot be converted. */
const convert = (convert: (text: string) => string, text: string): string => {
  try {
    return convert(text)
  } catch {
    return text
  }
}

const decoded = (text: string): string => convert(decodeURIComponent, text)

/**
 * Masks the user information of a URL, up to the last `@`, and the values of parameters that hold a secret. Returns
 * {@link unreadableUrl} for a URL that cannot be parsed. A URL without a scheme counts as a path and a query.
 *
 * @example
 * import { Secrets } from "@effect-glance/core"
 *
 * Secrets.url("https://alice:s3cret@host/x?sig=0a1b&size=2") // "https://<redacted>@host/x?sig=<redacted>&size=2"
 * Secrets.url("https://alice:s3/cret@host/") // "(a URL that cannot be parsed)"
 *
 * @since 0.1.0
 * @category conversions
 */
export const url = (url: string | URL): string => {
  const text = String(url).trim()
  const hasUser = text.includes("@")
  if (!hasUser && !text.includes("=") && /^[\w:/.[\]%~?&,+-]*$/.test(text) && isParsable(text)) return text
  if (!isParsable(text)) return unreadableUrl
  return withoutParameters(hasUser ? withoutUser(text) : text)
}

const isParsable = (url: string): boolean => {
  // A text without scheme and slash may be anything, such as `alice:secret@host`.
  if (!scheme.test(url)) return url === "" || (url.startsWith("/") && !url.includes("@")) || !/[:@]/.test(url)
  return URL.canParse(url)
}

/**
 * Whether a URL has an `@` after its host. If a password has an unencoded `/`, `?` or `#`, the user looks like the host.
 *
 * @since 0.1.0
 * @category predicates
 */
export const hasDubiousHost = (url: string): boolean => {
  const begin = scheme.exec(url)?.[0].length ?? 0
  const end = url.slice(begin).search(/[/?#\\]/)
  return end >= 0 && url.indexOf("@", begin + end) >= 0
}

/**
 * Returns the user information of a URL by the WHATWG parser. None if the URL has none or cannot be parsed.
 *
 * @since 0.1.0
 * @category getters
 */
export const userOf = (url: string): { readonly name: string; readonly password: string } | undefined => {
  if (!url.includes("@") || !URL.canParse(url)) return undefined
  const { password, username } = new URL(url)
  return username === "" && password === "" ? undefined : { name: decoded(username), password: decoded(password) }
}

// ---------------------------------------------------------------------------------------------------------------------
// texts
// ---------------------------------------------------------------------------------------------------------------------

const urlInText = /[a-z][a-z\d+.-]{0,31}:(?:\/\/|\\\/\\\/)[^\s"'<>`]*/gi

const withoutUsers = (text: string): string =>
  text.includes("@")
    ? text.replace(urlInText, (found) => {
        const begin = found.indexOf("/") + (found.includes("://") ? 2 : 3)
        const at = found.lastIndexOf("@")
        return at < begin ? found : `${found.slice(0, begin)}${mask}@${found.slice(at + 1)}`
      })
    : text

const headerInText = new RegExp(
  `(?<![\\w-])(${headerNames.join("|")})(["']?\\s{0,4}[:=]\\s{0,4}["']?)` +
    `((?:(?:basic|bearer|digest|negotiate)\\s{1,4})?(?:[^\\s"',;]+;\\s?)*[^\\s"',;]*)`,
  "gi"
)

const memberInText = /["']([\w.-]{1,64})(\\{0,8})["']\s{0,16}:\s{0,16}(?:u?(\\{0,8})(["'])|[\w.+/=-]+)/g

/** Masks the values of keys such as `"password"` in JSON and in the notation of Python, however often it is quoted. */
const withoutMembers = (text: string): string => {
  let shown = ""
  let from = 0
  for (const member of text.matchAll(memberInText)) {
    const [whole, name = "", , escapes, quote] = member
    if (member.index < from || !isName(name)) continue
    const begin = member.index + whole.length
    if (quote === undefined) {
      const value = whole.slice(whole.lastIndexOf(":") + 1).trim()
      if (/^(null|None|true|false)$/i.test(value)) continue
      shown += `${text.slice(from, begin - value.length)}${mask}`
      from = begin
    } else {
      const end = closing(text, begin, quote, escapes?.length ?? 0)
      shown += `${text.slice(from, begin)}${mask}`
      from = end
    }
  }
  return shown + text.slice(from)
}

/** Returns the end of a quoted value: a quote with as many backslashes as the one that began it. */
const closing = (text: string, begin: number, quote: string, escapes: number): number => {
  let backslashes = 0
  for (let at = begin; at < text.length; at++) {
    if (text[at] === "\\") backslashes += 1
    else {
      if (text[at] === quote && backslashes <= escapes) return at - backslashes
      backslashes = 0
    }
  }
  return text.length
}

/** Fernet and JSON Web Tokens. */
const tokenInText = /(?<![\w-])(?:gAAAAA[\w-]{16,}={0,2}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)/g

/** Matches every text that holds a secret of a known form. */
const suspicion = /@|=|gAAAAA|eyJ|x-|authorization|cookie|["']\s*:/i

/**
 * Whether {@link redact} may change a text. Cheap, for short texts that mostly hold nothing.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isSuspect = (text: string, secrets: ReadonlyArray<string> = []): boolean =>
  secrets.some((secret) => secret !== "") || suspicion.test(text)

/**
 * Masks secrets in a text: the given ones in whichever quoting a server repeats them; user information and signatures
 * of URLs; values of headers, parameters and keys whose name says that they are secret; tokens of a known form. Takes
 * time in proportion to the length.
 *
 * @example
 * import { Secrets } from "@effect-glance/core"
 *
 * Secrets.redact("no such token: a1b2c3d4", ["a1b2c3d4"]) // "no such token: <redacted>"
 *
 * @since 0.1.0
 * @category conversions
 */
export const redact = (text: string, secrets: ReadonlyArray<string> = []): string => {
  const known = secrets.filter((secret) => secret !== "")
  if (known.some((secret) => secret.length < minLength && text.includes(secret))) return withheld
  const unknown = known.reduce((rest, secret) => (secret.length < minLength ? rest : without(rest, secret)), text)
  if (!suspicion.test(unknown)) return unknown
  return withoutParameters(withoutMembers(withoutUsers(unknown)))
    .replace(headerInText, (whole, name: string, between: string, value: string) =>
      value === "" || value === mask ? whole : `${name}${between}${mask}`
    )
    .replace(tokenInText, mask)
}

/** A shorter secret is in many texts by chance. */
const minLength = 4

/** Of a longer secret its beginning is masked, too, because servers cut texts that they repeat. */
const prefixLength = 16

/** Masks a secret, plain or quoted. */
const without = (text: string, secret: string): string => {
  let rest = text
  if (lastSecret.secret !== secret) lastSecret = { secret, forms: formsOf(secret), letters: lettersOf(secret).letters }
  const { forms, letters } = lastSecret
  for (const form of forms) if (rest.includes(form)) rest = rest.split(form).join(mask)
  return letters.length < minLength ? rest : withoutLetters(rest, letters)
}

/** Cache: the same token is searched in all headers of a request and its response, and its forms take most of the time. */
let lastSecret: { readonly secret: string; readonly forms: ReadonlySet<string>; readonly letters: string } = {
  secret: "",
  forms: new Set(),
  letters: ""
}

const formsOf = (secret: string): ReadonlySet<string> => {
  const json = JSON.stringify(secret).slice(1, -1)
  const ascii = json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const html = htmlOf(secret)
  const numeric = html.replace(/&\w+;|[^\w ]/g, (char) => `&#${entityCodes[char] ?? char.codePointAt(0)};`)
  return new Set([secret, json, ascii, convert(encodeURIComponent, secret), html, numeric])
}

const entityCodes: Readonly<Record<string, number>> = { "&amp;": 38, "&lt;": 60, "&gt;": 62, "&quot;": 34 }

const htmlOf = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

const withoutLetters = (text: string, secret: string): string => {
  const wanted = secret.slice(0, secret.length > prefixLength ? prefixLength : undefined)
  if (text.length < wanted.length) return text
  const { letters, positions } = lettersOf(text)
  let shown = ""
  let from = 0
  for (let at = letters.indexOf(wanted); at >= 0; ) {
    let end = at + wanted.length
    while (end < at + secret.length && letters[end] === secret[end - at]) end += 1
    shown += `${text.slice(from, positions[at])}${mask}`
    from = (positions[end - 1] ?? 0) + 1
    at = letters.indexOf(wanted, end)
  }
  return shown + text.slice(from)
}

/** An escape of JSON or Python, of HTML, or of a URL, however often it is escaped again. */
const escapes = [
  String.raw`\\+(?:u[\da-fA-F]{4}|x[\da-fA-F]{2}|[bfnrt])?`,
  String.raw`&(?:amp;)*(?:#?[a-zA-Z\d]{1,32};)?`,
  String.raw`%(?:25)*(?:[\da-fA-F]{2})?`
]
const escapePattern = new RegExp(escapes.join("|"), "y")

/**
 * Returns the ASCII letters and digits of a text and their positions, without escapes, so that quoting does not matter.
 * Reads each character once.
 */
const lettersOf = (text: string): { readonly letters: string; readonly positions: Uint32Array } => {
  const positions = new Uint32Array(text.length)
  let letters = ""
  let count = 0
  for (let at = 0; at < text.length; ) {
    if (isLetter(text.charCodeAt(at))) {
      letters += text[at]
      positions[count++] = at++
    } else {
      escapePattern.lastIndex = at
      at = escapePattern.test(text) ? escapePattern.lastIndex : at + 1
    }
  }
  return { letters, positions }
}

const isLetter = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

// ---------------------------------------------------------------------------------------------------------------------
// requests
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns the secrets of a request: its secret headers, the user information and the signatures of its URL and of the
 * URLs in a JSON body, and the values of secret keys of the body.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofRequest = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => [
  ...new Set([
    ...ofHeaders(request.headers),
    ...ofUrl(request.url),
    ...request.urlParams.flatMap(([name, value]) => (isName(name) ? longEnough(value) : [])),
    ...ofBody(request.body)
  ])
]

/**
 * Returns the values of the secret headers of a request.
 *
 * @since 0.1.0
 * @category getters
 */
export const ofHeaders = (headers: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> => {
  const secrets: Array<string> = []
  for (const name of headerNames) {
    // Some clients cut off the space around a value.
    const value = headers[name]?.trim()
    if (value === undefined || value === "" || value === mask) continue
    secrets.push(value)
    if (!name.endsWith("authorization")) continue
    const credentials = value.slice(value.indexOf(" ") + 1)
    secrets.push(credentials)
    if (/^basic /i.test(value))
      secrets.push(...ofUser(Either.getOrElse(Encoding.decodeBase64String(credentials), () => "")))
  }
  return secrets
}

const longEnough = (...values: ReadonlyArray<string>): ReadonlyArray<string> =>
  values.filter(({ length }) => length >= minLength)

/** `alice:secret`, without the name alone, which stands in many texts. */
const ofUser = (user: string): ReadonlyArray<string> => {
  const colon = user.indexOf(":")
  if (user === "") return []
  return colon < 0
    ? longEnough(user)
    : [user, user.slice(colon + 1)].filter((secret) => secret !== "" && secret !== ":")
}

const ofUrl = (url: string): ReadonlyArray<string> => {
  const user = url.slice(...(userIn(url) ?? [0, 0]))
  const values = Array.from(url.matchAll(parameter)).flatMap(([, , name = "", value = ""]) =>
    isName(decoded(name)) ? longEnough(value, decoded(value)) : []
  )
  return [...ofUser(user), ...ofUser(decoded(user)), ...values]
}

/** A longer body holds data. */
const maxBody = 64 * 1024

const ofBody = (body: HttpBody.HttpBody): ReadonlyArray<string> => {
  if (body._tag !== "Uint8Array" || body.body.length > maxBody || !/json/.test(body.contentType ?? "")) return []
  try {
    return ofJson(JSON.parse(new TextDecoder().decode(body.body)))
  } catch {
    return []
  }
}

const ofJson = (document: unknown): ReadonlyArray<string> => {
  const secrets: Array<string> = []
  const look = (name: string, value: unknown) => {
    if (typeof value !== "string") return
    if (scheme.test(value)) secrets.push(...ofUrl(value))
    else if (secretEnding.test(simplified(name))) secrets.push(...longEnough(value))
  }
  // Not by recursion: a document may be nested as deep as it is long.
  for (const rest: Array<unknown> = [document]; rest.length > 0; ) {
    const value = rest.pop()
    if (typeof value !== "object" || value === null) continue
    for (const [key, member] of Object.entries(value)) {
      look(key, member)
      rest.push(member)
    }
    // A step of a JSON patch.
    const { path, value: added } = value as { readonly path?: unknown; readonly value?: unknown }
    if (typeof path === "string") look(path, added)
  }
  return secrets
}

/**
 * Returns the request without its body, and with its URL and headers masked, for errors.
 *
 * @since 0.1.0
 * @category conversions
 */
export const request = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.modify(HttpClientRequest.setBody(request, HttpBody.empty), {
    url: url(request.url),
    urlParams: UrlParams.fromInput(
      request.urlParams.map(([name, value]) => [name, isName(name) ? mask : redact(value)] as const)
    ),
    hash: Option.getOrElse(Option.map(request.hash, withoutParameters), () => ""),
    headers: Object.fromEntries(Object.keys(request.headers).flatMap((name) => (isHeader(name) ? [[name, mask]] : [])))
  })
