/** What is written where, and what it comes to. */
import type * as CloudConfig from "@effect-glance/http/CloudConfig"
import type { Machine, Resolved } from "./cloudConfig.js"

export interface Case extends Machine, CloudConfig.Selection {
  /** The end of a sentence that begins with: the cloud is … */
  readonly what: string
  /** Parts of what is resolved, or the sentence that says why nothing is. */
  readonly is: Partial<Resolved> | string
  /** Whether openstacksdk is asked, too. A sentence then means that it refuses as well. */
  readonly sdk?: true
}

const user = ".config/openstack"

/** A cloud of this name with this much. */
const basic = (name: string, more = "") => `
clouds:
  ${name}:
    auth:
      auth_url: https://${name}.test/v3
      username: alice
      user_domain_name: People
      password: secret
      project_name: alpha
      project_domain_id: default
${more}`

const auth = (name: string) => ({
  auth_url: `https://${name}.test/v3`,
  username: "alice",
  user_domain_name: "People",
  password: "secret",
  project_name: "alpha",
  project_domain_id: "default"
})

const whole = (name: string): Resolved => ({
  cloud: name,
  auth_type: "password",
  auth: auth(name),
  interface: "public",
  verify: true
})

/** A cloud with these settings in `auth`, and these beside it. */
const cloud = (within: Readonly<Record<string, unknown>>, beside: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ clouds: { c: { auth: { auth_url: "https://c.test/v3", ...within }, ...beside } } })

const one = (within: Readonly<Record<string, unknown>>, beside?: Readonly<Record<string, unknown>>) => ({
  files: { "cwd/clouds.json": cloud(within, beside) }
})

const openrc = {
  OS_AUTH_URL: "https://env.test/v3",
  OS_USERNAME: "alice",
  OS_USER_DOMAIN_NAME: "People",
  OS_PASSWORD: "secret",
  OS_PROJECT_NAME: "alpha",
  OS_PROJECT_DOMAIN_ID: "default"
}

const login = { username: "alice", user_domain_id: "d1", password: "secret" }

const yaml = (text: string) => ({ files: { "cwd/clouds.yaml": text } })

const place = '$ROOT/cwd/clouds.json: cloud "c":'

