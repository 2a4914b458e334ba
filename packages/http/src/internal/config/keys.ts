/**
 * The names of the settings of a cloud: those that are read here, and those that openstacksdk and keystoneauth know and
 * that do not concern images.
 */

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
  "default_domain",
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

/** Settings of logins that are not supported here, each with one login that it belongs to. */
const foreignLogins: ReadonlyMap<string, string> = new Map([
  ["access_token", "v3oidcaccesstoken"],
  ["access_token_endpoint", "v3oidcpassword"],
  ["access_token_type", "v3oidcpassword"],
  ["discovery_endpoint", "v3oidcpassword"],
  ["openid_scope", "v3oidcpassword"],
  ["scope", "v3oidcpassword"],
  ["client_id", "v3oidcclientcredentials"],
  ["client_secret", "v3oidcclientcredentials"],
  ["code", "v3oidcauthcode"],
  ["authorization_code", "v3oidcauthcode"],
  ["redirect_uri", "v3oidcauthcode"],
  ["device_authorization_endpoint", "v3oidcdeviceauthz"],
  ["identity_provider", "v3oidcpassword"],
  ["identity_provider_url", "v3samlpassword"],
  ["protocol", "v3oidcpassword"],
  ["service_provider_endpoint", "v3adfspassword"],
  ["service_provider_entity_id", "v3adfspassword"],
  ["consumer_key", "v3oauth1"],
  ["consumer_secret", "v3oauth1"],
  ["access_key", "v3oauth1"],
  ["access_secret", "v3oauth1"],
  ["mutual_auth", "v3kerberos"],
  ["oauth_endpoint", "v3oauth2clientcredential"],
  ["oauth2_endpoint", "v3oauth2clientcredential"],
  ["oauth2_client_id", "v3oauth2clientcredential"],
  ["oauth2_client_secret", "v3oauth2clientcredential"]
])

/** The login of keystoneauth that a setting belongs to, if that login is not supported here. */
export const foreignLogin = (key: string): string | undefined => foreignLogins.get(key)

/** Settings beside `auth` that openstacksdk knows and that do not concern images. */
const otherSettings = [
  ..."auth cloud regions values name clouds auth_plugin timeout networks external_network internal_network".split(" "),
  ..."floating_ip_source nat_source nat_destination secgroup_source requires_floating_ip".split(" "),
  ..."disable_vendor_agent image_api_use_tasks image_format vendor_hook message status cache metrics".split(" "),
  ..."timing force_ipv4 prefer_ipv6 app_name app_version additional_user_agents description".split(" ")
]

const known: ReadonlySet<string> = new Set<string>([
  ...authSettings,
  ...topSettings,
  ...otherSettings,
  ...foreignLogins.keys()
])

/** Settings of one service of many, such as `compute_api_version`. */
const ofService =
  /^(?:[a-z][a-z0-9_]{0,60}_(?:api_version|default_microversion|endpoint_override|endpoint|service_name|service_type|interface|endpoint_type|region_name|connect_retries|connect_retry_delay|status_code_retries|status_code_retry_delay|retriable_status_codes|disabled_reason|rate_limit|min_version|max_version)|(?:has|os|x)_.*)$/

/** Whether a key beside `auth` is a setting of openstacksdk. */
export const isKnown = (key: string): boolean => known.has(key) || ofService.test(key)

/** Whether a word, with dashes or underscores, is the name of a setting, so that it can be shown. */
export const isKnownWord = (word: string): boolean => known.has(word.replaceAll("-", "_"))

/** The edit distance of two words: letters that are changed, removed, added or swapped with their neighbor. */
const distance = (left: string, right: string): number => {
  let [before, above]: [Array<number>, Array<number>] = [[], Array.from({ length: right.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= left.length; i++) {
    const row = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1
      const swapped =
        i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
          ? (before[j - 2] as number) + 1
          : Number.POSITIVE_INFINITY
      row.push(Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + same, swapped))
    }
    ;[before, above] = [above, row]
  }
  return above[right.length] as number
}

/** Returns the setting nearest to a misspelled key, of which at most a third of the letters differ. */
export const nearest = (key: string, settings: Iterable<string> = known): string | undefined => {
  if (key.length > 60) return undefined
  let best: { readonly name: string; readonly steps: number } | undefined
  for (const name of settings) {
    const steps = distance(key, name)
    if (steps <= Math.max(1, Math.floor(name.length / 3)) && (best === undefined || steps < best.steps)) {
      best = { name, steps }
    }
  }
  return best?.name
}

/** Returns a key if an error may show it. Text of another form may be a secret. */
export const shownKey = (key: string): string | undefined => (/^[a-z][a-z_]{0,60}$/.test(key) ? key : undefined)
