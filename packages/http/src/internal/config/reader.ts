import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { InvalidCloudSetting, MissingCloudSetting } from "../../CloudConfigError.js"
import * as CloudKeys from "./keys.js"
import { type CloudSettings, environment } from "./settings.js"
import * as Settings from "./values.js"

type AuthSetting = (typeof CloudKeys.authSettings)[number]
type TopSetting = (typeof CloudKeys.topSettings)[number]

type Checked<A> = Either.Either<A, InvalidCloudSetting>

const faces = ["public", "internal", "admin"] as const

/** Reads a boolean. Returns nothing for any other text. */
const booleanOf = (value: Settings.Value | undefined): boolean | undefined => {
  if (value instanceof Settings.Flag) return value.value
  const text = Settings.textOf(value)?.toLowerCase()
  return text === "true" || text === "false" ? text === "true" : undefined
}

/**
 * The login that the settings mean if no auth type is given. With a password it is that of openstacksdk, which reads
 * nothing but the password.
 */
const meantBy = (auth: Settings.Mapping, top: Settings.Mapping): string => {
  const has = (...keys: ReadonlyArray<string>): boolean =>
    keys.some((key) => (Settings.textOf(auth.get(key)) ?? Settings.textOf(top.get(key))) !== undefined)
  if (has("password")) return "password"
  if (has("application_credential_id", "application_credential_name", "application_credential_secret")) {
    return "v3applicationcredential"
  }
  if (has("token"))
    return !has("auth_url") && has("endpoint", "url", "image_endpoint_override") ? "admin_token" : "token"
  if (has("passcode")) return "v3totp"
  return has("api_key") ? "rackspace_apikey" : "password"
}

/** Returns the auth type, given or derived. */
const authTypeOf = ({ auth, top }: CloudSettings): string => {
  if (!top.has("auth_type")) return meantBy(auth, top)
  const given = Settings.textOf(top.get("auth_type"))
  return given === undefined || given === "None" ? "none" : given
}

/** Replaces `{region_name}` and the like with settings. Returns nothing if one of them is not set. */
const filledFrom = (top: Settings.Mapping, text: string): string | undefined => {
  let isUnknown = false
  const result = text.replace(/\{\{|\}\}|\{(\w+)\}|[{}]/g, (whole, name) => {
    if (whole.length === 2) return whole.slice(1)
    const value = name === undefined ? undefined : Settings.textOf(top.get(name))
    isUnknown ||= value === undefined
    return value ?? ""
  })
  return isUnknown ? undefined : result
}

/** Returns the first key of `auth` that no supported login has, and a reason. */
const strangerIn = (
  auth: Settings.Mapping,
  inAuth: (key: string) => string
): Option.Option<readonly [key: string, reason: string]> => {
  const isKnown = (key: string) => (CloudKeys.authSettings as ReadonlyArray<string>).includes(key)
  const found = [...auth].find(([key, value]) => value !== null && !isKnown(key))
  return Option.map(Option.fromNullable(found), ([key]) => {
    if (CloudKeys.shownKey(key) === undefined) return ["a key of auth", "is no setting of any login"]
    const login = CloudKeys.foreignLogin(key)
    if (login !== undefined) return [inAuth(key), `belongs to the login "${login}", which is not supported`]
    const near = CloudKeys.nearest(key, CloudKeys.authSettings)
    return [inAuth(key), `is no setting of any login${near === undefined ? "" : `; is ${inAuth(near)} meant?`}`]
  })
}

/** Converts a setting, or returns why it is invalid. */
type Parse<A> = (value: string) => Either.Either<A, string>

const asUrl: Parse<string> = (value) =>
  /^https?:\/\/[^\s/]/i.test(value)
    ? Either.right(value)
    : Either.left("is no URL that begins with http:// or https://")

const asSeconds: Parse<Duration.Duration> = (value) => {
  const seconds = Number(value)
  return seconds > 0 && Number.isFinite(seconds)
    ? Either.right(Duration.seconds(seconds))
    : Either.left("is no number of seconds")
}

/** `publicURL` is the older spelling of `public`. */
const asFace: Parse<(typeof faces)[number]> = (value) => {
  const face = faces.find((each) => each === value.replace(/URL$/, ""))
  return face === undefined
    ? Either.left(`is ${JSON.stringify(value)} and none of ${faces.join(", ")}`)
    : Either.right(face)
}