export const cases: ReadonlyArray<Case> = [
  // where files are
  { what: "that of the working directory", ...yaml(basic("here")), is: whole("here"), sdk: true },
  {
    what: "that of the working directory before the user's",
    files: { "cwd/clouds.yaml": basic("here"), [`home/${user}/clouds.yaml`]: basic("user") },
    is: whole("here"),
    sdk: true
  },
  { what: "the user's", files: { [`home/${user}/clouds.yaml`]: basic("user") }, is: whole("user"), sdk: true },
  {
    what: "that of XDG_CONFIG_HOME before that of the home directory",
    files: { "xdg/openstack/clouds.yaml": basic("xdg"), [`home/${user}/clouds.yaml`]: basic("user") },
    variables: { XDG_CONFIG_HOME: "$ROOT/xdg" },
    is: whole("xdg"),
    sdk: true
  },
  {
    what: "that of the real home directory within a snap",
    files: { [`snap/${user}/clouds.yaml`]: basic("snap"), "etc/xdg/openstack/clouds.yaml": basic("system") },
    variables: { SNAP_REAL_HOME: "$ROOT/snap" },
    is: whole("snap"),
    sdk: true
  },
  {
    what: "that of the home directory where XDG_CONFIG_HOME has none",
    files: { [`home/${user}/clouds.yaml`]: basic("user") },
    variables: { XDG_CONFIG_HOME: "$ROOT/xdg" },
    is: whole("user"),
    sdk: true
  },
  {
    what: "the system's",
    files: { "etc/xdg/openstack/clouds.yaml": basic("system") },
    is: whole("system"),
    sdk: true
  },
  {
    what: "the user's before the system's",
    files: { "etc/xdg/openstack/clouds.yaml": basic("system"), [`home/${user}/clouds.yaml`]: basic("user") },
    is: whole("user"),
    sdk: true
  },
  {
    what: "that of the second directory of XDG_CONFIG_DIRS",
    files: { "b/openstack/clouds.yaml": basic("second") },
    variables: { XDG_CONFIG_DIRS: "$ROOT/a:$ROOT/b" },
    is: whole("second")
  },
  {
    what: "that of the file that OS_CLIENT_CONFIG_FILE names",
    files: { "mine.yaml": basic("mine"), "cwd/clouds.yaml": basic("here") },
    variables: { OS_CLIENT_CONFIG_FILE: "$ROOT/mine.yaml" },
    is: whole("mine"),
    sdk: true
  },
  {
    what: "that of the usual places where OS_CLIENT_CONFIG_FILE names nothing",
    files: { "cwd/clouds.yaml": basic("here") },
    variables: { OS_CLIENT_CONFIG_FILE: "$ROOT/mine.yaml" },
    is: whole("here"),
    sdk: true
  },
  {
    what: "that of clouds.yaml before clouds.yml before clouds.json",
    files: { "cwd/clouds.json": cloud(login), "cwd/clouds.yml": basic("yml") },
    is: whole("yml"),
    sdk: true
  },
  {
    what: "that of JSON",
    ...one(login),
    is: { cloud: "c", auth: { auth_url: "https://c.test/v3", ...login } },
    sdk: true
  },
  {
    what: "that of the next file where one cannot be read",
    files: { "cwd/clouds.yaml": null, [`home/${user}/clouds.yaml`]: basic("user") },
    is: whole("user")
  },

  // secure.yaml
  {
    what: "one whose password is in secure.yaml",
    files: {
      "cwd/clouds.yaml":
        "clouds: {c: {auth: {auth_url: https://c.test/v3, username: alice, user_domain_id: d1}, region_name: north}}",
      [`home/${user}/secure.yaml`]: "clouds: {c: {auth: {password: hidden}}}"
    },
    is: { cloud: "c", region: "north", auth: { auth_url: "https://c.test/v3", ...login, password: "hidden" } },
    sdk: true
  },
  {
    what: "one whose password in secure.yaml wins",
    files: {
      "cwd/clouds.yaml": basic("c"),
      "cwd/secure.yaml": "clouds: {c: {auth: {password: hidden}}}"
    },
    is: { auth: { ...auth("c"), password: "hidden" } },
    sdk: true
  },
  {
    what: "one whose password is in the file that OS_CLIENT_SECURE_FILE names",
    files: {
      "cwd/clouds.yaml": basic("c"),
      "cwd/secure.yaml": "clouds: {c: {auth: {password: other}}}",
      "mine.yaml": "clouds: {c: {auth: {password: mine}}}"
    },
    variables: { OS_CLIENT_SECURE_FILE: "$ROOT/mine.yaml" },
    is: { auth: { ...auth("c"), password: "mine" } },
    sdk: true
  },

  // which cloud
  {
    what: "the one that OS_CLOUD names",
    ...yaml(`${basic("a")}${basic("b").replace("\nclouds:\n", "")}`),
    variables: { OS_CLOUD: "b" },
    is: whole("b"),
    sdk: true
  },
  {
    what: "the one that the program names, whatever OS_CLOUD says",
    ...yaml(`${basic("a")}${basic("b").replace("\nclouds:\n", "")}`),
    variables: { OS_CLOUD: "b" },
    cloud: "a",
    is: whole("a"),
    sdk: true
  },
  {
    what: "not there, and those that are there are told",
    ...yaml(`${basic("a")}${basic("b").replace("\nclouds:\n", "")}`),
    cloud: "c",
    is: '$ROOT/cwd/clouds.yaml: there is no cloud "c"; there are a and b',
    sdk: true
  },
  {
    what: "not named, where there are two",
    ...yaml(`${basic("a")}${basic("b").replace("\nclouds:\n", "")}`),
    is: "$ROOT/cwd/clouds.yaml: no cloud is named, by OS_CLOUD or by the program; there are a and b",
    sdk: true
  },
  {
    what: "not there, since nothing is",
    is: "no cloud is named, by OS_CLOUD or by the program; there is no clouds.yaml in $ROOT/cwd, $ROOT/home/.config/openstack, $ROOT/etc/xdg/openstack or /etc/openstack, and no variable says where one is",
    sdk: true
  },
  {
    what: "not there, in a file that is empty",
    ...yaml(""),
    cloud: "c",
    is: '$ROOT/cwd/clouds.yaml: there is no cloud "c"; there is none',
    sdk: true
  },

  // the variables
  {
    what: "that of the variables",
    variables: openrc,
    is: { ...whole("env"), cloud: "envvars" },
    sdk: true
  },
  {
    what: "that of the variables, though a file has one",
    ...yaml(basic("here")),
    variables: openrc,
    is: { ...whole("env"), cloud: "envvars" },
    sdk: true
  },
  {
    what: "that of the file where OS_CLOUD says so, untouched by the variables",
    ...yaml(basic("here")),
    variables: { ...openrc, OS_CLOUD: "here", OS_INTERFACE: "admin" },
    is: whole("here"),
    sdk: true
  },
  {
    what: "that of the file where there is but a region in the variables, which changes nothing",
    ...yaml(basic("here", "    region_name: north")),
    variables: { OS_REGION_NAME: "south" },
    is: { ...whole("here"), region: "north" },
    sdk: true
  },
  {
    what: "that of the variables by the name that OS_CLOUD_NAME gives it",
    ...yaml(basic("here")),
    variables: { ...openrc, OS_CLOUD_NAME: "mine", OS_CLOUD: "mine" },
    is: { ...whole("env"), cloud: "mine" },
    sdk: true
  },
  {
    what: "refused where a file has one of the name of the variables",
    ...yaml(basic("envvars")),
    is: '$ROOT/cwd/clouds.yaml: cloud "envvars": its name is that of the cloud that the OS_* variables describe; rename it, or set OS_CLOUD_NAME to another name',
    sdk: true
  },
  {
    what: "one of the variables with everything they can say",
    variables: {
      ...openrc,
      OS_REGION_NAME: "north",
      OS_INTERFACE: "internal",
      OS_IMAGE_ENDPOINT_OVERRIDE: "https://glance.test/v2",
      OS_CACERT: "~/ca.pem",
      OS_CERT: "/me.pem",
      OS_KEY: "/me.key",
      OS_API_TIMEOUT: "7.5"
    },
    is: {
      ...whole("env"),
      cloud: "envvars",
      region: "north",
      interface: "internal",
      endpoint: "https://glance.test/v2",
      verify: "$ROOT/home/ca.pem",
      cert: ["/me.pem", "/me.key"],
      timeout: 7.5
    },
    sdk: true
  },
  {
    what: "one of the variables that is not verified",
    variables: { ...openrc, OS_INSECURE: "True" },
    is: { cloud: "envvars", verify: false },
    sdk: true
  },
  {
    what: "one of variables that stand for a project as it was called before",
    variables: {
      OS_AUTH_URL: "https://env.test/v3",
      OS_USERNAME: "alice",
      OS_USER_DOMAIN_ID: "d1",
      OS_PASSWORD: "p",
      OS_TENANT_ID: "t1"
    },
    is: {
      auth: {
        auth_url: "https://env.test/v3",
        username: "alice",
        user_domain_id: "d1",
        password: "p",
        project_id: "t1"
      }
    },
    sdk: true
  },

  // regions
  {
    what: "in the first of its regions",
    ...yaml(basic("c", "    regions: [north, south]")),
    is: { ...whole("c"), region: "north" },
    sdk: true
  },
  {
    what: "in the region that is asked for, with what it says of that",
    ...yaml(
      basic(
        "c",
        `    interface: internal
    regions:
      - north
      - name: south
        values:
          auth: {auth_url: https://south.test/v3}
          interface: admin
          image_endpoint_override: https://glance.south.test`
      )
    ),
    region: "south",
    is: {
      ...whole("c"),
      auth: { ...auth("c"), auth_url: "https://south.test/v3" },
      region: "south",
      interface: "admin",
      endpoint: "https://glance.south.test"
    },
    sdk: true
  },
  {
    what: "in the first region, which has no values, with what the cloud says",
    ...yaml(
      basic("c", "    interface: internal\n    regions: [{name: north}, {name: south, values: {interface: admin}}]")
    ),
    is: { region: "north", interface: "internal" },
    sdk: true
  },
  {
    what: "in a region whose values are nothing, with what the cloud says",
    ...yaml(basic("c", "    interface: internal\n    regions: [{name: north, values: {interface: null}}]")),
    is: { region: "north", interface: "internal" },
    sdk: true
  },
  {
    what: "in no region that it has not",
    ...yaml(basic("c", "    regions: [north, south]")),
    region: "east",
    is: '$ROOT/cwd/clouds.yaml: cloud "c": region "east" is none of its regions: "north", "south"',
    sdk: true
  },
  {
    what: "in the region that is asked for, where it names none",
    ...yaml(basic("c")),
    region: "east",
    is: { region: "east" },
    sdk: true
  },
  {
    what: "in the first of regions with commas between them",
    ...yaml(basic("c", "    region_name: north,south")),
    is: { region: "north" },
    sdk: true
  },
  {
    what: "refused where a region says what it cannot",
    ...yaml(basic("c", "    regions: [{name: north, interface: admin}]")),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": regions has an entry that is neither a name nor a mapping of name and values',
    sdk: true
  },
  {
    what: "at the URL that its region is filled into",
    ...one(
      { ...login, auth_url: "https://{region_name}.test/v3" },
      { region_name: "north", image_endpoint_override: "https://glance.{region_name}.test" }
    ),
    is: {
      auth: { ...login, auth_url: "https://north.test/v3" },
      region: "north",
      endpoint: "https://glance.north.test"
    },
    sdk: true
  },
  {
    what: "at the endpoint whose braces stand for themselves",
    ...one(login, { image_endpoint_override: "https://glance.test/{{image}}" }),
    is: { endpoint: "https://glance.test/{image}" },
    sdk: true
  },
  {
    what: "refused where braces stand for nothing",
    ...one({ ...login, auth_url: "https://{nowhere}.test/v3" }),
    is: `${place} auth.auth_url has braces that stand for no other setting`,
    sdk: true
  },
  {
    what: "in a region of its images alone",
    ...one(login, { region_name: "north", image_region_name: "south" }),
    is: { region: "south" },
    sdk: true
  },

  // profiles
  {
    what: "that of its profile, with what it says itself",
    files: {
      "cwd/clouds.yaml":
        "clouds: {c: {profile: vendor, auth: {username: alice, password: secret}, region_name: south}}",
      [`home/${user}/clouds-public.yaml`]:
        "public-clouds: {vendor: {auth: {auth_url: https://vendor.test/v3, user_domain_name: Default}, interface: internal}}"
    },
    is: {
      cloud: "c",
      auth: {
        auth_url: "https://vendor.test/v3",
        user_domain_name: "Default",
        username: "alice",
        password: "secret"
      },
      region: "south",
      interface: "internal"
    },
    sdk: true
  },
  {
    what: "in the first region of its profile",
    files: {
      "cwd/clouds.yaml":
        "clouds: {c: {profile: vendor, auth: {username: alice, user_domain_id: d1, password: secret}}}",
      "cwd/clouds-public.yaml":
        "public-clouds: {vendor: {auth: {auth_url: https://vendor.test/v3}, regions: [east, {name: west, values: {interface: admin}}]}}"
    },
    region: "west",
    is: { region: "west", interface: "admin" },
    sdk: true
  },
  {
    what: "that of its profile under the older word for it",
    files: {
      "cwd/clouds.yaml": "clouds: {c: {cloud: vendor, auth: {username: alice, user_domain_id: d1, password: secret}}}",
      "cwd/clouds-public.yaml": "public-clouds: {vendor: {auth: {auth_url: https://vendor.test/v3}}}"
    },
    is: { auth: { auth_url: "https://vendor.test/v3", ...login } },
    sdk: true
  },
  {
    what: "Rackspace's, which needs no file for its profile",
    ...yaml(
      "clouds: {c: {profile: rackspace, auth: {username: alice, password: secret, project_id: '123456'}, region_name: IAD}}"
    ),
    is: {
      cloud: "c",
      auth_type: "rackspacePassword",
      auth: {
        auth_url: "https://identity.api.rackspacecloud.com/v2.0/",
        username: "alice",
        password: "secret",
        project_id: "123456"
      },
      region: "IAD"
    }
  },
  {
    what: "Rackspace's with an API key, in the first of its regions",
    ...yaml("clouds: {c: {profile: rackspace, auth_type: rackspace_apikey, auth: {username: alice, api_key: secret}}}"),
    is: {
      auth_type: "rackspaceApiKey",
      auth: {
        auth_url: "https://identity.api.rackspacecloud.com/v2.0/",
        username: "alice",
        api_key: "secret"
      },
      region: "DFW"
    }
  },
  {
    what: "refused where nobody knows its profile",
    ...yaml(basic("c", "    profile: nobody")),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": profile is "nobody", which is neither shipped nor in a clouds-public.yaml; there is "rackspace"'
  },

  // spellings
  {
    what: "one with dashes",
    ...yaml(`
clouds:
  c:
    region-name: north
    image-interface: internal
    auth:
      auth-url: https://c.test/v3
      user-id: u1
      password: secret
      project-id: p1`),
    is: {
      cloud: "c",
      region: "north",
      interface: "internal",
      auth: { auth_url: "https://c.test/v3", user_id: "u1", password: "secret", project_id: "p1" }
    },
    sdk: true
  },
  {
    what: "one whose login stands beside auth",
    ...yaml(
      "clouds: {c: {auth: {auth_url: https://c.test/v3}, username: alice, user_domain_id: d1, password: secret, project_name: p, project_domain_id: d1}}"
    ),
    is: {
      auth: { auth_url: "https://c.test/v3", ...login, project_name: "p", project_domain_id: "d1" }
    },
    sdk: true
  },
  {
    what: "one whose user stands in auth and beside it: that in auth wins",
    ...one(login, { username: "bob" }),
    is: { auth: { auth_url: "https://c.test/v3", ...login } },
    sdk: true
  },
  {
    what: "one whose project stands in auth and beside it: that beside wins, as since openstacksdk 1.3",
    ...one({ ...login, project_id: "old" }, { project_id: "new" }),
    is: { auth: { auth_url: "https://c.test/v3", ...login, project_id: "new" } }
  },
  {
    what: "one whose project was called tenant",
    ...one({ ...login, tenant_id: "t1", tenant_name: "old", project_name: "new", project_domain_id: "d1" }),
    is: {
      auth: { auth_url: "https://c.test/v3", ...login, project_id: "t1", project_name: "new", project_domain_id: "d1" }
    },
    sdk: true
  },
  {
    what: "one whose domain is said once, for user and project",
    ...one({ username: "alice", password: "secret", project_name: "p", domain_name: "Work" }),
    is: {
      auth: {
        auth_url: "https://c.test/v3",
        username: "alice",
        password: "secret",
        project_name: "p",
        user_domain_name: "Work",
        project_domain_name: "Work"
      }
    },
    sdk: true
  },
  {
    what: "one of the variables whose domain is said once",
    variables: {
      OS_AUTH_URL: "https://env.test/v3",
      OS_USERNAME: "alice",
      OS_PASSWORD: "p",
      OS_PROJECT_NAME: "alpha",
      OS_DOMAIN_ID: "d1"
    },
    is: {
      cloud: "envvars",
      auth_type: "password",
      auth: {
        auth_url: "https://env.test/v3",
        username: "alice",
        password: "p",
        project_name: "alpha",
        user_domain_id: "d1",
        project_domain_id: "d1"
      },
      interface: "public",
      verify: true
    },
    sdk: true
  },
  {
    what: "a domain, where no project is named",
    ...one({ ...login, domain_id: "d2" }),
    is: { auth: { auth_url: "https://c.test/v3", ...login, domain_id: "d2" } },
    sdk: true
  },
  {
    what: "the whole system",
    ...one({ ...login, system_scope: "all" }),
    is: { auth: { auth_url: "https://c.test/v3", ...login, system_scope: "all" } },
    sdk: true
  },
  {
    what: "the project of a trust",
    ...one({ ...login, trust_id: "t1" }),
    is: { auth: { auth_url: "https://c.test/v3", ...login, trust_id: "t1" } },
    sdk: true
  },
  {
    what: "one with aliases and merges of YAML",
    ...yaml(`
auth: &auth
  auth_url: https://c.test/v3
  username: alice
  user_domain_id: d1
  password: secret
clouds:
  a: {auth: {<<: *auth, project_id: a}}
  b: {auth: {<<: *auth, project_id: b}}`),
    cloud: "b",
    is: { cloud: "b", auth: { auth_url: "https://c.test/v3", ...login, project_id: "b" } },
    sdk: true
  },
  {
    what: "one whose ids are digits only",
    ...yaml(
      "clouds: {c: {auth: {auth_url: https://c.test/v3, user_id: 12345678901234567890123456789012, password: 42, project_id: 7}}}"
    ),
    is: {
      auth: {
        auth_url: "https://c.test/v3",
        user_id: "12345678901234567890123456789012",
        password: "42",
        project_id: "7"
      }
    },
    sdk: true
  },
  {
    what: "one whose password is what stands there, be it like a number, a word or a date",
    ...yaml(
      "clouds: {c: {auth: {auth_url: https://c.test/v3, username: on, user_domain_id: 0123, password: 1.50, project_id: 2001-01-01}}}"
    ),
    is: {
      auth: {
        auth_url: "https://c.test/v3",
        username: "on",
        user_domain_id: "0123",
        password: "1.50",
        project_id: "2001-01-01"
      }
    }
  },
  {
    what: "one by the interface as older files call it",
    ...one(login, { interface: "admin", endpoint_type: "internalURL" }),
    is: { interface: "internal" }
  },
  {
    what: "one by the interface of its images",
    ...one(login, { interface: "admin", image_interface: "internal" }),
    is: { interface: "internal" },
    sdk: true
  },
  {
    what: "refused for an interface that there is none of",
    ...one(login, { interface: "private" }),
    is: `${place} interface is "private" and none of public, internal, admin`
  },
  {
    what: "one at the endpoint that it names, which IPv6 may be",
    ...one(login, { image_endpoint_override: "http://[::1]:9292/v2.9/" }),
    is: { endpoint: "http://[::1]:9292/v2.9/" },
    sdk: true
  },
  {
    what: "refused for an endpoint that is none",
    ...one(login, { image_endpoint_override: "glance.test" }),
    is: `${place} image_endpoint_override is no URL that begins with http:// or https://`
  },
  {
    what: "refused for version 1 of the Image API",
    ...one(login, { image_api_version: "1" }),
    is: `${place} image_api_version must be 2, the version of the Image API that this client speaks`
  },
  { what: "one of version 2 of the Image API", ...one(login, { image_api_version: 2 }), is: { cloud: "c" }, sdk: true },
  {
    what: "one whose timeout is a number",
    ...one(login, { api_timeout: 30 }),
    is: { timeout: 30 },
    sdk: true
  },
  ...["soon", "abc", "-1", "0", "NaN", "Infinity", "1e999"].map(
    (api_timeout): Case => ({
      what: `refused for a timeout of ${api_timeout}`,
      ...one(login, { api_timeout }),
      is: `${place} api_timeout is no number of seconds`
    })
  ),

  // whom to trust
  { what: "not verified", ...one(login, { verify: false }), is: { verify: false }, sdk: true },
  {
    what: "not verified where it is insecure",
    ...one(login, { insecure: true, verify: true, cacert: "/ca.pem" }),
    is: { verify: false },
    sdk: true
  },
  {
    what: "verified where insecure is a text that is not true",
    ...yaml(basic("c", "    insecure: 'yes'")),
    is: { verify: true },
    sdk: true
  },
  {
    what: "not verified where insecure is a word of YAML for true",
    ...yaml(basic("c", "    insecure: yes")),
    is: { verify: false },
    sdk: true
  },
  {
    what: "verified by a file of its own",
    ...one(login, { cacert: "~/ca.pem" }),
    is: { verify: "$ROOT/home/ca.pem" },
    sdk: true
  },
  {
    what: "verified by a file that stands for the word",
    ...one(login, { verify: "/ca.pem" }),
    is: { verify: "/ca.pem" },
    sdk: true
  },
  { what: "shown a certificate", ...one(login, { cert: "~/me.pem" }), is: { cert: "$ROOT/home/me.pem" }, sdk: true },
  {
    what: "shown no key without a certificate",
    ...one(login, { key: "~/me.key" }),
    is: {
      cloud: "c",
      auth_type: "password",
      auth: { auth_url: "https://c.test/v3", ...login },
      interface: "public",
      verify: true
    },
    sdk: true
  },

  // ways to log in
  {
    what: "one of version 3",
    ...one(login, { auth_type: "v3password" }),
    is: { auth_type: "password", auth: { auth_url: "https://c.test/v3", ...login } },
    sdk: true
  },
  {
    what: "one by a token",
    ...one({ token: "secret", project_id: "p1" }, { auth_type: "token" }),
    is: { auth_type: "token", auth: { auth_url: "https://c.test/v3", token: "secret", project_id: "p1" } },
    sdk: true
  },
  {
    what: "one by a token, as older files call it",
    ...one({ auth_token: "secret" }, { auth_type: "v3token" }),
    is: { auth_type: "token", auth: { auth_url: "https://c.test/v3", token: "secret" } },
    sdk: true
  },
  {
    what: "one by an application credential",
    ...one(
      { application_credential_id: "a1", application_credential_secret: "secret" },
      { auth_type: "v3applicationcredential" }
    ),
    is: {
      auth_type: "applicationCredential",
      auth: { auth_url: "https://c.test/v3", application_credential_id: "a1", application_credential_secret: "secret" }
    },
    sdk: true
  },
  {
    what: "one by the name of an application credential",
    ...one(
      {
        application_credential_name: "ci",
        application_credential_secret: "secret",
        username: "alice",
        user_domain_id: "d1"
      },
      { auth_type: "v3applicationcredential" }
    ),
    is: {
      auth_type: "applicationCredential",
      auth: {
        auth_url: "https://c.test/v3",
        application_credential_name: "ci",
        application_credential_secret: "secret",
        username: "alice",
        user_domain_id: "d1"
      }
    },
    sdk: true
  },
  {
    what: "one by a passcode of the moment",
    ...one({ username: "alice", user_domain_id: "d1", project_id: "p1" }, { auth_type: "v3totp", passcode: "123456" }),
    is: {
      auth_type: "totp",
      auth: {
        auth_url: "https://c.test/v3",
        username: "alice",
        user_domain_id: "d1",
        passcode: "123456",
        project_id: "p1"
      }
    },
    sdk: true
  },
  {
    what: "one by two factors",
    ...one({ ...login, passcode: "123456" }, { auth_type: "v3multifactor", auth_methods: ["v3password", "v3totp"] }),
    is: { auth_type: "multiFactor", auth: { auth_url: "https://c.test/v3", ...login, passcode: "123456" } },
    sdk: true
  },
  {
    what: "one by factors with commas between them",
    ...one({ ...login, passcode: "123456" }, { auth_type: "v3multifactor", auth_methods: "v3password,v3totp" }),
    is: { auth_type: "multiFactor", auth: { auth_url: "https://c.test/v3", ...login, passcode: "123456" } }
  },
  {
    what: "refused for a factor that nobody knows",
    ...one(login, { auth_type: "v3multifactor", auth_methods: ["v3password", "v3kerberos"] }),
    is: `${place} auth_methods has another method than v3password, v3totp, v3token, password, totp, token`
  },
  {
    what: "one without a login",
    ...yaml("clouds: {c: {auth_type: none, auth: {endpoint: http://127.0.0.1:9292}}}"),
    is: { auth_type: "none", auth: {}, endpoint: "http://127.0.0.1:9292" },
    sdk: true
  },
  {
    what: "one without a login, at the endpoint that it names",
    ...yaml("clouds: {c: {auth_type: None, image_endpoint_override: http://127.0.0.1:9292}}"),
    is: { auth_type: "none", auth: {}, endpoint: "http://127.0.0.1:9292" },
    sdk: true
  },
  {
    what: "one with always the same token",
    ...yaml("clouds: {c: {auth_type: admin_token, auth: {endpoint: http://127.0.0.1:9292, token: secret}}}"),
    is: { auth_type: "adminToken", auth: { token: "secret" }, endpoint: "http://127.0.0.1:9292" },
    sdk: true
  },
  {
    what: "one with always the same token, as older files call it",
    ...yaml("clouds: {c: {auth_type: token_endpoint, auth: {url: http://127.0.0.1:9292, token: secret}}}"),
    is: { auth_type: "adminToken", auth: { token: "secret" }, endpoint: "http://127.0.0.1:9292" },
    sdk: true
  },
  {
    what: "one of version 2 of the identity service",
    ...one(
      { auth_url: "https://c.test/v2.0", username: "alice", password: "secret", project_name: "p" },
      { auth_type: "v2password" }
    ),
    is: {
      auth_type: "rackspacePassword",
      auth: { auth_url: "https://c.test/v2.0", username: "alice", password: "secret", project_name: "p" }
    },
    sdk: true
  },
  {
    what: "one of version 3 whose URL says 2.0, since it has a domain",
    ...one({ ...login, auth_url: "https://c.test/v2.0" }),
    is: { auth_type: "password", auth: { ...login, auth_url: "https://c.test/v2.0" } },
    sdk: true
  },
  {
    what: "one whose domain is said for all",
    ...one({ username: "alice", password: "secret", project_name: "p", default_domain_id: "d1" }),
    is: {
      auth: {
        auth_url: "https://c.test/v3",
        username: "alice",
        password: "secret",
        project_name: "p",
        user_domain_id: "d1",
        project_domain_id: "d1"
      }
    }
  },

  {
    what: "one whose default domain is said as the command line client calls it",
    variables: {
      OS_AUTH_URL: "https://env.test/v3",
      OS_USERNAME: "alice",
      OS_PASSWORD: "p",
      OS_PROJECT_NAME: "alpha",
      OS_DEFAULT_DOMAIN: "d1"
    },
    is: {
      cloud: "envvars",
      auth: {
        auth_url: "https://env.test/v3",
        username: "alice",
        password: "p",
        project_name: "alpha",
        user_domain_id: "d1",
        project_domain_id: "d1"
      }
    }
  },
  {
    what: "one whose default domain yields to the domain of its user, and to the default domain of today",
    ...one({ ...login, project_name: "p", default_domain_name: "Work" }, { default_domain: "d2" }),
    is: {
      auth: { auth_url: "https://c.test/v3", ...login, project_name: "p", project_domain_name: "Work" }
    }
  },
  {
    what: "one by an application credential, since its keys are those of one",
    ...one({ application_credential_id: "a1", application_credential_secret: "secret" }),
    is: {
      auth_type: "applicationCredential",
      auth: { auth_url: "https://c.test/v3", application_credential_id: "a1", application_credential_secret: "secret" }
    }
  },
  {
    what: "one of the variables by an application credential, since its keys are those of one",
    variables: {
      OS_AUTH_URL: "https://env.test/v3",
      OS_APPLICATION_CREDENTIAL_ID: "a1",
      OS_APPLICATION_CREDENTIAL_SECRET: "secret"
    },
    is: {
      auth_type: "applicationCredential",
      auth: {
        auth_url: "https://env.test/v3",
        application_credential_id: "a1",
        application_credential_secret: "secret"
      }
    }
  },
  {
    what: "refused without the secret of the application credential that its keys mean",
    ...one({ application_credential_id: "a1" }),
    is: `${place} auth.application_credential_secret is missing (auth type "v3applicationcredential")`
  },
  {
    what: "one by a password, also with the keys of an application credential, as for openstacksdk",
    ...one({ ...login, application_credential_id: "a1" }),
    is: { auth_type: "password", auth: { auth_url: "https://c.test/v3", ...login } }
  },
  {
    what: "refused for a login by password that has the keys of an application credential",
    ...one({ application_credential_id: "a1", application_credential_secret: "secret" }, { auth_type: "v3password" }),
    is: `${place} auth_type is "v3password", but auth.application_credential_id belongs to "v3applicationcredential"`
  },
  {
    what: "one by a token, since there is no password",
    ...one({ token: "secret", project_id: "p1" }),
    is: { auth_type: "token", auth: { auth_url: "https://c.test/v3", token: "secret", project_id: "p1" } }
  },
  {
    what: "one with always the same token, since there is no identity service",
    ...yaml("clouds: {c: {auth: {endpoint: http://127.0.0.1:9292, token: secret}}}"),
    is: { auth_type: "adminToken", auth: { token: "secret" }, endpoint: "http://127.0.0.1:9292" }
  },
  {
    what: "one by a passcode, since there is no password",
    ...one({ username: "alice", user_domain_id: "d1", passcode: "123456" }),
    is: {
      auth_type: "totp",
      auth: { auth_url: "https://c.test/v3", username: "alice", user_domain_id: "d1", passcode: "123456" }
    }
  },
  {
    what: "Rackspace's with an API key, since there is no password",
    ...yaml("clouds: {c: {profile: rackspace, auth: {username: alice, api_key: secret}}}"),
    is: { auth_type: "rackspaceApiKey" }
  },
  {
    what: "refused for a login that is not supported, by its name",
    ...one({ access_token: "secret", identity_provider: "idp", protocol: "openid" }),
    is: `${place} auth.access_token belongs to the login "v3oidcaccesstoken", which is not supported`
  },
  {
    what: "refused for what may be a secret where a key should be, without it",
    ...one({ ...login, "hunter2!": "secret" }),
    is: `${place} a key of auth is no setting of any login`
  },

  // what is missing, and what is wrong
  {
    what: "refused without a URL",
    ...yaml("clouds: {c: {auth: {username: alice, password: secret}}}"),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": auth.auth_url is missing (auth type "password")',
    sdk: true
  },
  {
    what: "refused without a user",
    ...one({ password: "secret" }),
    is: `${place} auth.username or auth.user_id is missing (auth type "password")`
  },
  {
    what: "refused without a password",
    ...one({ username: "alice" }),
    is: `${place} auth.password is missing (auth type "password")`
  },
  {
    what: "refused without a token",
    ...one({}, { auth_type: "v3token" }),
    is: `${place} auth.token is missing (auth type "v3token")`
  },
  {
    what: "refused without the secret of an application credential",
    ...one({ application_credential_id: "a1" }, { auth_type: "v3applicationcredential" }),
    is: `${place} auth.application_credential_secret is missing (auth type "v3applicationcredential")`,
    sdk: true
  },
  {
    what: "refused without an application credential",
    ...one({ application_credential_secret: "secret" }, { auth_type: "v3applicationcredential" }),
    is: `${place} auth.application_credential_id or auth.application_credential_name is missing (auth type "v3applicationcredential")`,
    sdk: true
  },
  {
    what: "refused without a passcode",
    ...one({ username: "alice", user_domain_id: "d1" }, { auth_type: "v3totp" }),
    is: `${place} auth.passcode is missing (auth type "v3totp")`
  },
  {
    what: "refused without methods",
    ...one(login, { auth_type: "v3multifactor" }),
    is: `${place} auth_methods is missing (auth type "v3multifactor")`,
    sdk: true
  },
  {
    what: "refused without an endpoint",
    ...yaml("clouds: {c: {auth_type: none}}"),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": auth.endpoint or image_endpoint_override is missing (auth type "none")'
  },
  {
    what: "refused for a login that nobody knows",
    ...one(login, { auth_type: "v3pigeon" }),
    is: `${place} auth_type "v3pigeon" is none of password, v3password, token, v3token, v3applicationcredential, v3totp, v3multifactor, v2password, rackspace_password, rackspace_apikey, none, admin_token and token_endpoint`,
    sdk: true
  },
  {
    what: "refused for a slip of the pen",
    ...one({ ...login, pasword: "secret" }),
    is: `${place} auth.pasword is no setting of any login; is auth.password meant?`,
    sdk: true
  },
  {
    what: "refused for a URL that is none",
    ...one({ ...login, auth_url: "c.test" }),
    is: `${place} auth.auth_url is no URL that begins with http:// or https://`
  },
  {
    what: "refused for a trust beside a project",
    ...one({ ...login, trust_id: "t1", project_id: "p1" }),
    is: `${place} auth.trust_id cannot stand beside a project or a domain: a token is for one of them`
  },
  {
    what: "refused for a part of the system",
    ...one({ ...login, system_scope: "some" }),
    is: `${place} auth.system_scope can only be "all"`
  },
  {
    what: "refused by the name of the variable that is missing",
    variables: { OS_AUTH_URL: "https://env.test/v3", OS_USERNAME: "alice" },
    is: 'the environment: OS_PASSWORD is missing (auth type "password")'
  },

  // files that cannot be read
  {
    what: "refused where no file can be read",
    files: { "cwd/clouds.yaml": null },
    is: "$ROOT/cwd/clouds.yaml cannot be read: permission denied"
  },
  {
    what: "refused for what is no YAML",
    ...yaml("clouds:\n  c:\n    auth:\n      password: 'secret\n    region_name: north\n"),
    is: "$ROOT/cwd/clouds.yaml, line 6, column 1: not YAML: Missing closing 'quote",
    sdk: true
  },
  {
    what: "refused for an indentation by tabs",
    ...yaml("clouds:\n\tc:\n"),
    is: "$ROOT/cwd/clouds.yaml, line 2, column 1: not YAML: Tabs are not allowed as indentation (in: ***)",
    sdk: true
  },
  {
    what: "refused for an alias of nothing",
    ...yaml("clouds:\n  c:\n    auth: {password: *secret}\n"),
    is: "$ROOT/cwd/clouds.yaml, line 3, column 22: an alias of nothing (in: auth: {password: ****})",
    sdk: true
  },
  {
    what: "refused for a tag that nobody knows",
    ...yaml("clouds:\n  c:\n    auth: {password: !vault secret}\n"),
    is: "$ROOT/cwd/clouds.yaml, line 3, column 22: not YAML: the tag is not known (quote a value that begins with !) (in: auth: {password: !***})",
    sdk: true
  },
  {
    what: "refused for what is no JSON",
    files: { "cwd/clouds.json": '{\n  "clouds": {"c": {"auth": {"password": "secret" "token": 1}}}\n}' },
    is: "$ROOT/cwd/clouds.json, line 2, column 50: not JSON",
    sdk: true
  },
  {
    what: "refused for a mistake in secure.yaml",
    files: { "cwd/clouds.yaml": basic("c"), "cwd/secure.yaml": "clouds: {c: {auth: {password: [secret}}}" },
    is: "$ROOT/cwd/secure.yaml, line 1, column 38: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] (in: clouds: {*** {auth: {password: [***}}})",
    sdk: true
  },
  ...(
    [
      [
        "a mapping in a value",
        "clouds:\n  c:\n    password: hunter2: x\n",
        "3, column 15",
        "Nested mappings are not allowed in compact mappings",
        "password: ***"
      ],
      [
        "a reserved character",
        "clouds:\n  c:\n    password: @hunter2\n",
        "3, column 15",
        "Plain value cannot start with reserved character @",
        "password: ***"
      ],
      [
        "a line without a colon",
        "clouds:\n  c:\n    password hunter2\n    verify: true\n",
        "3, column 5",
        "Implicit keys need to be on a single line",
        "***"
      ],
      [
        "an escape that there is none of",
        'clouds:\n  c:\n    password: "hunter\\2"\n',
        "3, column 22",
        "Invalid escape sequence (use single quotes for a value with backslashes)",
        'password: "***'
      ],
      [
        "a bracket too many",
        "clouds: {}\n]hunter2\n",
        "2, column 1",
        "Unexpected flow-seq-end token in YAML stream",
        "***"
      ],
      [
        "text after a quote",
        "clouds:\n  c:\n    password: 'hunter2' hunter3\n",
        "3, column 25",
        "Unexpected scalar at node end",
        "password: '***"
      ],
      [
        "a secret where a key should be",
        "clouds:\n  hunter2: {c: [}\n",
        "2, column 17",
        "Flow sequence in block collection must be sufficiently indented and end with a ]",
        "*** [}"
      ]
    ] as const
  ).map(
    ([what, text, at, sentence, line]): Case => ({
      what: `refused for ${what}`,
      ...yaml(text),
      is: `$ROOT/cwd/clouds.yaml, line ${at}: not YAML: ${sentence} (in: ${line})`,
      sdk: true
    })
  ),
  {
    what: "refused for a merge of what is no mapping",
    ...yaml("clouds:\n  c:\n    auth: {<<: secret}\n"),
    is: "$ROOT/cwd/clouds.yaml, line 3, column 16: a merge (<<) of what is no mapping (in: auth: {***})",
    sdk: true
  },
  {
    what: "refused for an alias in a circle",
    ...yaml("clouds: &a\n  c: {auth: *a}\n"),
    is: "$ROOT/cwd/clouds.yaml, line 2, column 13: an alias of what it stands in (in: *** {auth: ****})"
  },
  {
    what: "refused for two documents",
    ...yaml("clouds: {}\n---\nclouds: {}\n"),
    is: "$ROOT/cwd/clouds.yaml, line 2, column 1: holds more than one document (in: ---)",
    sdk: true
  },
  {
    what: "one whose merges yield to its own keys, and the later ones to the first",
    ...yaml(`
a: &a {auth_url: https://a.test/v3, username: alice, password: other}
b: &b {username: bob, user_domain_id: d1}
clouds: {c: {auth: {password: secret, <<: [*a, *b]}}}`),
    is: {
      auth: { auth_url: "https://a.test/v3", username: "alice", user_domain_id: "d1", password: "secret" }
    },
    sdk: true
  },
  {
    what: "one among many by the same alias",
    ...yaml(
      `a: &a {auth_url: https://a.test/v3, ${JSON.stringify(login).slice(1, -1)}}\nclouds:\n${Array.from({ length: 500 }, (_, index) => `  c${index}: {auth: *a}\n`).join("")}`
    ),
    cloud: "c499",
    is: { cloud: "c499", auth: { auth_url: "https://a.test/v3", ...login } },
    sdk: true
  },
  {
    what: "that of a file with a mark of byte order",
    ...yaml(`\ufeff${basic("c")}`),
    is: whole("c")
  },
  {
    what: "refused for a list of clouds",
    ...yaml("- secret\n"),
    is: "$ROOT/cwd/clouds.yaml, line 1, column 1: holds no mapping of keys to values",
    sdk: true
  },
  {
    what: "refused for clouds that are no mapping",
    ...yaml("clouds: secret\n"),
    is: "$ROOT/cwd/clouds.yaml: clouds is no mapping",
    sdk: true
  },
  {
    what: "refused for a cloud that is no mapping",
    ...yaml("clouds: {c: secret}\n"),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": it holds no settings',
    sdk: true
  },
  {
    what: "refused for a login that is no mapping",
    ...yaml("clouds: {c: {auth: secret}}\n"),
    is: '$ROOT/cwd/clouds.yaml: cloud "c": auth is no mapping',
    sdk: true
  }
]
