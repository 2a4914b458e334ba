import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type CloudConfigError, InvalidCloudSetting, UnknownCloud } from "../../CloudConfigError.js"
import { authSettings } from "./keys.js"
import * as Settings from "./values.js"

/** The name of the cloud that the variables describe, in messages. */
export const environment = "the environment"

export interface Place {
  readonly source: string
  readonly cloud: string
}

/** The settings of one cloud in one region, merged from all sources, under their current names. */
export interface CloudSettings extends Place {
  readonly region: string | undefined
  readonly auth: Settings.Mapping
  /** All but `auth`. */
  readonly top: Settings.Mapping
  /** The names of settings of `top` in their source. */
  readonly called: ReadonlyMap<string, string>
}

export interface Sources {
  readonly file: string | undefined
  readonly clouds: Settings.Mapping
  /** The profiles in the file of public clouds. */
  readonly profiles: Settings.Mapping
  /** The cloud of the variables. */
  readonly environment: { readonly name: string; readonly settings: Settings.Mapping } | undefined
  readonly searched: ReadonlyArray<string>
}

/** The profiles that need no file. Those of other vendors change too often. */
const shippedProfiles: Settings.Mapping = new Map([
  [
    "rackspace",
    new Map<string, Settings.Value>([
      ["auth", new Map([["auth_url", "https://identity.api.rackspacecloud.com/v2.0/"]])],
      ["regions", ["DFW", "HKG", "IAD", "ORD", "SYD", "LON"]]
    ])
  ]
])

/** The defaults of every cloud. */
const defaults: Settings.Mapping = new Map([["interface", "public"]])

interface Region {
  readonly name: string
  readonly values: Settings.Mapping
}

/** Finds a cloud by name. Without a name, it is the cloud of the variables, or the only one. */
export const choose = (
  { clouds, environment: variables, file, searched }: Sources,
  wanted: string | undefined
): Either.Either<Place & { readonly own: Settings.Mapping }, CloudConfigError> => {
  const known = [...clouds.keys(), ...(variables === undefined ? [] : [variables.name])]
  const cloud = wanted ?? variables?.name ?? (known.length === 1 ? known[0] : undefined)
  if (cloud === undefined || !known.includes(cloud)) {
    return Either.left(
      new UnknownCloud({
        cloud: Option.fromNullable(cloud),
        file: Option.fromNullable(file),
        known,
        searched
      })
    )
  }
  if (cloud === variables?.name) return Either.right({ source: environment, cloud, own: variables.settings })
  const own = clouds.get(cloud)
  const place = { source: file ?? environment, cloud }
  return Settings.isMapping(own)
    ? Either.right({ ...place, own: Settings.underscored(own) })
    : Either.left(new InvalidCloudSetting({ ...place, key: "it", reason: "holds no settings" }))
}

const regionOf = (place: Place, entry: Settings.Value): Either.Either<Region, InvalidCloudSetting> => {
  if (!Settings.isMapping(entry)) {
    const name = Settings.textOf(entry)
    if (name !== undefined) return Either.right({ name, values: Settings.empty })
  } else {
    const name = Settings.textOf(entry.get("name"))
    if (name !== undefined && [...entry.keys()].every((key) => key === "name" || key === "values")) {
      return Either.right({ name, values: Settings.mappingAt(entry, "values") })
    }
  }
  const reason = "has an entry that is neither a name nor a mapping of name and values"
  return Either.left(new InvalidCloudSetting({ ...place, key: "regions", reason }))
}

/** Returns the regions in settings: a list, or a text with commas. */
const regionsIn = (settings: Settings.Mapping): ReadonlyArray<Settings.Value> | undefined => {
  for (const key of ["regions", "region_name"]) {
    const value = settings.get(key)
    if (Array.isArray(value)) return value
    const text = Settings.textOf(value)
    if (text !== undefined) return text.split(",")
  }
  return undefined
}

