import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as GuardedClient from "@effect-glance/core/GuardedClient"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Effect from "effect/Effect"
import { around, type Client, type Request } from "./layer.js"

const problemOfUrl = (url: string): string | undefined => {
  if (!/^https?:/i.test(url)) return "the URL must begin with http:// or https://"
  const encode = "the characters / ? # @ : [ ] % of a user name or password have to be percent-encoded"
  if (!URL.canParse(url)) return `the URL cannot be parsed${url.includes("@") ? `: ${encode}` : ""}`
  return Secrets.hasDubiousHost(url) ? `the URL has an @ behind its host: ${encode}` : undefined
}

const refusal = (request: Request, reason: "Encode" | "InvalidUrl", sentence: string) =>
  Effect.fail(GuardedClient.discreet(new HttpClientError.RequestError({ request, reason, cause: new Error(sentence) })))

/** Image data as well: hashes and ranges are not those of a compressed body. */
const withAcceptedEncoding = (request: Request): Request =>
  request.headers["accept-encoding"] === undefined
    ? HttpClientRequest.setHeader(request, "accept-encoding", "identity")
    : request

/**
 * Refuses requests that no client can send: each client would report them in a way of its own, one of them by a defect.
 * User information in the URL of the other requests becomes a header.
 */
export const sendable = (client: Client<HttpClientError.HttpClientError>): Client<HttpClientError.HttpClientError> =>
  around(client, (request, send) => {
    const isHeader = (value: string) => !/[^\t\x20-\x7e\x80-\xff]/.test(value)
    if (!Object.values(request.headers).every(isHeader)) {
      return refusal(request, "Encode", "a header cannot be sent as it is")
    }
    const problem = problemOfUrl(request.url)
    return problem === undefined
      ? send(withAcceptedEncoding(GuardedClient.userAsHeader(request)))
      : refusal(request, "InvalidUrl", problem)
  })
