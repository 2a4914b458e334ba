/** Names what an HTTP client met, by its code or its message, and the setting that helps. */

export interface Failure {
  /** Of Node, of OpenSSL or of undici; empty if there is none. */
  readonly code: string
  readonly message: string
  /** What the platform calls it, such as `RequestError Transport`. */
  readonly reason: string
  /** Whether it happened after the head of the response had arrived. */
  readonly isResponse: boolean
  readonly url: string
}

const untrusted = "`verify: false` in clouds.yaml (OS_INSECURE) accepts any certificate"

const trust = "set `cacert` in clouds.yaml (OS_CACERT, or NODE_EXTRA_CA_CERTS for other clients) to the file of the CA"

const clientCertificate = "it may require a certificate of the client (`cert` and `key` in clouds.yaml)"

const noTls = "the server does not speak TLS at this port: the URL should begin with http://, or have another port"

/** Sentences by code. */
const sentences: ReadonlyArray<readonly [code: RegExp, sentence: string]> = [
  [/^ECONNREFUSED$/, "the connection was refused: no service listens at this host and port"],
  [/^(ENOTFOUND|EAI_\w+)$/, "the name of the host was not found: check the URL"],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, "no network route leads to the host"],
  [/^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, "the connection was not made in time"],
  [/^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/, "the server stopped sending"],
  [/^CERT_HAS_EXPIRED$/, `the certificate of the server has expired: its operator must renew it; ${untrusted}`],
  [/^CERT_NOT_YET_VALID$/, `the certificate of the server is not valid yet: compare the clocks; ${untrusted}`],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+)$/,
    `the certificate of the server is not trusted: ${trust}; ${untrusted}`
  ],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, `the certificate of the server is for another host: check the URL; ${untrusted}`],
  [/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|ERR_SSL_HTTP_REQUEST)$/, noTls],
  [
    /^ERR_SSL_[\w/]*(PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)$/,
    "the server and this client have no version of TLS in common: the server may be too old"
  ],
  [
    /^ERR_SSL_[\w/]*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/,
    `the server refused the TLS connection: ${clientCertificate}`
  ],
  [/^(ERR_SSL_[\w/]+|EPROTO)$/, "TLS failed: the server and this client do not agree"],
  [/^HPE_HEADER_OVERFLOW$/, "the response has too many headers"],
  [/^HPE_\w+$/, "the response is not HTTP: the server may speak TLS at this port (https://), or another protocol"],
  [/^(UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_EXCEEDED_MAX_SIZE)$/, "the response has too many headers"]
]

const closed = /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET|UND_ERR_ABORTED|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/

/** What some clients say in the message only: OpenSSL by way of `node:http`, the parser of undici, Bun, and Deno. */
const said: ReadonlyArray<readonly [message: RegExp, code: string]> = [
  [/wrong version number/i, "ERR_SSL_WRONG_VERSION_NUMBER"],
  [/packet length too long/i, "ERR_SSL_PACKET_LENGTH_TOO_LONG"],
  [/certificate ?required|handshake ?failure|bad ?certificate/i, "ERR_SSL_HANDSHAKE_FAILURE"],
  [/alert:? protocol ?version|unsupported protocol/i, "ERR_SSL_UNSUPPORTED_PROTOCOL"],
  [/does the server speak TLS|corrupt message of type InvalidContentType/i, "ERR_SSL_WRONG_VERSION_NUMBER"],
  [/does not match the HTTP\/1\.1 protocol|invalid HTTP version parsed/, "HPE_INVALID_CONSTANT"],
  [/peer certificate: certificate expired/, "CERT_HAS_EXPIRED"],
  [/peer certificate: certificate not valid for name/, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/invalid peer certificate/, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [/\bdns error\b/, "ENOTFOUND"],
  [/tcp connect error: Connection refused/i, "ECONNREFUSED"],
  [/connection closed before message completed|connection reset by peer/i, "ECONNRESET"]
]

const codeOf = ({ code, message }: Failure): string =>
  code === "EPROTO" || code === "" ? (said.find(([pattern]) => pattern.test(message))?.[1] ?? code) : code

/** Why a server closes a connection at once, by the scheme of the URL. */
const closedEarly = ({ message, url }: Failure): string => {
  if (/before secure TLS connection was established/.test(message)) return noTls
  const what = "the connection was closed before the response arrived"
  return /^https:/i.test(url)
    ? `${what}: if the server is up, ${clientCertificate}`
    : `${what}: if the server speaks TLS at this port, the URL must begin with https://`
}

/** What the client says, with its code. What OpenSSL says names its own source files: then the code alone. */
const saidBy = (failure: Failure): string => {
  const isOpenSsl = /\berror:[\dA-F]{8}:|routines:/.test(failure.message)
  const code = isOpenSsl ? codeOf(failure) : failure.code
  const message = isOpenSsl ? "" : failure.message.trim()
  return (message.includes(code) ? [message] : [code, message]).filter((part) => part !== "").join(" ")
}

const named = (failure: Failure): string => {
  const said = saidBy(failure)
  return said === "" ? "" : ` [${said}]`
}

export const describe = (failure: Failure): string => {
  const code = codeOf(failure)
  const sentence = sentences.find(([pattern]) => pattern.test(code))?.[1]
  if (failure.isResponse && !/TIMEOUT$/.test(code)) {
    return `the body of the response broke off before its end${named(failure)}`
  }
  if (sentence !== undefined) return `${sentence}${named(failure)}`
  if (closed.test(code)) return `${closedEarly(failure)}${named(failure)}`
  // A browser says no more to a page.
  if (/^(failed to fetch|networkerror|load failed)/i.test(failure.message)) {
    return "the browser could not send the request, and does not say why: the network, the certificate or CORS"
  }
  if (/ (Encode|InvalidUrl)$/.test(failure.reason)) return `nothing was sent: ${failure.message}`
  const said = saidBy(failure)
  return `no response arrived (${failure.reason}${said === "" ? "" : `: ${said}`})`
}
