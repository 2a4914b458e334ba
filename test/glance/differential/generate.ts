import { MetadefRequests } from "./metadefs.js"
import { Random } from "./random.js"
import type { Cloud, Probe, Who } from "./servers.js"

interface Known {
  readonly id: string
  readonly owner: Who
}

const users = ["alice", "bob", "carol", "admin"] as const

const names = ["ubuntu", "debian 13", "fedora", "a:b", "x,y", 'say "hi"', "ünï", "", "100% & more", "Zeta"]

const propertyNames = ["os_distro", "hw_disk_bus", "color", "Größe", "a/b", "til~de", "with space", "x_max"]

const tagNames = ["blue", "red", "green", "two words", "ä", "x".repeat(20)]

const accepts = ["application/json", "application/json", "*/*", "text/html", "", "application/octet-stream", undefined]

const visibilities = ["private", "shared", "community", "public"]

const octets = "application/octet-stream"
const newPatch = "application/openstack-images-v2.1-json-patch"
const oldPatch = "application/openstack-images-v2.0-json-patch"

const clearing = (target: string): Record<string, string> => ({ "x-image-cache-clear-target": target })

/** Random requests, right ones and wrong ones, that follow each other as a careless client's would. */
export class Generator {
  readonly ids = new Set<string>()
  private images: Array<Known> = []
  /** Images that bytes were sent for, and with luck taken. */
  private filled: Array<Known> = []
  private staged: Array<Known> = []
  /** What a client would do next with what it has just made. */
  private plans: Array<() => Probe> = []
  private readonly random: Random
  private readonly metadefs: MetadefRequests

  constructor(
    private readonly cloud: Cloud,
    seed: number,
    /** Ends every image id: a server takes no id twice, not even that of a deleted image. */
    private readonly salt: string,
    private readonly uris: ReadonlyArray<string>
  ) {
    this.random = new Random(seed)
    this.metadefs = new MetadefRequests({
      random: this.random,
      cloud,
      probe: (...given) => this.probe(...given),
      json: (who, method, target, body, headers) => this.json(who, method, target, body, headers)
    })
    for (const account of Object.values(cloud.accounts)) {
      this.ids.add(account.projectId)
      this.ids.add(account.userId)
    }
  }

  /** The requests that end the test, whatever came before. */
  last(): ReadonlyArray<Probe> {
    return this.metadefs.last()
  }

  next(): Probe {
    const { random } = this
    if (this.images.length < 6) return this.create(false)
    const plan = random.chance(0.6) ? this.plans.shift() : undefined
    if (plan !== undefined) return plan()
    const make = random.weighted<() => Probe>([
      [this.images.length > 30 ? 1 : 10, () => this.create(random.chance(0.35))],
      [14, () => this.list()],
      [7, () => this.simple("GET", "")],
      [17, () => this.patch()],
      [this.images.length > 25 ? 8 : 3, () => this.remove()],
      [7, () => this.simple("POST", `/actions/${random.pick(["deactivate", "reactivate"])}`)],
      [9, () => this.tag()],
      [14, () => this.member()],
      [8, () => this.upload()],
      [9, () => this.download()],
      [4, () => this.stage()],
      [7, () => this.importRequest()],
      [2, () => this.simple("GET", "/tasks")],
      [2, () => this.dropCopy()],
      [2, () => this.tasks()],
      [3, () => this.location()],
      [4, () => this.cache()],
      [3, () => this.odd()],
      [4, () => this.document()],
      [33, () => this.metadefs.next()]
    ])
    return make()
  }

  private who(owner?: Who): Who {
    const { random } = this
    if (owner !== undefined && random.chance(0.65)) return owner
    return random.chance(0.02) ? "nobody" : random.pick(users)
  }

  private probe(who: Who, method: string, target: string, rest: Partial<Probe> = {}): Probe {
    const accept = this.random.pick(accepts)
    return {
      who,
      method,
      target,
      body: undefined,
      ...rest,
      headers: {
        ...(accept === undefined ? {} : { accept }),
        ...(this.random.chance(0.01) ? { "x-openstack-request-id": "r".repeat(this.random.pick([10, 64, 65])) } : {}),
        ...rest.headers
      }
    }
  }

