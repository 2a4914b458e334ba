import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { InvalidCloudSetting, MissingCloudSetting } from "../CloudConfigError.js"
import { type CloudSettings, environment } from "./cloudSettings.js"
import * as Settings from "./settings.js"

/** Settings that the login of a cloud may need. They stand in `auth` or beside it. */
export const authSettings = [
  "auth_url",
  "username",
  "user_name",
  "user_id",
  "user_domain_id",
  "user_domain_name",
  "password",
  "passcode",
  "auth_methods",
  "token",
  "auth_token",
  "application_credential_id",
  "application_credential_name",
  "application_credential_secret",
  "api_key",
  "project_id",
  "project_name",
  "tenant_id",
  "tenant_name",
  "project_domain_id",
  "project_domain_name",
  "domain_id",
  "domain_name",
  "default_domain_id",
  "default_domain_name",
  "system_scope",
  "trust_id",
  "endpoint",
  "url"
] as const

/** All other settings. */
export const topSettings = [
  "auth_type",
  "profile",
  "region_name",
  "interface",
  "endpoint_type",
  "image_region_name",
  "image_interface",
  "image_endpoint_type",
  "image_endpoint_override",
  "image_endpoint",
  "image_api_version",
  "api_timeout",
  "insecure",
  "verify",
  "cacert",
  "cert",
  "key"
] as const

type AuthSetting = (typeof authSettings)[number]
type TopSetting = (typeof topSettings)[number]

type Checked<A> = Either.Either<A, InvalidCloudSetting>

const faces = ["public", "internal", "admin"] as const

/** A word for a boolean, or nothing for any other. */
const booleanOf = (value: Settings.Value | undefined): boolean | undefined => {
  if (value instanceof Settings.Flag) return value.value
  const text = Settings.textOf(value)?.toLowerCase()
  return text === "true" || text === "false" ? text === "true" : undefined
}

/** The settings of a cloud, each read as what it is, and called in complaints as whoever set it calls it. */
export const make = ({ auth, called, cloud, source, top }: CloudSettings, home: string | undefined) => {
  const place = { source, cloud }
  const byVariables = source === environment
  const variable = (key: string): string => `OS_${key.toUpperCase()}`
  const named = (key: string): string => {
    const name = called.get(key) ?? key
    return byVariables ? variable(name) : name
  }
  const inAuth = (key: string): string => (byVariables ? variable(key) : `auth.${key}`)

  const given = Settings.textOf(top.get("auth_type"))
  const authType = given === undefined || given === "None" ? "none" : given

  const invalid = (key: string, reason: string) => Either.left(new InvalidCloudSetting({ ...place, key, reason }))
  const missing = (...keys: ReadonlyArray<string>) => Either.left(new MissingCloudSetting({ ...place, keys, authType }))

  /** `{region_name}` and the like stand for other settings. */
  const filled = (key: string, text: string): Checked<string> => {
    let unknown = false
    const result = text.replace(/\{\{|\}\}|\{(\w+)\}|[{}]/g, (whole, name) => {
      if (whole.length === 2) return whole.slice(1)
      const value = name === undefined ? undefined : Settings.textOf(top.get(name))
      unknown ||= value === undefined
      return value ?? ""
    })
    return unknown ? invalid(key, "has braces that stand for no other setting") : Either.right(result)
  }

  const text = (key: TopSetting): Checked<string | undefined> => {
    const value = Settings.textOf(top.get(key))
    return value === undefined ? Either.right(undefined) : filled(named(key), value)
  }

  /** A setting of the login, by its name, or that of older files. */
  const option = (key: AuthSetting, older: AuthSetting = key): string | undefined => {
    const from = (settings: Settings.Mapping) => Settings.textOf(settings.get(settings.has(key) ? key : older))
    return from(auth) ?? from(top)
  }

  const url = (key: string, value: string): Checked<string> =>
    /^https?:\/\/[^\s/]/i.test(value)
      ? Either.right(value)
      : invalid(key, "is no URL that begins with http:// or https://")

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

    /** A setting that the login cannot do without. */
    secret: (key: AuthSetting) => {
      const value = option(key)
      return value === undefined ? missing(inAuth(key)) : Either.right(Redacted.make(value))
    },

    authUrl: Either.gen(function* () {
      const key = inAuth("auth_url")
      const value = option("auth_url")
      return value === undefined ? yield* missing(key) : yield* url(key, yield* filled(key, value))
    }),

    /** A list, or a text with commas. */
    list: (key: AuthSetting) => {
      const value = auth.get(key) ?? top.get(key)
      return Array.isArray(value)
        ? value.map((each: Settings.Value) => Settings.textOf(each) ?? "")
        : Settings.textOf(value)?.split(",")
    },

    url: (key: TopSetting) =>
      Either.flatMap(text(key), (value) => (value === undefined ? Either.right(undefined) : url(named(key), value))),
    optionUrl: (key: AuthSetting, older: AuthSetting) => {
      const value = option(key, older)
      return value === undefined ? Either.right(undefined) : url(inAuth(key), value)
    },

    flag: (key: TopSetting) => booleanOf(top.get(key)),

    seconds: (key: TopSetting) =>
      Either.flatMap(text(key), (value) => {
        if (value === undefined) return Either.right(Option.none())
        const seconds = Number(value)
        return seconds > 0 && Number.isFinite(seconds)
          ? Either.right(Option.some(Duration.seconds(seconds)))
          : invalid(named(key), "is no number of seconds")
      }),

    /** `publicURL` is the older spelling of `public`. */
    face: (key: TopSetting) =>
      Either.flatMap(text(key), (value) => {
        const known = faces.find((each) => each === value?.replace(/URL$/, ""))
        return value === undefined || known !== undefined
          ? Either.right(known)
          : invalid(named(key), `is ${JSON.stringify(value)} and none of ${faces.join(", ")}`)
      }),

    /** Keys of `auth` that are in no login: slips of the pen. What is no name at all may be what belongs to one. */
    strangers: [...auth].flatMap(([key, value]) => {
      const known: ReadonlyArray<string> = authSettings
      if (known.includes(key) || value === null) return []
      return [/^[a-z][a-z_]*$/.test(key) ? `auth.${key}` : "a key of auth"]
    })
  }
}

export type Reader = ReturnType<typeof make>