/** Names a setting as the user does: by its key in the file, or by the variable. */
const namesOf = ({ called, source }: CloudSettings) => {
  const byVariables = source === environment
  const variable = (key: string): string => `OS_${key.toUpperCase()}`
  const named = (key: string): string => {
    const name = called.get(key) ?? key
    return byVariables ? variable(name) : name
  }
  const inAuth = (key: string): string => (byVariables ? variable(key) : `auth.${key}`)
  return { named, inAuth }
}

/** A list, or a text with commas. */
const listOf = (value: Settings.Value | undefined): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.map((each: Settings.Value) => Settings.textOf(each) ?? "")
    : Settings.textOf(value)?.split(",")

/** Reads the settings of a cloud. Errors name them as the user does. */
export const make = (settings: CloudSettings, home: string | undefined) => {
  const { auth, cloud, source, top } = settings
  const place = { source, cloud }
  const { inAuth, named } = namesOf(settings)
  const authType = authTypeOf(settings)

  const invalid = (key: string, reason: string) => Either.left(new InvalidCloudSetting({ ...place, key, reason }))
  const parsed = <A>(key: string, value: string, parse: Parse<A>): Checked<A> =>
    Either.mapLeft(parse(value), (reason) => new InvalidCloudSetting({ ...place, key, reason }))
  const missing = (...keys: ReadonlyArray<string>) => Either.left(new MissingCloudSetting({ ...place, keys, authType }))

  const filled = (key: string, text: string): Checked<string> => {
    const result = filledFrom(top, text)
    return result === undefined ? invalid(key, "has braces that stand for no other setting") : Either.right(result)
  }

  const text = (key: TopSetting): Checked<string | undefined> => {
    const value = Settings.textOf(top.get(key))
    return value === undefined ? Either.right(undefined) : filled(named(key), value)
  }

  /** Reads a setting of the login by its name, or by an older name. */
  const option = (key: AuthSetting, older: AuthSetting = key): string | undefined => {
    const from = (settings: Settings.Mapping) => Settings.textOf(settings.get(settings.has(key) ? key : older))
    return from(auth) ?? from(top)
  }

  const setting = <A>(key: TopSetting, parse: Parse<A>): Checked<A | undefined> =>
    Either.flatMap(text(key), (value) =>
      value === undefined ? Either.right(undefined) : parsed(named(key), value, parse)
    )

  const path = (key: TopSetting) =>
    Either.map(text(key), (file) =>
      Option.map(Option.fromNullable(file), (file) =>
        home === undefined ? file : file.replace(/^~(?=\/|$)/, () => home)
      )
    )

  return {
    place,
    authType,
    named,
    inAuth,
    invalid,
    missing,
    text,
    option,
    path,

    /** Reads a required secret of the login. */
    secret: (key: AuthSetting) => {
      const value = option(key)
      return value === undefined ? missing(inAuth(key)) : Either.right(Redacted.make(value))
    },

    authUrl: Either.gen(function* () {
      const key = inAuth("auth_url")
      const value = option("auth_url")
      return value === undefined ? yield* missing(key) : yield* parsed(key, yield* filled(key, value), asUrl)
    }),

    list: (key: AuthSetting) => listOf(auth.get(key) ?? top.get(key)),
    url: (key: TopSetting) => setting(key, asUrl),
    optionUrl: (key: AuthSetting, older: AuthSetting) => {
      const value = option(key, older)
      return value === undefined ? Either.right(undefined) : parsed(inAuth(key), value, asUrl)
    },

    flag: (key: TopSetting) => booleanOf(top.get(key)),
    seconds: (key: TopSetting) => Either.map(setting(key, asSeconds), Option.fromNullable),
    face: (key: TopSetting) => setting(key, asFace),
    stranger: strangerIn(auth, inAuth)
  }
}

/** Returns warnings about unknown keys beside `auth`, with the nearest setting. */
export const unknownKeys = ({ called, cloud, source, top }: CloudSettings): ReadonlyArray<string> => {
  const unknown = [...top.keys()].filter((key) => !CloudKeys.isKnown(key))
  const shown = unknown.slice(0, maxUnknown).map((key) => {
    const name = CloudKeys.shownKey(key) === undefined ? "a key" : (called.get(key) ?? key)
    const near = CloudKeys.nearest(key)
    return `${source}: cloud ${JSON.stringify(cloud)}: ${name} is no setting and is ignored${near === undefined ? "" : `; is ${near} meant?`}`
  })
  const more = unknown.length - shown.length
  return more === 0 ? shown : [...shown, `${source}: cloud ${JSON.stringify(cloud)}: ${more} more keys are no settings`]
}

/** The most warnings. */
const maxUnknown = 10

export type Reader = ReturnType<typeof make>
