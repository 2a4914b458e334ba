/**
 * The proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in small letters or capitals. They mean
 * what they mean to Python's requests, which openstacksdk uses, and to curl.
 */
import { BlockList, isIP } from "node:net"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as Secrets from "@effect-glance/core/Secrets"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** How connections to the cloud are made secure. The certificates and the key are PEM. */
export interface Tls {
  readonly rejectUnauthorized?: boolean | undefined
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** A variable: the one in small letters first. One that is set to nothing is as good as unset. */
const variable = (name: string): Effect.Effect<{ readonly name: string; readonly value: string } | undefined> =>
  Effect.gen(function* () {
    for (const each of [name.toLowerCase(), name]) {
      const value = yield* Effect.orElseSucceed(Config.string(each), () => "")
      if (value.trim() !== "") return { name: each, value: value.trim() }
    }
    return undefined
  })

/** Whether an address is in a range such as `10.0.0.0/8`. */
const isInRange = (host: string, range: string): boolean => {
  const [address = "", bits = ""] = range.split("/")
  const family = isIP(address)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false
  }
  const kind = family === 4 ? "ipv4" : "ipv6"
  const list = new BlockList()
  list.addSubnet(address, Number(bits), kind)
  return list.check(host, kind)
}

/** Whether `NO_PROXY` names a host: by `*`, its name, a domain above it, its address or a range of addresses. */
const isExcepted = (exceptions: ReadonlyArray<string>, { hostname, port, protocol }: URL): boolean => {
  const host = hostname.replace(/^\[|\]$/g, "").toLowerCase()
  const realPort = port === "" ? (protocol === "https:" ? "443" : "80") : port
  return exceptions.some((exception) => {
    if (exception === "*") return true
    if (exception.includes("/")) return isInRange(host, exception)
    const [, name = "", wantedPort] = /^(?:\*?\.)?(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(exception) ?? []
    if (wantedPort !== undefined && wantedPort !== realPort) return false
    const bare = name.replace(/^\[|\]$/g, "")
    return bare !== "" && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)))
  })
}

/** A failure of every request, since without its proxy it would go another way than the variable says. */
const refusal = (name: string): Error =>
  Object.assign(new Error(`${name} is not the URL of a proxy that begins with http:// or https://`), {
    code: "ERR_INVALID_PROXY"
  })

const agentFor = (name: string, value: string, tls: Tls): Undici.Dispatcher | Error => {
  try {
    const url = value.includes("://") ? value : `http://${value}`
    // Its user would be looked up as a host, and shown.
    if (Secrets.hasDubiousHost(url)) return refusal(name)
    const uri = new URL(url)
    if (uri.protocol !== "http:" && uri.protocol !== "https:") return refusal(name)
    const { ca, rejectUnauthorized } = tls
    return new Undici.ProxyAgent({
      uri: uri.href,
      requestTls: tls,
      proxyTls: { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: rejectUnauthorized ?? true },
      // Proxies refuse tunnels to ports that are not those of TLS.
      proxyTunnel: false
    })
  } catch {
    return refusal(name)
  }
}

/** Chooses the proxy of a request by its URL. */
class Chooser extends Undici.Dispatcher {
  constructor(readonly choose: (origin: URL) => Undici.Dispatcher | Error) {
    super()
  }

  override dispatch(options: Undici.Dispatcher.DispatchOptions, handler: Undici.Dispatcher.DispatchHandler): boolean {
    const chosen = this.choose(new URL(String(options.origin)))
    if (chosen instanceof Error) throw chosen
    return chosen.dispatch(options, handler)
  }
}

/** Connections through the proxies that the variables name, else straight to the cloud. Scoped: they are closed. */
export const dispatcher = (tls: Tls = {}): Effect.Effect<Undici.Dispatcher, never, Scope.Scope> =>
  Effect.gen(function* () {
    const opened = <A extends Undici.Dispatcher | Error>(make: () => A) =>
      Effect.acquireRelease(Effect.sync(make), (agent) =>
        agent instanceof Error ? Effect.void : Effect.promise(() => agent.destroy())
      )
    const straight = yield* opened(() => new Undici.Agent({ connect: tls }))
    const all = yield* variable("ALL_PROXY")
    const [http = all, https = all] = [yield* variable("HTTP_PROXY"), yield* variable("HTTPS_PROXY")]
    if (http === undefined && https === undefined) return straight
    const exceptions = ((yield* variable("NO_PROXY"))?.value ?? "")
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((exception) => exception !== "")
    const proxyOf = (of: typeof http) =>
      of === undefined ? Effect.succeed(straight) : opened(() => agentFor(of.name, of.value, tls))
    const [httpProxy, httpsProxy] = [yield* proxyOf(http), yield* proxyOf(https)]
    return new Chooser((origin): Undici.Dispatcher | Error => {
      if (isExcepted(exceptions, origin)) return straight
      return origin.protocol === "https:" ? httpsProxy : httpProxy
    })
  })

/** {@link dispatcher} for a cloud whose certificate the machine trusts. */
export const layer = Layer.scoped(NodeHttpClient.Dispatcher, dispatcher())
