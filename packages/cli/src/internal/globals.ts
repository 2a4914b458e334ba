/** The options that every command accepts, before or after its name: the cloud, the login, and how much is logged. */
import * as Arguments from "./arguments.js"
import * as Parameters from "./parameters.js"

/** The settings of `clouds.yaml` and of the `OS_*` variables that have an option of the same name. */
const settings: Readonly<Record<string, string>> = {
  auth_type: "Type of the login",
  auth_url: "URL of Keystone",
  username: "Name of the user",
  user_id: "ID of the user",
  user_domain_id: "ID of the user's domain",
  user_domain_name: "Name of the user's domain",
  password: "Password",
  passcode: "One-time password",
  token: "Token",
  application_credential_id: "ID of an application credential",
  application_credential_name: "Name of an application credential",
  application_credential_secret: "Secret of an application credential",
  project_id: "ID of the project",
  project_name: "Name of the project",
  project_domain_id: "ID of the project's domain",
  project_domain_name: "Name of the project's domain",
  domain_id: "ID of the domain that the token is for",
  domain_name: "Name of the domain that the token is for",
  default_domain: "ID of the domain of users and projects without one",
  system_scope: 'Makes the token one for the whole system, if it is "all"',
  trust_id: "ID of a trust",
  endpoint: "URL of the image service, for a login without a catalog",
  region_name: "Name of the region",
  interface: "Interface of the endpoint",
  image_endpoint_override: "URL of the image service, instead of that of the catalog",
  image_api_version: "Version of the Image API, which is 2",
  cacert: "File of trusted certificates",
  cert: "File of the client's certificate",
  key: "File of the certificate's key"
}

const choices: Readonly<Record<string, ReadonlyArray<string>>> = { interface: ["admin", "public", "internal"] }

/** Options of `openstack` that change nothing for images. */
const withoutEffect = [
  ...["compute", "identity", "network", "object", "volume"].map((service) => `--os-${service}-api-version`),
  ...["--os-service-provider", "--os-remote-project-name", "--os-remote-project-id"],
  ...["--os-remote-project-domain-name", "--os-remote-project-domain-id", "--os-profile", "--log-file"]
]

const older: Readonly<Record<string, string>> = { "--os-tenant-id": "project_id", "--os-tenant-name": "project_name" }

const hiddenText = (name: string) => Parameters.text(name, "", { hidden: true })

const parameters = {
  cloud: Parameters.text("--os-cloud", "Name of the cloud in clouds.yaml (or OS_CLOUD)", { metavar: "<name>" }),
  verify: Parameters.flag("--verify", "Require a trusted certificate (default)", { group: "certificate" }),
  insecure: Parameters.flag("--insecure", "Trust any certificate", { group: "certificate" }),
  debug: Parameters.flag("--debug", "Print all requests, without secrets"),
  quiet: Parameters.flag("-q", "Print no warnings"),
  verbose: Parameters.flag("-v", "Print more about what is done"),
  timing: Parameters.flag("--timing", "", { hidden: true }),
  beta: Parameters.flag("--os-beta-command", "", { hidden: true }),
  version: Parameters.flag("--version", "Print the version"),
  help: Parameters.flag("-h", "Print help")
}

const settingParameters = Object.fromEntries(
  Object.entries(settings).map(([name, help]) => [
    name,
    Parameters.text(`--os-${name.replaceAll("_", "-")}`, `${help} (or OS_${name.toUpperCase()})`, {
      metavar: "<text>",
      choices: choices[name]
    })
  ])
)

const ignoredParameters = Object.fromEntries(withoutEffect.map((name) => [name, hiddenText(name)]))

const olderParameters = Object.fromEntries(Object.keys(older).map((name) => [name, hiddenText(name)]))

export interface Globals {
  readonly cloud: string | undefined
  /** Settings of the command line, by their names in `clouds.yaml`. */
  readonly settings: Readonly<Record<string, string>>
  readonly debug: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly version: boolean
  readonly help: boolean
}

const longNames: Readonly<Record<string, string>> = { "-q": "--quiet", "-v": "--verbose", "-h": "--help" }

const parserOf = (program: string) => {
  const parser = Arguments.makeParser({
    prog: program,
    usage: `${program} [options] COMMAND ...`,
    add_help: false,
    allow_abbrev: false
  })
  for (const [key, { flags }] of Object.entries(parameters)) {
    for (const { name, settings } of flags) {
      const long = longNames[name]
      parser.add_argument(name, ...(long === undefined ? [] : [long]), { ...settings, dest: key })
    }
  }
  for (const group of [settingParameters, olderParameters, ignoredParameters]) Arguments.addParameters(parser, group)
  return parser
}

/** Takes the global options out of a command line, and returns the words that are left. */
export const parse = (
  program: string,
  words: ReadonlyArray<string>
): { readonly globals: Globals; readonly rest: ReadonlyArray<string> } => {
  const [found, rest] = parserOf(program).parse_known_args([...words])
  const { cloud, debug, help, insecure, quiet, verbose, version } = Arguments.readParameters(parameters, found)
  const given = [...Object.keys(settings), ...Object.keys(older)].flatMap((name) => {
    const value: unknown = found[name]
    return typeof value === "string" && value !== "" ? [[older[name] ?? name, value] as const] : []
  })
  return {
    globals: {
      cloud: cloud || undefined,
      settings: { ...Object.fromEntries(given), ...(insecure ? { insecure: "true" } : {}) },
      debug,
      quiet,
      verbose,
      version,
      help
    },
    rest
  }
}

/** The part of the help that is the same for every command. */
export const help = (program: string): string => parserOf(program).format_help()
