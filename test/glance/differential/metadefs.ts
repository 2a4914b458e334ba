import type { Random } from "./random.js"
import type { Cloud, Probe, Who } from "./servers.js"

/** How a request is put together, which is the same for all kinds of them. */
export interface Maker {
  readonly random: Random
  readonly cloud: Cloud
  readonly probe: (who: Who, method: string, target: string, rest?: Partial<Probe>) => Probe
  readonly json: (who: Who, method: string, target: string, body: unknown, headers?: Record<string, string>) => Probe
}

const users = ["alice", "bob", "carol", "admin"] as const

const namespaces = ["OS::Alpha", "beta", "two words", "100% ok", "x.y;z=1"]

const names = ["cpus", "memory", "ß", "with space"]

const tags = ["blue", "Blue", "red", "two words", "é", "t0", "t1", "t2", "t3"]

const types = ["OS::Glance::Image", "OS::Nova::Flavor", "OS::Test::Odd one"]

const root = "/v2/metadefs/namespaces"

/** Random requests to the catalogue of metadata definitions. Names repeat, so that they meet. */
export class MetadefRequests {
  /** Namespaces that are there, with luck. */
  private readonly there = new Set<string>()
  /** What a client would do next with what it has just made. */
  private readonly plans: Array<() => Probe> = []

  constructor(private readonly make: Maker) {}

  next(): Probe {
    const { random } = this.make
    if (this.there.size < 2) return this.saneNamespace()
    const plan = random.chance(0.5) ? this.plans.shift() : undefined
    if (plan !== undefined) return plan()
    return random.weighted<() => Probe>([
      [9, () => this.createNamespace()],
      [7, () => this.listNamespaces()],
      [7, () => this.showNamespace()],
      [7, () => this.updateNamespace()],
      [1.5, () => this.deleteNamespace()],
      [13, () => this.property()],
      [12, () => this.object()],
      [17, () => this.tag()],
      [9, () => this.resourceType()],
      [10, () => this.schema()],
      [4, () => this.odd()]
    ])()
  }

  /** What chance asks for too seldom. */
  last(): ReadonlyArray<Probe> {
    const one = `${root}/last`
    return [
      this.make.json("admin", "POST", root, { namespace: "last", objects: [{ name: "o" }] }),
      this.make.probe("admin", "DELETE", `${one}/objects`),
      this.make.probe("admin", "GET", one)
    ]
  }

  /** Most of what is asked for takes an administrator. */
  private who(): Who {
    const { random } = this.make
    return random.chance(0.8) ? "admin" : random.chance(0.03) ? "nobody" : random.pick(users)
  }

  private probe(method: string, target: string, rest: Partial<Probe> = {}): Probe {
    const reads = method === "GET" && this.make.random.chance(0.6)
    return this.make.probe(reads ? this.make.random.pick(users) : this.who(), method, target, rest)
  }

  private json(method: string, target: string, body: unknown, headers?: Record<string, string>): Probe {
    const { random } = this.make
    const wrong = random.pick(["{", "5", "[]", '["self"]', '["x"]', "null", ""])
    return this.make.json(this.who(), method, target, random.chance(0.02) ? wrong : body, headers)
  }

  private segment(name: string): string {
    return encodeURIComponent(name)
  }

  private namespace(): string {
    const { random } = this.make
    const there = [...this.there]
    if (there.length > 0 && random.chance(0.85)) return random.pick(there)
    return random.chance(0.2) ? "nope" : random.pick(namespaces)
  }

  private path(suffix = ""): string {
    return `${root}/${this.segment(this.namespace())}${suffix}`
  }

  private query(params: ReadonlyArray<readonly [string, string]>): string {
    const text = params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&")
    return text === "" ? "" : `?${text}`
  }

  private text(): unknown {
    const { random } = this.make
    return random.chance(0.06)
      ? random.pick([null, 5, "\u{1f600}", ["x"], "n".repeat(81), "", true])
      : random.pick(["some words", "ß and more", "it's", "x".repeat(40)])
  }

