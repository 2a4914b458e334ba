/** Which failures the next attempt may not meet. */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Option from "effect/Option"

/** The form of all codes. A text of another form may repeat anything. */
const isCode = /^[A-Z][A-Z\d_/]{0,63}$/

interface SystemError {
  readonly code: string | undefined
  /** Whether it happened while the connection was made. */
  readonly isConnecting: boolean
}

/** Returns the code of what the runtime met, however deep in the causes it is. */
export const systemError = (error: unknown): SystemError => {
  for (let cause = error, depth = 0; depth < 8 && typeof cause === "object" && cause !== null; depth++) {
    const { cause: deeper, code, errors, syscall } = cause as Readonly<Record<string, unknown>>
    // If several addresses were tried, there is an error of each.
    if (typeof code === "string" && isCode.test(code))
      return { code, isConnecting: syscall === "connect" || Array.isArray(errors) }
    cause = deeper
  }
  return { code: undefined, isConnecting: false }
}

/** Failures to reach the server at all, after which any method can be tried again. */
const unreached = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])

/** The same, unless an established connection was given up for them. */
const unreachedOnConnecting = new Set(["EHOSTUNREACH", "ENETUNREACH"])

/**
 * Failures that the next attempt meets again: an invalid header or scheme, a certificate that is not trusted, a TLS
 * handshake that is refused, and a response that is not HTTP. A server that failed inside, a damaged record, and a
 * response that ended early may be well the next time.
 */
const permanent =
  /^(UND_ERR_INVALID_ARG|ERR_INVALID_\w+|ERR_UNESCAPED_CHARACTERS|CERT_\w+|ERR_TLS_CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_SSL_(?![\w/]*(?:INTERNAL_ERROR|RECORD_MAC))[\w/]+|EPROTO|HPE_(?!INVALID_EOF_STATE|CLOSED_CONNECTION)\w+|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_EXCEEDED_MAX_SIZE)$/

/** Returns why a request may be sent again after a failure, in one word; none if it may not. */
export const transient = (error: HttpClientError.HttpClientError, isRepeatable: boolean): Option.Option<string> => {
  const { code, isConnecting } = systemError(error.cause)
  if (error.reason !== "Transport" || (code !== undefined && permanent.test(code))) return Option.none()
  const isUnreached = code !== undefined && (unreached.has(code) || (isConnecting && unreachedOnConnecting.has(code)))
  return isRepeatable || isUnreached ? Option.some(code ?? error.reason) : Option.none()
}

/** Whether a status says that the service is unavailable for now. */
export const isUnavailable = (status: number): boolean => status === 502 || status === 503 || status === 504