  private json(
    who: Who,
    method: string,
    target: string,
    body: unknown,
    headers: Record<string, string> = { "content-type": "application/json" }
  ): Probe {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    return this.probe(who, method, target, {
      body: text,
      headers,
      chunked: this.random.chance(0.1)
    })
  }

  private image(preferred: ReadonlyArray<Known> = []): Known {
    if (this.random.chance(0.04)) return { id: this.random.pick(["nope", this.random.uuid()]), owner: "alice" }
    const likely = preferred.filter((image) => this.images.includes(image))
    if (likely.length > 0 && this.random.chance(0.75)) return this.random.pick(likely.slice(-8))
    // The newest are where something happens.
    const recent = this.random.chance(0.5) ? this.images.slice(-6) : this.images
    return this.random.pick(recent)
  }

  private project(): string {
    return this.cloud.accounts[this.random.pick(users)].projectId
  }

  private field(name: string): unknown {
    const { random } = this
    switch (name) {
      case "name":
        return random.chance(0.1)
          ? random.pick([null, 5, "n".repeat(256), ["a"], true, "\u{1f600}"])
          : random.pick(names)
      case "visibility":
        return random.chance(0.08) ? random.pick(["secret", null, 3]) : random.pick(visibilities)
      case "container_format":
        return random.chance(0.08) ? random.pick([null, "box", 1]) : random.pick(["bare", "bare", "ovf", "docker"])
      case "disk_format":
        return random.chance(0.08)
          ? random.pick([null, "tape", false])
          : random.pick(["raw", "raw", "qcow2", "iso", "vhd"])
      case "min_ram":
      case "min_disk":
        return random.chance(0.15) ? random.pick([-1, "1", null, 2 ** 31, 1.5]) : random.int(5)
      case "protected":
      case "os_hidden":
        return random.chance(0.1) ? random.pick(["true", 1, null]) : random.chance(0.3)
      case "tags":
        return random.chance(0.12)
          ? random.pick([null, "blue", [5], ["t".repeat(256)], [["x"]], ["\u{1f600}"]])
          : random.some(tagNames, 0.4)
      case "owner":
        return random.chance(0.1) ? random.pick([null, "", 7]) : this.project()
      default:
        return random.chance(0.1)
          ? random.pick([null, 5, { a: 1 }, ["x"], "", "\u{1f600}", "it's", "l".repeat(90), "many words ".repeat(12)])
          : random.pick(["yes", "no", "ubuntu", "ß", "42"])
    }
  }

  private create(mayBeWrong: boolean): Probe {
    const { random } = this
    const who = random.pick(users)
    const id = random.uuid().slice(0, -this.salt.length) + this.salt
    this.ids.add(id)
    const body: Record<string, unknown> = { id }
    if (!mayBeWrong) {
      body["name"] = random.pick(names)
      for (const name of random.some(propertyNames, 0.2)) body[name] = random.pick(["yes", "no", "ubuntu"])
      if (random.chance(0.8)) body["disk_format"] = random.pick(["raw", "raw", "qcow2", "iso"])
      if (random.chance(0.8)) body["container_format"] = random.pick(["bare", "bare", "ovf"])
      body["visibility"] = random.pick(who === "admin" ? visibilities : visibilities.slice(0, 3))
      if (random.chance(0.4)) body["tags"] = random.some(tagNames, 0.4)
      if (random.chance(0.2)) body["protected"] = random.chance(0.3)
      if (random.chance(0.2)) body["os_hidden"] = random.chance(0.4)
      if (random.chance(0.3)) body["min_ram"] = random.int(4)
      this.images.push({ id, owner: who })
      this.plan({ id, owner: who })
      return this.json(who, "POST", "/v2/images", body)
    }
    const fields = ["name", "visibility", "container_format", "disk_format", "min_ram", "min_disk", "protected"]
    for (const name of random.some([...fields, "os_hidden", "tags", "color", "os_distro", "kernel_id"], 0.3)) {
      body[name] = this.field(name)
    }
    if (random.chance(0.15)) body["owner"] = this.field("owner")
    if (random.chance(0.25)) {
      body[
        random.pick([
          "status",
          "size",
          "checksum",
          "created_at",
          "updated_at",
          "virtual_size",
          "direct_url",
          "self",
          "file",
          "schema",
          "stores",
          "location",
          "locations",
          "deleted",
          "deleted_at",
          "os_glance_import_task",
          "os_hash_value",
          "k".repeat(256)
        ])
      ] = random.pick(["x", 5, null, []])
    }
    if (random.chance(0.08)) body["id"] = random.pick([this.image().id, "not-a-uuid", 7, null])
    if (random.chance(0.05)) {
      return this.json(who, "POST", "/v2/images", random.pick(["{", "5", '"x"', "[]", "null", "[1]", "{}}", ""]))
    }
    this.images.push({ id, owner: who })
    return this.json(who, "POST", "/v2/images", body)
  }