  private name(from: ReadonlyArray<string>): unknown {
    const { random } = this.make
    return random.chance(0.03) ? random.pick([null, 5, "n".repeat(81), "\u{1f600}"]) : random.pick(from)
  }

  private maybe(body: Record<string, unknown>, key: string, probability: number, value: () => unknown): void {
    if (this.make.random.chance(probability)) body[key] = value()
  }

  private definition(withName: boolean): Record<string, unknown> {
    const { random } = this.make
    const body: Record<string, unknown> = {}
    if (random.chance(0.5)) {
      if (withName) body["name"] = random.pick(names)
      const rest = [{ default: "x" }, { enum: ["a", "b"] }, { minimum: 1, maximum: 5, readonly: true }, {}]
      return { ...body, type: "string", title: "some words", ...random.pick<object>(rest) }
    }
    if (withName || random.chance(0.1)) body["name"] = this.name(names)
    this.maybe(body, "type", 0.97, () =>
      random.chance(0.05) ? random.pick([null, "foo", 5]) : random.pick(["string", "integer", "array", "boolean"])
    )
    this.maybe(body, "title", 0.97, () => this.text())
    this.maybe(body, "description", 0.2, () => this.text())
    this.maybe(body, "operators", 0.1, () => random.pick<unknown>([["<in>"], [], "<in>", [5], [null]]))
    this.maybe(body, "default", 0.2, () => random.pick<unknown>(["a", 5, true, 1.5, null, ["x"], { a: 1 }]))
    this.maybe(body, "readonly", 0.1, () => random.pick<unknown>([true, false, "true", 1]))
    this.maybe(body, "minimum", 0.1, () => random.pick<unknown>([1, -4, 1.5, "1", null]))
    this.maybe(body, "maximum", 0.1, () => random.pick<unknown>([1, 9, -2.5]))
    this.maybe(body, "enum", 0.15, () => random.pick<unknown>([["a", "b"], ["a", "b"], [], [1], [null], "a", [["a"]]]))
    this.maybe(body, "pattern", 0.1, () => random.pick<unknown>(["^a", "(", 5]))
    this.maybe(body, "minLength", 0.1, () => random.pick<unknown>([0, 3, -1, "3"]))
    this.maybe(body, "maxLength", 0.1, () => random.pick<unknown>([0, 3, -1, 2.5]))
    this.maybe(body, "items", 0.1, () =>
      random.pick<unknown>([{ type: "string" }, { type: "string", enum: ["x"] }, {}, { type: "foo" }, { a: 1 }, []])
    )
    this.maybe(body, "uniqueItems", 0.05, () => random.pick<unknown>([true, "x"]))
    this.maybe(body, "minItems", 0.05, () => random.pick<unknown>([1, -1]))
    this.maybe(body, "additionalItems", 0.05, () => random.pick<unknown>([false, 0]))
    this.maybe(body, "required", 0.03, () => random.pick<unknown>([["a"], [], ["a", "a"]]))
    const extra = random.pick(["foo", "created_at", "confidential"])
    this.maybe(body, extra, 0.05, () => random.pick<unknown>([true, "yes", "maybe", 1, null]))
    return body
  }

  /** At most one of them is wrong: which of several is told, the service leaves to the hashes of their names. */
  private definitions(): Record<string, unknown> {
    const { random } = this.make
    const some = random.some(names, 0.3)
    const odd = random.pick(some)
    const definition = (name: string): unknown => {
      if (name !== odd) return { type: "string", title: "some words", ...(random.chance(0.5) ? { default: "x" } : {}) }
      return random.chance(0.03) ? 5 : this.definition(false)
    }
    return Object.fromEntries(some.map((name) => [name, definition(name)]))
  }

  private objectBody(): Record<string, unknown> {
    const { random } = this.make
    const body: Record<string, unknown> = {}
    this.maybe(body, "name", 0.97, () => this.name(names))
    this.maybe(body, "description", 0.4, () => this.text())
    this.maybe(body, "required", 0.4, () =>
      random.chance(0.2)
        ? random.pick<unknown>([["x", "x"], "cpus", [5], ["\u{1f600}"]])
        : random.pick<unknown>([["cpus"], ["cpus", "ß"], [], ["a,b"]])
    )
    this.maybe(body, "properties", 0.6, () => (random.chance(0.03) ? [] : this.definitions()))
    return body
  }

