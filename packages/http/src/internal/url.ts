/** Normalizes URLs as text, in linear time. */
import * as Secrets from "@effect-glance/core/Secrets"

/** The text without the slashes at its end. A regular expression takes quadratic time for many slashes in the middle. */
const withoutSlashes = (text: string): string => {
  let end = text.length
  while (text[end - 1] === "/") end -= 1
  return text.slice(0, end)
}

/**
 * The URL without query, fragment and slashes at its end, so that a path can follow. A URL with a password that is not
 * encoded stays as it is, so that the request is refused and no part of the password is taken for a host.
 */
export const root = (url: string): string => {
  if (Secrets.hasDubiousHost(url)) return url
  const end = url.search(/[?#]/)
  return withoutSlashes(end < 0 ? url : url.slice(0, end))
}

const endings: ReadonlyArray<ReadonlyArray<string>> = [["auth", "tokens"], ["tokens"], ["auth"]]

/**
 * The root of an identity service, above its versions: `https://host/identity` of `https://host/identity/v3/auth/tokens`,
 * `//v3//`, `/v2.0/tokens` and the like.
 */
export const identityRoot = (url: string): string => {
  const base = root(url.trim())
  if (Secrets.hasDubiousHost(base)) return base
  const [scheme = "", empty, host = "", ...path] = base.split("/")
  // Without a scheme and a host, the request fails with a reason.
  if (empty !== "") return base
  const segments = path.filter((segment) => segment !== "")
  const isVersion = (index: number): boolean => /^v(3(\.\d{1,9})?|2|2\.0)$/i.test(segments.at(index) ?? "")
  const ending = endings.find(
    (words) => words.every((word, index) => segments.at(index - words.length) === word) && isVersion(-words.length - 1)
  )
  const last = ending?.length ?? 0
  const kept = isVersion(-last - 1) ? segments.slice(0, -last - 1) : segments
  return [scheme, "", host, ...kept].join("/")
}