  private plan(image: Known): void {
    const { random } = this
    const path = `/v2/images/${image.id}`
    const get = () => this.probe(image.owner, "GET", path)
    const bytes = (): Partial<Probe> => ({
      body: this.bytes(),
      headers: { "content-type": octets, ...(random.chance(0.15) ? { "x-image-meta-store": "web" } : {}) }
    })
    const importing = (who: Who, method: Record<string, unknown>) => () =>
      this.json(who, "POST", `${path}/import`, { method, ...this.targets() })
    const filled = [
      () => this.probe(this.who(image.owner), "GET", `${path}/file`),
      () => this.probe(this.who(image.owner), "GET", `${path}/file`, { headers: { range: "bytes=2-5" } }),
      importing("admin", { name: "copy-image" }),
      get,
      () => this.probe(image.owner, "DELETE", `/v2/stores/${random.pick(["fast", "slow"])}/${image.id}`),
      () => this.probe(image.owner, "POST", `${path}/actions/deactivate`),
      () => this.probe(image.owner, "GET", `${path}/file`),
      () => this.probe("admin", "GET", `${path}/file`)
    ]
    const { projectId } = this.cloud.accounts[random.pick(users)]
    const member = `${path}/members/${projectId}`
    const steps = random.weighted<() => Array<() => Probe>>([
      [3, () => []],
      [
        2,
        () => [
          () =>
            this.json(image.owner, "PATCH", path, [{ op: "replace", path: "/visibility", value: "shared" }], {
              "content-type": newPatch
            }),
          () => this.json(image.owner, "POST", `${path}/members`, { member: projectId }),
          () => this.probe(image.owner, "GET", random.pick([member, `${path}/members`])),
          () => this.json(this.whoOf(projectId), "PUT", member, { status: random.pick(["accepted", "rejected"]) }),
          ...random.some([() => this.probe(image.owner, "DELETE", member)], 0.4)
        ]
      ],
      [3, () => [() => this.probe(image.owner, "PUT", `${path}/file`, bytes()), ...random.some(filled, 0.4)]],
      [
        2,
        () => [
          () => this.probe(image.owner, "PUT", `${path}/stage`, bytes()),
          importing(image.owner, { name: "glance-direct" }),
          get,
          () => this.probe(image.owner, "GET", `${path}/tasks`),
          ...random.some(filled, 0.3)
        ]
      ],
      [
        2,
        () => [
          importing(image.owner, { name: "web-download", uri: this.uri() }),
          get,
          () => this.probe(image.owner, "GET", `${path}/tasks`),
          ...random.some(filled, 0.3)
        ]
      ]
    ])()
    this.filled.push(image)
    this.plans.push(...steps)
  }

  private targets(): Record<string, unknown> {
    const { random } = this
    const body: Record<string, unknown> = {}
    if (random.chance(0.4)) {
      body["stores"] = random.pick([["fast"], ["slow"], ["fast", "slow"], ["web"], ["slow", "web"], ["nowhere"], []])
    }
    if (random.chance(0.2)) body["all_stores"] = random.chance(0.1) ? "yes" : random.chance(0.8)
    if (random.chance(0.3)) body["all_stores_must_succeed"] = random.chance(0.1) ? 1 : random.chance(0.3)
    return body
  }