/** Merges the settings of a cloud and its profile as openstacksdk does. */
export const settle = (
  sources: Sources,
  wanted: string | undefined,
  wantedRegion: string | undefined,
  given: Settings.Mapping = Settings.empty
): Either.Either<CloudSettings, CloudConfigError> =>
  Either.gen(function* () {
    const { own, ...place } = yield* choose(sources, wanted)
    const invalid = (key: string, reason: string) => Either.left(new InvalidCloudSetting({ ...place, key, reason }))

    const profileName = Settings.textOf(own.get("profile") ?? own.get("cloud"))
    const profile = profileName === undefined ? Settings.empty : profileOf(sources, profileName)
    if (profile === undefined) {
      const known = [...shippedProfiles.keys(), ...sources.profiles.keys()].map((name) => JSON.stringify(name))
      return yield* invalid(
        own.has("profile") ? "profile" : "cloud",
        `is ${JSON.stringify(profileName)}, which is neither shipped nor in a clouds-public.yaml; there is ${known.join(", ")}`
      )
    }
    for (const [what, settings] of [
      ["auth", own],
      ["auth of its profile", profile]
    ] as const) {
      const auth = settings.get("auth")
      if (auth !== undefined && auth !== null && !Settings.isMapping(auth)) yield* invalid(what, "is no mapping")
    }
    const base = Settings.overlaid(Settings.overlaid(defaults, profile), own)

    const regions = yield* Either.all(
      (regionsIn(own) ?? regionsIn(profile) ?? []).map((entry) => regionOf(place, entry))
    )
    const region = wantedRegion === undefined ? regions[0] : regions.find(({ name }) => name === wantedRegion)
    if (wantedRegion !== undefined && region === undefined && regions.length > 0) {
      const names = regions.map(({ name }) => JSON.stringify(name)).join(", ")
      yield* invalid("region", `${JSON.stringify(wantedRegion)} is none of its regions: ${names}`)
    }
    const values = new Map(
      [...Settings.underscored(region?.values ?? Settings.empty)].filter(([, value]) => value !== null)
    )
    const name = region?.name ?? wantedRegion
    const all = Settings.overlaid(base, values)

    const top = new Map<string, Settings.Value>()
    const called = new Map<string, string>()
    for (const [key, value] of all) {
      const today = key.replace(/endpoint_type$/, "interface")
      top.set(today, value)
      called.set(today, key)
    }
    top.delete("auth")
    top.delete("regions")
    top.set("region_name", name ?? null)
    const within = new Map(Settings.mappingAt(all, "auth"))
    for (const [key, value] of given) {
      for (const rival of [key, ...rivalsOf(key)]) {
        within.delete(rival)
        top.delete(rival)
      }
      if ((authSettings as ReadonlyArray<string>).includes(key)) within.set(key, value)
      else top.set(key, value)
    }
    const auth = authOf(within, top)
    for (const moved of Object.values(names).flat()) top.delete(moved)
    return { ...place, region: name, top, called, auth }
  })

/** The settings that a setting overrides: the id if a name is given, and the other way round, with their older names. */
const rivalsOf = (key: string): ReadonlyArray<string> => {
  const [, whose, kind] = /^(project|user|domain|user_domain|project_domain)_(id|name)$/.exec(key) ?? []
  if (key === "username") return ["user_name", "user_id"]
  if (key === "user_id") return ["username", "user_name"]
  if (whose === undefined) return []
  const other = `${whose}_${kind === "id" ? "name" : "id"}`
  return whose === "project" ? [other, "tenant_id", "tenant_name"] : [other]
}

const profileOf = ({ profiles }: Sources, name: string): Settings.Mapping | undefined => {
  const found = profiles.get(name) ?? shippedProfiles.get(name)
  return Settings.isMapping(found) ? Settings.underscored(found) : undefined
}

/** All names of a setting of `auth`. The current name is the last, and wins. */
const names: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain_id: ["domain_id"],
  domain_name: ["domain_name"],
  user_domain_id: ["user_domain_id"],
  user_domain_name: ["user_domain_name"],
  project_domain_id: ["project_domain_id"],
  project_domain_name: ["project_domain_name"],
  token: ["auth_token", "token"],
  passcode: ["passcode"],
  project_id: ["tenant_id", "project_id"],
  project_name: ["tenant_name", "project_name"]
}

/**
 * Merges `auth` with the settings beside it. For the names above, the settings beside it win, as in openstacksdk since
 * 2023. For all others, those in `auth` win.
 */
const authOf = (within: Settings.Mapping, beside: Settings.Mapping): Settings.Mapping => {
  const auth = new Map(within)
  for (const [key, all] of Object.entries(names)) {
    let value: Settings.Value | undefined
    for (const name of all) value = Settings.textOf(beside.get(name)) ?? Settings.textOf(within.get(name)) ?? value
    for (const name of all) auth.delete(name)
    if (value !== undefined) auth.set(key, value)
  }
  // With a project, a single domain is that of the user and of the project.
  if (auth.has("project_id") || auth.has("project_name")) {
    for (const kind of ["id", "name"]) {
      const domain = auth.get(`domain_${kind}`)
      for (const whose of ["user", "project"]) {
        const key = `${whose}_domain_${kind}`
        if (domain !== undefined && !auth.has(key)) auth.set(key, domain)
      }
      auth.delete(`domain_${kind}`)
    }
  }
  return auth
}