  private associationBody(): Record<string, unknown> {
    const { random } = this.make
    const body: Record<string, unknown> = {}
    this.maybe(body, "name", 0.97, () => (random.chance(0.03) ? random.pick<unknown>([5, null]) : random.pick(types)))
    this.maybe(body, "prefix", 0.6, () => random.pick<unknown>(["hw_", "hw_", "c", "", 5]))
    this.maybe(body, "properties_target", 0.3, () => random.pick<unknown>(["image", "user"]))
    return body
  }

  private namespaceBody(): Record<string, unknown> {
    const { cloud, random } = this.make
    const body: Record<string, unknown> = {}
    this.maybe(body, "namespace", 0.98, () =>
      random.chance(0.04) ? random.pick<unknown>([5, null, "n".repeat(81), "\u{1f600}"]) : this.namespace()
    )
    this.maybe(body, "display_name", 0.5, () => this.text())
    this.maybe(body, "description", 0.3, () => this.text())
    this.maybe(body, "visibility", 0.85, () =>
      random.chance(0.05) ? random.pick<unknown>(["shared", null, 5]) : random.pick(["public", "public", "private"])
    )
    this.maybe(body, "protected", 0.3, () =>
      random.chance(0.05) ? random.pick<unknown>(["x", 1]) : random.chance(0.3)
    )
    this.maybe(body, "owner", 0.4, () =>
      random.chance(0.05) ? random.pick<unknown>([null, 5, ""]) : cloud.accounts[random.pick(users)].projectId
    )
    this.maybe(body, random.pick(["self", "schema", "created_at", "updated_at", "foo"]), 0.03, () => "x")
    return body
  }

  private createNamespace(): Probe {
    const { random } = this.make
    const body = this.namespaceBody()
    const few = () => Array.from({ length: random.int(3) })
    this.maybe(body, "resource_type_associations", 0.3, () => few().map(() => this.associationBody()))
    this.maybe(body, "properties", 0.3, () => this.definitions())
    this.maybe(body, "objects", 0.3, () => few().map(() => this.objectBody()))
    this.maybe(body, "tags", 0.3, () => [...few(), ...few()].map(() => ({ name: random.pick(tags) })))
    if (random.chance(0.03)) {
      body[random.pick(["properties", "objects", "tags", "resource_type_associations"])] = random.pick<unknown>([
        5,
        [{ foo: 1 }],
        [{}],
        { a: { type: "string", title: "t", foo: 1 } },
        [5]
      ])
    }
    return this.json("POST", root, body)
  }

  private saneNamespace(): Probe {
    const { random } = this.make
    const namespace = random.pick(namespaces.filter((name) => !this.there.has(name)))
    this.there.add(namespace)
    return this.make.json("admin", "POST", root, {
      namespace,
      visibility: random.chance(0.8) ? "public" : "private",
      ...(random.chance(0.3) ? { tags: [{ name: "blue" }, { name: "red" }] } : {}),
      ...(random.chance(0.3) ? { properties: { cpus: { type: "integer", title: "CPUs" } } } : {}),
      ...(random.chance(0.3) ? { objects: [{ name: "cpus", required: ["ß"] }] } : {}),
      ...(random.chance(0.3) ? { resource_type_associations: [{ name: random.pick(types), prefix: "hw_" }] } : {})
    })
  }

  private deleteNamespace(): Probe {
    const name = this.namespace()
    // Where it is protected it stays, and is as good as any.
    this.there.delete(name)
    return this.probe("DELETE", `${root}/${this.segment(name)}`)
  }

