/** Records as a cloud of some age has them: 23 attributes that Glance knows and 12 custom properties, about 1.2 kB. */

export const idOf = (index: number): string => `5f0a3b2c-0000-4000-8000-${String(index).padStart(12, "0")}`

/** The image whose data are moved. */
export const dataId = "5f0a3b2c-0000-4000-8000-dddddddddddd"

export const indexOf = (id: string): number => Number(id.slice(24))

const distributions = ["debian", "fedora", "alpine", "ubuntu", "rocky"]
const digits = "309ecc489c12d6eb4cc40f50c902f2b4d0ed77ee511a7c7a9bcd3ca86d4cd86f989dd35bc5ff499670da34255b45b0cf"

/** Digits of so many places that differ from record to record. */
const hex = (index: number, length: number): string => {
  const turn = index % digits.length
  return (digits.slice(turn) + digits.slice(0, turn)).repeat(2).slice(0, length)
}

/** Up to three seconds apart, as uploads of a busy cloud are. */
const time = (index: number): string => new Date(1_700_000_000_000 + index * 2718).toISOString().replace(/\.\d+Z$/, "Z")

/** What a user's own pipeline, a snapshot by Nova and a marketplace write: twelve each, and not the same ones. */
const customs: ReadonlyArray<(index: number) => { readonly [key: string]: string }> = [
  (index) => ({
    hw_disk_bus: "virtio",
    hw_vif_model: "virtio",
    hw_qemu_guest_agent: "yes",
    hw_machine_type: "q35",
    hw_rng_model: "virtio",
    os_distro: distributions[index % distributions.length] ?? "",
    os_version: String(10 + (index % 12)),
    os_require_quiesce: "yes",
    architecture: index % 7 === 0 ? "aarch64" : "x86_64",
    build_id: `nightly-${index}`,
    source_url: `https://images.example.org/nightly/${index}/disk.qcow2`,
    description: 'Built by the nightly pipeline, "as is"; see the change log for what is in it'
  }),
  (index) => ({
    base_image_ref: idOf(index % 50),
    boot_roles: "reader,member",
    image_location: "snapshot",
    image_state: "available",
    image_type: "snapshot",
    instance_uuid: idOf(900_000 + index),
    owner_project_name: `team-${index % 40}`,
    owner_user_name: `user-${index % 400}`,
    user_id: hex(index % 400, 32),
    hw_disk_bus: "scsi",
    hw_scsi_model: "virtio-scsi",
    os_distro: distributions[index % distributions.length] ?? ""
  }),
  (index) => ({
    auto_disk_config: "disabled",
    cache_in_nova: "True",
    "com.rackspace__1__build_core": "1",
    "com.rackspace__1__options": "0",
    "com.rackspace__1__visible_core": "1",
    flavor_classes: "*,!onmetal",
    "org.openstack__1__architecture": "x64",
    "org.openstack__1__os_distro": "com.ubuntu",
    "org.openstack__1__os_version": "22.04",
    os_type: "linux",
    release_version: String(index),
    vm_mode: "hvm"
  })
]

export const record = (index: number): { readonly [key: string]: unknown } => {
  const id = idOf(index)
  return {
    ...customs[index % customs.length]?.(index),
    name: `${distributions[index % distributions.length]}-${index}`,
    disk_format: index % 3 === 0 ? "raw" : "qcow2",
    container_format: "bare",
    visibility: index % 11 === 0 ? "public" : "shared",
    size: 2_147_483_648 + index,
    virtual_size: 10_737_418_240,
    status: "active",
    checksum: hex(index, 32),
    protected: false,
    min_ram: 512,
    min_disk: 10,
    owner: hex(index % 40, 32),
    os_hidden: false,
    os_hash_algo: "sha512",
    os_hash_value: hex(index, 128),
    id,
    created_at: time(index),
    updated_at: time(index + 5000),
    tags: ["nightly", `build-${index % 100}`],
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: "/v2/schemas/image",
    stores: "fast"
  }
}

/** The page that begins after so many of all images. */
export const page = (after: number, limit: number, total: number): unknown => {
  const end = Math.min(after + limit, total)
  const images = Array.from({ length: end - after }, (_, index) => record(after + index))
  const next = end < total ? { next: `/v2/images?limit=${limit}&marker=${idOf(end - 1)}` } : {}
  return { images, first: `/v2/images?limit=${limit}`, ...next, schema: "/v2/schemas/images" }
}
