/** Records as Glance 25 sends them. */
type JsonObject = { readonly [key: string]: unknown }

export const imageRecord = (overrides: JsonObject = {}): JsonObject => ({
  name: "cirros",
  disk_format: "qcow2",
  container_format: "bare",
  visibility: "shared",
  size: 11,
  virtual_size: 11,
  status: "active",
  checksum: "5eb63bbbe01eeed093cb22bb8f5acdc3",
  protected: false,
  min_ram: 0,
  min_disk: 0,
  owner: "own-project",
  os_hidden: false,
  os_hash_algo: "sha512",
  os_hash_value: "309ecc489c12d6eb",
  id: "5f0a3b2c-0000-4000-8000-000000000001",
  created_at: "2026-11-23T15:40:23Z",
  updated_at: "2026-11-23T15:40:24Z",
  tags: [],
  self: "/v2/images/5f0a3b2c-0000-4000-8000-000000000001",
  file: "/v2/images/5f0a3b2c-0000-4000-8000-000000000001/file",
  schema: "/v2/schemas/image",
  ...overrides
})

/** Records with the ids `prefix0`, `prefix1` and so on. */
export const imageRecords = (count: number, prefix = "image-"): ReadonlyArray<JsonObject> =>
  Array.from({ length: count }, (_, index) => imageRecord({ id: `${prefix}${index}`, name: `${prefix}${index}` }))

export const memberRecord = (overrides: JsonObject = {}): JsonObject => ({
  member_id: "own-project",
  image_id: "5f0a3b2c-0000-4000-8000-000000000001",
  status: "pending",
  created_at: "2026-11-23T15:36:26Z",
  updated_at: "2026-11-23T15:36:26Z",
  schema: "/v2/schemas/member",
  ...overrides
})

export const taskRecord = (overrides: JsonObject = {}): JsonObject => ({
  id: "9c2e0000-0000-4000-8000-000000000046",
  input: { import_from: "container/object", import_from_format: "vhd", image_properties: { name: "object" } },
  type: "import",
  status: "pending",
  owner: "own-project",
  message: "",
  result: null,
  created_at: "2026-11-23T15:39:33Z",
  updated_at: "2026-11-23T15:39:33Z",
  self: "/v2/tasks/9c2e0000-0000-4000-8000-000000000046",
  schema: "/v2/schemas/task",
  request_id: "req-53df2736-312f-4f36-8b63-1a02107f3148",
  user_id: "5675301b1307447b824c3b470949f737",
  ...overrides
})
