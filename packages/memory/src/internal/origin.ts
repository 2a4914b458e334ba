/** Whether only programs of this machine reach the host. A browser resolves `*.localhost` to loopback too. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host)

const isAddress = (host: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i.test(host)

/** The name in a `Host` header, or in an origin after its scheme, without the port. */
const nameOf = (authority: string): string | undefined =>
  /^(\[[0-9a-f:.]*\]|[^:/?#@\s]+)(?::\d*)?$/i.exec(authority)?.[1]?.toLowerCase()

/**
 * Whether a server accepts requests for this `Host`. A page of another site can let its own name resolve to this machine
 * (DNS rebinding), but it cannot do so with an address or with `localhost`.
 */
export const isServed = (authority: string, hosts: ReadonlyArray<string>): boolean => {
  const name = nameOf(authority)
  // A catalog is made of it, so it has to be part of a URL.
  if (name === undefined || !URL.canParse(`http://${authority}`)) return false
  return isLoopback(name) || isAddress(name) || hosts.some((host) => host === "*" || host.toLowerCase() === name)
}

/** Whether an `Origin` header names a page that this machine serves to itself. */
export const isLoopbackOrigin = (origin: string): boolean => {
  const name = nameOf(/^https?:\/\/([^/?#]+)$/i.exec(origin)?.[1] ?? "")
  return name !== undefined && isLoopback(name)
}