  private sorting(keys: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> {
    const { random } = this.make
    const params: Array<readonly [string, string]> = []
    if (random.chance(0.4)) params.push(["sort_key", random.chance(0.05) ? "color" : random.pick(keys)])
    if (random.chance(0.4)) params.push(["sort_dir", random.chance(0.06) ? "up" : random.pick(["asc", "desc"])])
    if (random.chance(0.5)) {
      params.push([
        "limit",
        random.chance(0.15) ? random.pick(["0", "-1", "x", "5000", "1_0"]) : String(1 + random.int(4))
      ])
    }
    if (random.chance(0.05)) params.push(["visibility", random.pick(["public", "private", "shared", "", "odd"])])
    if (random.chance(0.05)) params.push(["foo", "b&r"])
    return params
  }

  private listNamespaces(): Probe {
    const { random } = this.make
    const keys = ["namespace", "display_name", "description", "visibility", "owner", "protected", "created_at", "id"]
    const params = [...this.sorting([...keys, "updated_at"])]
    if (random.chance(0.3)) params.push(["marker", random.chance(0.05) ? "" : this.namespace()])
    if (random.chance(0.3)) params.push(["visibility", random.pick(["public", "private", "public", "odd"])])
    if (random.chance(0.3)) {
      params.push(["resource_types", random.pick([...types, types.slice(0, 2).join(","), "none", ""])])
    }
    return this.probe("GET", `${root}${this.query(params)}`)
  }

  private forResource(): string {
    const { random } = this.make
    if (!random.chance(0.4)) return ""
    return random.chance(0.2)
      ? random.pick(["?foo=1", "?visibility=public", "?visibility=odd", "?resource_type="])
      : this.query([["resource_type", random.pick([...types, "none"])]])
  }

  private showNamespace(): Probe {
    return this.probe("GET", `${this.path()}${this.forResource()}`)
  }

  private updateNamespace(): Probe {
    const { random } = this.make
    const name = this.namespace()
    const body = this.namespaceBody()
    if (random.chance(0.9)) body["namespace"] = name
    else if (typeof body["namespace"] === "string") {
      this.there.delete(name)
      this.there.add(body["namespace"])
    }
    this.maybe(body, "tags", 0.05, () => random.pick<unknown>([[], [{ nome: 1 }], 5]))
    return this.json("PUT", `${root}/${this.segment(name)}`, body)
  }

  private one(kind: string, from: ReadonlyArray<string>): string {
    const { random } = this.make
    return this.path(`/${kind}/${this.segment(random.chance(0.05) ? "none" : random.pick(from))}`)
  }

  private create(kind: "properties" | "objects" | "resource_types", body: Record<string, unknown>): Probe {
    const path = this.path(`/${kind}`)
    const name = body["name"]
    if (typeof name === "string") {
      const one = `${path}/${this.segment(name)}`
      if (kind !== "resource_types") this.follow(one, { ...body, ...(kind === "objects" ? {} : { title: "changed" }) })
      else if (this.make.random.chance(0.4)) this.plans.push(() => this.make.probe("admin", "DELETE", one))
    }
    return this.json("POST", path, body)
  }

  private follow(path: string, body: Record<string, unknown>): void {
    const { random } = this.make
    const steps = [
      () => this.probe("GET", path),
      () => this.make.json("admin", "PUT", path, body),
      () => this.probe("GET", path),
      () => this.make.probe("admin", "DELETE", path)
    ]
    this.plans.push(...random.some(steps, 0.5))
  }

  private property(): Probe {
    const { random } = this.make
    return random.weighted<() => Probe>([
      [3, () => this.probe("GET", this.path("/properties"))],
      [8, () => this.create("properties", this.definition(true))],
      [4, () => this.probe("GET", `${this.one("properties", [...names, "hw_cpus"])}${this.forResource()}`)],
      [5, () => this.json("PUT", this.one("properties", names), this.definition(random.chance(0.97)))],
      [2, () => this.probe("DELETE", this.one("properties", names), this.unwanted())],
      [1, () => this.probe("DELETE", this.path("/properties"), this.unwanted())]
    ])()
  }

  /** A body where none belongs. */
  private unwanted(): Partial<Probe> {
    const { random } = this.make
    return random.chance(0.05) ? { body: random.pick(["{}", "[]", "{", "5"]) } : {}
  }

  private object(): Probe {
    const { random } = this.make
    return random.weighted<() => Probe>([
      [4, () => this.probe("GET", `${this.path("/objects")}${this.query(this.sorting(["name", "created_at"]))}`)],
      [7, () => this.create("objects", this.objectBody())],
      [3, () => this.probe("GET", this.one("objects", names), this.unwanted())],
      [5, () => this.json("PUT", this.one("objects", names), this.objectBody())],
      [2, () => this.probe("DELETE", this.one("objects", names), this.unwanted())],
      [1, () => this.probe("DELETE", this.path("/objects"), this.unwanted())]
    ])()
  }

  private tag(): Probe {
    const { random } = this.make
    const list = () => {
      const params = [...this.sorting(["name", "created_at", "updated_at", "id", "namespace_id"])]
      if (random.chance(0.4)) params.push(["marker", random.chance(0.1) ? "" : random.pick([...tags, "none"])])
      return `${this.path("/tags")}${this.query(params)}`
    }
    const some = () => {
      const body = { tags: random.some(tags, 0.25).map((name) => ({ name })) }
      return random.chance(0.08)
        ? random.pick<unknown>([
            {},
            { tags: null },
            { tags: [{}] },
            { tags: [{ name: 5 }] },
            { tags: [{ name: "x", y: 1 }] },
            { tags: [{ name: "x" }, { name: "x" }] },
            { tags: [{ name: "blue" }], foo: 1 },
            { tags: [{ name: "n".repeat(90) }] },
            { created_at: "x" }
          ])
        : body
    }
    const header = (): Record<string, string> =>
      random.chance(0.5) ? { "x-openstack-append": random.pick(["true", "True", "1", "false", "odd"]) } : {}
    const written = tags.filter((tag) => tag !== "é")
    return random.weighted<() => Probe>([
      [6, () => this.probe("GET", list())],
      [5, () => this.json("POST", this.path("/tags"), some(), header())],
      [4, () => this.createTag()],
      [3, () => this.probe("GET", this.one("tags", tags))],
      [3, () => this.json("PUT", this.one("tags", tags), random.chance(0.05) ? {} : { name: this.name(written) })],
      [2, () => this.probe("DELETE", this.one("tags", tags))],
      [1, () => this.probe("DELETE", this.path("/tags"), this.unwanted())]
    ])()
  }

  private createTag(): Probe {
    const { random } = this.make
    const name = random.chance(0.04) ? "n".repeat(81) : random.pick(tags)
    const path = this.path(`/tags/${this.segment(name)}`)
    this.follow(path, { name: random.pick(tags) })
    return this.probe("POST", path, this.unwanted())
  }

  private resourceType(): Probe {
    const { random } = this.make
    return random.weighted<() => Probe>([
      [1, () => this.probe("GET", "/v2/metadefs/resource_types", this.unwanted())],
      [3, () => this.probe("GET", this.path("/resource_types"))],
      [4, () => this.create("resource_types", this.associationBody())],
      [2, () => this.probe("DELETE", this.one("resource_types", types))]
    ])()
  }

  private schema(): Probe {
    const { random } = this.make
    const known = ["namespace", "resource_type", "object", "tag"].flatMap((name) => [name, `${name}s`])
    const odd = random.chance(0.1) ? ["nothing", "property/x"] : []
    const name = random.pick([...known, "property", "properties", ...odd])
    return this.probe(random.chance(0.9) ? "GET" : "PUT", `/v2/schemas/metadefs/${name}`, this.unwanted())
  }

  private odd(): Probe {
    const { random } = this.make
    const paths = ["", "/properties", "/objects", "/tags", "/resource_types", "/properties/cpus", "/tags/blue", "/odd"]
    const target = random.pick([root, "/v2/metadefs", "/v2/metadefs/resource_types", this.path(random.pick(paths))])
    const method = random.pick(["PATCH", "PATCH", "HEAD", "OPTIONS", "PUT"])
    return this.make.probe(random.pick(users), method, target)
  }
}