  private simple(method: string, suffix: string): Probe {
    const image = this.image(suffix.startsWith("/actions") || suffix === "/tasks" ? this.filled : [])
    const body = this.random.chance(0.04) ? "{}" : undefined
    return this.probe(this.who(image.owner), method, `/v2/images/${image.id}${suffix}`, { body })
  }

  private remove(): Probe {
    const image = this.image()
    const who = this.who(image.owner)
    if (who === image.owner || who === "admin") {
      // It may be protected, and then it stays; later requests for it are as good as any.
      this.images = this.images.filter((one) => one !== image)
    }
    return this.probe(who, "DELETE", `/v2/images/${image.id}`)
  }

  private pointer(): string {
    const { random } = this
    if (random.chance(0.08)) {
      return random.pick([
        "name",
        "/",
        "//",
        "/a//b",
        "/name/",
        "/a~2b",
        "/a~",
        "/tags/-",
        "/locations",
        "/ name ",
        "/a/b/c"
      ])
    }
    const name = random.weighted<() => string>([
      [6, () => random.pick(["name", "visibility", "min_ram", "min_disk", "protected", "os_hidden", "tags"])],
      [3, () => random.pick(["container_format", "disk_format"])],
      [6, () => random.pick(propertyNames)],
      [
        1,
        () => random.pick(["stores", "constructor", "__proto__", "is_public", "members", "properties", "k".repeat(300)])
      ],
      [1, () => "owner"],
      [
        1,
        () =>
          random.pick([
            "id",
            "status",
            "size",
            "checksum",
            "self",
            "file",
            "schema",
            "created_at",
            "os_hash_value",
            "os_glance_import_task",
            "deleted",
            "location",
            "stores"
          ])
      ]
    ])()
    return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`
  }

  private change(old: boolean): unknown {
    const { random } = this
    if (random.chance(0.03)) return random.pick([5, "x", null, []])
    const op = random.chance(0.04)
      ? random.pick(["move", "test", "", null, 5])
      : random.pick(["add", "replace", "remove"])
    const path = this.pointer()
    const name = path.slice(1).replaceAll("~1", "/").replaceAll("~0", "~")
    const change: Record<string, unknown> = old ? { [String(op)]: path } : { op, path }
    if (old && random.chance(0.05)) change["replace"] = "/name"
    if (!old && random.chance(0.03)) delete change[random.pick(["op", "path"])]
    if (op !== "remove" && !random.chance(0.05)) change["value"] = this.field(name)
    return change
  }

  private patch(): Probe {
    const { random } = this
    const image = this.image()
    const who = this.who(image.owner)
    const old = random.chance(0.15)
    const type = random.chance(0.05)
      ? random.pick(["application/json", "text/plain", "", `${newPatch}; charset=utf-8`])
      : old
        ? oldPatch
        : newPatch
    const headers = { "content-type": type }
    const target = `/v2/images/${image.id}`
    if (random.chance(0.04))
      return this.json(who, "PATCH", target, random.pick(["", "{", "{}", "[]", '[{"op":5}]']), headers)
    const changes = Array.from({ length: 1 + random.int(random.chance(0.3) ? 4 : 1) }, () => this.change(old))
    return this.json(who, "PATCH", target, changes, headers)
  }

  private tag(): Probe {
    const { random } = this
    const image = this.image()
    const tag = random.chance(0.06) ? random.pick(["t".repeat(256), "\u{1f600}", "a/b", "%"]) : random.pick(tagNames)
    return this.probe(
      this.who(image.owner),
      random.pick(["PUT", "PUT", "PUT", "DELETE", "GET"]),
      `/v2/images/${image.id}/tags/${tag === "%" ? "%zz" : encodeURIComponent(tag)}`,
      { body: random.chance(0.05) ? "x" : undefined }
    )
  }

  private member(): Probe {
    const { random } = this
    const image = this.image()
    const base = `/v2/images/${image.id}/members`
    const member = random.chance(0.1) ? random.pick(["nobody-here", "ü"]) : this.project()
    const one = `${base}/${encodeURIComponent(member)}`
    return random.weighted<() => Probe>([
      [
        5,
        () =>
          this.json(
            this.who(image.owner),
            "POST",
            base,
            random.chance(0.15) ? random.pick([{}, { member: "" }, [], ["member"], { member: null }, "{"]) : { member }
          )
      ],
      [3, () => this.probe(this.who(image.owner), "GET", base)],
      [2, () => this.probe(this.who(image.owner), "GET", one)],
      [
        5,
        () =>
          this.json(
            random.chance(0.7) ? this.whoOf(member) : this.who(image.owner),
            "PUT",
            one,
            random.chance(0.15)
              ? random.pick([{}, { status: "maybe" }, { status: null }, [], '{"status"'])
              : { status: random.pick(["accepted", "accepted", "rejected", "pending"]) }
          )
      ],
      [2, () => this.probe(this.who(image.owner), "DELETE", one, { body: random.chance(0.1) ? "{}" : undefined })]
    ])()
  }

  private whoOf(project: string): Who {
    return users.find((user) => this.cloud.accounts[user].projectId === project) ?? "alice"
  }

  private filter(): [string, string] {
    const { random } = this
    return random.weighted<() => [string, string]>([
      [
        5,
        () => [
          "name",
          random.chance(0.3)
            ? random.pick([
                "eq:a:b",
                "in:ubuntu,Zeta",
                'in:"x,y",ubuntu',
                "in:",
                'in:"a',
                'in:a"b"',
                "lt:x",
                "a:b",
                "2026-01-01T00:00:00Z"
              ])
            : random.pick(names)
        ]
      ],
      [
        3,
        () => [
          "status",
          random.pick(["queued", "active", "in:queued,active", "in:active,deactivated", "neq:x", "nope"])
        ]
      ],
      [2, () => ["container_format", random.pick(["bare", "in:bare,ovf", "ovf"])]],
      [2, () => ["disk_format", random.pick(["raw", "in:raw,qcow2", "iso"])]],
      [2, () => ["id", random.pick([this.image().id, `in:${this.image().id},${this.image().id}`, "x"])]],
      [4, () => ["visibility", random.pick([...visibilities, "all", "all", "", "secret"])]],
      [4, () => ["tag", random.pick(tagNames)]],
      [3, () => ["member_status", random.pick(["all", "all", "pending", "accepted", "rejected", "maybe"])]],
      [2, () => ["owner", this.project()]],
      [2, () => ["protected", random.pick(["true", "false", "True", "1"])]],
      [2, () => ["os_hidden", random.pick(["true", "false", "TRUE", "yes"])]],
      [
        2,
        () => [
          random.pick(["size_min", "size_max", "min_ram_min", "min_ram_max", "min_disk_max"]),
          random.pick(["0", "1", "3", "10", "x", "1_0"])
        ]
      ],
      [2, () => [random.pick(["min_ram", "min_disk", "size", "virtual_size"]), random.pick(["0", "1", "2", "x"])]],
      [
        3,
        () => [
          random.pick(["created_at", "updated_at"]),
          random.pick([
            "gt:2020-01-01T00:00:00Z",
            "lt:2020-01-01",
            "lte:2090-01-01T00:00:00+02:00",
            "gte:2090",
            "neq:2020-01-01T00:00:00",
            "eq:2020-01-01T00:00:00Z",
            "2020-01-01T00:00:00Z",
            "in:2020-01-01",
            "gt:yesterday",
            "soon"
          ])
        ]
      ],
      [
        3,
        () => [random.pick(propertyNames.filter((name) => name !== "x_max")), random.pick(["yes", "no", "ubuntu", ""])]
      ],
      [1, () => ["checksum", "x"]],
      [0.5, () => [random.pick(["foo_max", "_min", "properties", "locations", "is_public", "__proto__"]), "3"]],
      [0.5, () => ["changes-since", "2020-01-01"]]
    ])()
  }

  private list(): Probe {
    const { random } = this
    if (random.chance(0.04)) {
      const direction = random.pick(["asc", "desc"])
      return this.probe(
        this.who(),
        "GET",
        `/v2/images?sort=size:${direction},name:${random.pick(["asc", "desc"])}&limit=6&marker=${this.image(this.filled).id}`
      )
    }
    const params: Array<[string, string]> = []
    for (let n = random.int(4); n > 0; n--) params.push(this.filter())
    const keys = ["name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"]
    const sorting = random.next()
    if (sorting < 0.25) {
      params.push([
        "sort",
        Array.from(
          { length: 1 + random.int(3) },
          () => `${random.pick(keys)}${random.pick(["", ":asc", ":desc"])}`
        ).join(",")
      ])
    } else if (sorting < 0.5) {
      for (let n = 1 + random.int(2); n > 0; n--) params.push(["sort_key", random.pick(keys)])
      for (let n = random.int(3); n > 0; n--) params.push(["sort_dir", random.pick(["asc", "desc"])])
    } else if (sorting < 0.55) {
      params.push(
        random.pick([
          ["sort_key", "color"],
          ["sort_dir", "up"],
          ["sort", "name:up"],
          ["sort", ""],
          ["sort", "name,,id"]
        ] as const) as [string, string]
      )
    }
    if (random.chance(0.5))
      params.push(["limit", random.chance(0.1) ? random.pick(["-1", "x", "", "0", "5000"]) : String(1 + random.int(8))])
    if (random.chance(0.25)) params.push(["marker", this.image().id])
    const shuffled = params.map((param) => [random.next(), param] as const).sort(([a], [b]) => a - b)
    const query = shuffled
      .map(
        ([, [name, value]]) =>
          `${encodeURIComponent(name)}=${random.chance(0.5) ? encodeURIComponent(value) : encodeURIComponent(value).replaceAll("%20", "+")}`
      )
      .join("&")
    return this.probe(this.who(), "GET", `/v2/images${query === "" ? "" : `?${query}`}`)
  }

  private document(): Probe {
    return this.probe(
      this.who(),
      "GET",
      this.random.pick([
        "/",
        "/versions",
        "/v2.9/schemas/image",
        "/v2/schemas/image",
        "/v2/schemas/images",
        "/v2/schemas/member",
        "/v2/schemas/members",
        "/v2/schemas/task",
        "/v2/schemas/tasks",
        "/v2/info/import",
        "/v2/info/stores",
        "/v2/info/stores/detail",
        "/v2/info/usage"
      ]),
      this.random.chance(0.05) ? { body: "{}" } : {}
    )
  }

  private odd(): Probe {
    const { random } = this
    const image = this.image()
    const path = random.pick([
      "/v2",
      "/v2/",
      "/v3/images",
      "/v2.8/images?limit=1",
      "/v2.99/images",
      "/v2/nothing",
      "/v2/images/",
      `/v2/images/${image.id}/`,
      `/v2/images/${image.id}/nothing`,
      "/v2/schemas/nothing",
      "/v2/images",
      `/v2/images/${image.id}`,
      `/v2/images/${image.id}/members`,
      `/v2/images/${image.id}/tags/x`,
      `/v2/images/${image.id}/tasks`,
      `/v2/images/${image.id}/import`,
      `/v2/images/${image.id}/file`,
      `/v2/images/${image.id}/stage`,
      `/v2/images/${image.id}/locations`,
      "/v2/stores/fast",
      "/v2/tasks",
      "/v2/info/stores",
      "/v2/cache",
      "/v2/cache/clean",
      "/v2/cache/nodes/x",
      "/v2/cached_images/x",
      `/v2/images/${image.id}/members/x`,
      `/v2/images/${image.id}/actions/deactivate`,
      `/v2/images/${image.id}/actions/explode`,
      "/v2/info/import",
      "/v2/info/usage",
      "/v2/images?name=%ff",
      "/v2/images/%ff"
    ])
    const method = random.pick(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "FOO"])
    // Creating and deleting by accident would lose track of what is there.
    const harmless = method === "POST" || method === "DELETE" ? "nobody" : this.who(image.owner)
    return this.probe(harmless, method, path)
  }

  private bytes(): string {
    return this.random.pick(["", "hello world", "x".repeat(1000), "\u00fc", `${"QFI\u00fb"}${"q".repeat(600)}`])
  }

  private stored(): Partial<Probe> {
    const { random } = this
    const type = random.chance(0.06)
      ? random.pick(["text/plain", "application/json", "application/octet-stream; a=b"])
      : octets
    const store = random.chance(0.25) ? random.pick(["fast", "slow", "slow", "web", "nowhere"]) : undefined
    return {
      body: this.bytes(),
      chunked: random.chance(0.3),
      headers: { "content-type": type, ...(store === undefined ? {} : { "x-image-meta-store": store }) }
    }
  }

  private upload(): Probe {
    const image = this.image(this.images.slice(-4))
    this.filled.push(image)
    return this.probe(this.who(image.owner), "PUT", `/v2/images/${image.id}/file`, this.stored())
  }

  private stage(): Probe {
    const image = this.image(this.images.slice(-3))
    this.staged.push(image)
    return this.probe(this.who(image.owner), "PUT", `/v2/images/${image.id}/stage`, this.stored())
  }

  private download(): Probe {
    const { random } = this
    const image = this.image(this.filled)
    const headers: Record<string, string> = {}
    if (random.chance(0.5)) {
      headers["range"] = random.pick([
        "bytes=0-3",
        "bytes=2-",
        "bytes=-4",
        "bytes=-5000",
        "bytes=5-2",
        "bytes=0-0",
        "bytes=5000-",
        "bytes=1-2,4-5",
        "bytes=4-400",
        "lines=1-2",
        "bytes=-"
      ])
    } else if (random.chance(0.15)) {
      headers["content-range"] = random.pick([
        "bytes 1-4/*",
        "bytes 0-1/11",
        "bytes 1-4000/*",
        "bytes 50-60/70",
        "x",
        "bytes */11"
      ])
    }
    return this.probe(this.who(image.owner), "GET", `/v2/images/${image.id}/file`, {
      headers,
      body: random.chance(0.03) ? "x" : undefined
    })
  }

  private importRequest(): Probe {
    const { random } = this
    const name = random.weighted([
      [6, "glance-direct"],
      [5, "web-download"],
      [4, "copy-image"],
      [1, "glance-download"],
      [1, "carrier-pigeon"]
    ] as const)
    const image = this.image(
      name === "glance-direct" ? this.staged.slice(-2) : name === "copy-image" ? this.filled : this.images.slice(-2)
    )
    if (name === "web-download") this.filled.push(image)
    const method: Record<string, unknown> = { name }
    if (name === "web-download" && !random.chance(0.05)) method["uri"] = this.uri()
    if (name === "glance-download") {
      if (random.chance(0.8)) method["glance_region"] = "RegionTwo"
      if (random.chance(0.8)) method["glance_image_id"] = random.chance(0.5) ? image.id : "x"
    }
    const body = { method, ...this.targets() }
    const wrong = random.chance(0.05)
    const who = name === "copy-image" && random.chance(0.7) ? "admin" : this.who(image.owner)
    return this.json(
      who,
      "POST",
      `/v2/images/${image.id}/import`,
      wrong ? random.pick([{}, [], { method: {} }, { method: "x" }, { method: { name: null } }, "{"]) : body
    )
  }

  private dropCopy(): Probe {
    const image = this.image(this.filled)
    const store = this.random.pick(["fast", "slow", "slow", "web", "nowhere"])
    return this.probe(this.who(image.owner), "DELETE", `/v2/stores/${store}/${image.id}`)
  }

  private tasks(): Probe {
    const { random } = this
    const who = random.chance(0.7) ? "admin" : this.who()
    return random.weighted<() => Probe>([
      [
        6,
        () =>
          this.probe(
            who,
            "GET",
            // Tasks cannot be deleted, so only those of our own images are asked for.
            `/v2/tasks?image_id=${this.image(this.filled).id}&limit=${1 + random.int(6)}${random.pick([
              "",
              "&sort_dir=asc",
              "&sort_key=status&sort_dir=asc",
              "&sort_key=type",
              "&sort_key=color",
              "&sort_dir=up",
              "&status=failure",
              "&status=success&status=failure",
              "&status=odd",
              "&type=import",
              "&type=odd",
              "&marker=x",
              "&color=red",
              `&marker=${random.uuid()}`,
              `&owner=${this.project()}`
            ])}`
          )
      ],
      [2, () => this.probe(who, random.pick(["GET", "DELETE", "PUT"]), `/v2/tasks/${random.uuid()}`)],
      [
        2,
        () =>
          this.json(
            who,
            "POST",
            "/v2/tasks",
            random.pick([
              {},
              { type: "import" },
              { input: {} },
              { type: "export", input: {} },
              { type: 5, input: {} },
              { type: "import", input: {} },
              { type: "import", input: [] },
              { type: "import", input: {}, extra: true },
              { type: "import", input: { import_from: "swift://a/b" } },
              { type: "import", input: { import_from: "http://10.0.0.1/x" } },
              [],
              "{"
            ])
          )
      ]
    ])()
  }

  /** Locations in the old way: through the image. */
  private location(): Probe {
    const { random } = this
    const image = this.image()
    const location = () =>
      random.chance(0.1)
        ? random.pick([
            {},
            { url: this.uri() },
            "x",
            { url: 5, metadata: {} },
            { url: "file:///etc/hosts", metadata: {} }
          ])
        : {
            url: this.uri(),
            metadata: random.chance(0.2) ? { note: "x" } : {},
            ...(random.chance(0.2)
              ? {
                  validation_data: random.pick<unknown>([
                    { os_hash_algo: "sha512", os_hash_value: "ab".repeat(64) },
                    { os_hash_algo: "sha512", os_hash_value: "ab".repeat(64), checksum: "cd".repeat(16) },
                    { os_hash_algo: "md5", os_hash_value: "ab" },
                    { os_hash_algo: "sha512", os_hash_value: "xyz" },
                    { os_hash_algo: "sha512", os_hash_value: "abcd" },
                    { os_hash_algo: "sha512", os_hash_value: "ab".repeat(64), checksum: "zz".repeat(16) },
                    { os_hash_value: "ab" }
                  ])
                }
              : {})
          }
    const change = random.weighted<() => unknown>([
      [
        4,
        () => ({
          op: "add",
          path: random.pick(["/locations/-", "/locations/0", "/locations/9", "/locations/x"]),
          value: location()
        })
      ],
      [3, () => ({ op: "replace", path: "/locations", value: random.chance(0.1) ? [] : [location()] })],
      [3, () => ({ op: "remove", path: random.pick(["/locations/0", "/locations/1", "/locations/7", "/locations/-"]) })]
    ])()
    return this.json(this.who(image.owner), "PATCH", `/v2/images/${image.id}`, [change], {
      "content-type": newPatch
    })
  }

  private cache(): Probe {
    const { random } = this
    const who = random.chance(0.8) ? "admin" : this.who()
    const { id } = this.image(this.filled)
    const clear = random.pick<Record<string, string>>([{}, ...["cache", "queue", "everything"].map(clearing)])
    return random.weighted<() => Probe>([
      [4, () => this.probe(who, "GET", "/v2/cache")],
      [4, () => this.probe(who, "PUT", `/v2/cache/${id}`)],
      [2, () => this.probe(who, "DELETE", `/v2/cache/${id}`)],
      [1, () => this.probe(who, "DELETE", "/v2/cache", { headers: clear })],
      // As it was before the routes above.
      [2, () => this.probe(who, "GET", `/v2/${random.pick(["cached_images", "queued_images"])}`)],
      [1, () => this.probe(who, "PUT", `/v2/queued_images/${id}`)],
      [1, () => this.probe(who, "DELETE", `/v2/${random.pick(["cached_images", "queued_images"])}/${id}`)],
      [0.3, () => this.probe(who, "DELETE", `/v2/${random.pick(["cached_images", "queued_images"])}`)]
    ])()
  }

  private uri(): string {
    return this.random.pick(this.uris)
  }
}
