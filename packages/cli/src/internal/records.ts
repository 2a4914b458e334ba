/** The records of Glance as `openstack` prints them: under its names, in its order, with its types. */
import type * as Image from "@effect-glance/core/Image"
import type * as ImageMember from "@effect-glance/core/ImageMember"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { type Cell, compareTexts, DictCell, type Json, ListCell } from "./output/cell.js"
import type * as Formats from "./output/formats.js"

/** A time as Glance writes it. */
export const time = (at: DateTime.Utc): string => DateTime.formatIso(at).replace(/\.000Z$/, "Z")

/** Returns the fields in the order of their names. */
export const sorted = (record: ReadonlyMap<string, Cell>): Formats.Fields => {
  const columns = [...record.keys()].sort(compareTexts)
  return { columns, values: columns.map((name) => record.get(name) ?? null) }
}

/** Fields that are no properties. */
const fieldNames = new Set([
  ...["status", "name", "container_format", "created_at", "size", "disk_format", "updated_at", "visibility"],
  ...["min_disk", "protected", "id", "file", "checksum", "owner", "virtual_size", "min_ram", "schema"]
])

type Convert = (value: Json) => Json

const asIs: Convert = (value) => value

/** A number. Another text is 0, as openstacksdk has it. */
const numberIf =
  (isNumber: RegExp): Convert =>
  (value) => {
    if (typeof value !== "string") return value
    return isNumber.test(value) ? Number(value) : 0
  }

const integer = numberIf(/^\s*[+-]?\d+\s*$/)
const float = numberIf(/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i)

/** Python's `bool` of a text: each that is not empty is true, "false" as well. */
const boolean: Convert = (value) => (typeof value === "string" ? value !== "" : value)

/**
 * The properties that openstacksdk knows, in its order, and how it converts them (`openstack/image/v2/image.py`). All
 * others stand where `others` is, as Glance sends them.
 */
const others = "others"
const knownProperties: ReadonlyArray<readonly [name: string, convert: Convert]> = [
  ["os_hidden", boolean],
  ["os_hash_algo", asIs],
  ["os_hash_value", asIs],
  [others, asIs],
  ["store", asIs],
  ["locations", asIs],
  ["direct_url", asIs],
  ["url", asIs],
  ["metadata", asIs],
  ["architecture", asIs],
  ["hypervisor_type", asIs],
  ["instance_type_rxtx_factor", float],
  ["instance_uuid", asIs],
  ["img_config_drive", asIs],
  ["kernel_id", asIs],
  ["os_distro", asIs],
  ["os_version", asIs],
  ["os_secure_boot", asIs],
  ["os_shutdown_timeout", integer],
  ["ramdisk_id", asIs],
  ["vm_mode", asIs],
  ["hw_cpu_sockets", integer],
  ["hw_cpu_cores", integer],
  ["hw_cpu_threads", integer],
  ["hw_disk_bus", asIs],
  ["hw_cpu_policy", asIs],
  ["hw_cpu_thread_policy", asIs],
  ["hw_rng_model", asIs],
  ["hw_machine_type", asIs],
  ["hw_scsi_model", asIs],
  ["hw_serial_port_count", integer],
  ["hw_video_model", asIs],
  ["hw_video_ram", integer],
  ["hw_watchdog_action", asIs],
  ["os_command_line", asIs],
  ["hw_vif_model", asIs],
  ["hw_vif_multiqueue_enabled", boolean],
  ["hw_boot_menu", boolean],
  ["vmware_adaptertype", asIs],
  ["vmware_ostype", asIs],
  ["auto_disk_config", asIs],
  ["os_type", asIs],
  ["os_admin_user", asIs],
  ["hw_qemu_guest_agent", asIs],
  ["os_require_quiesce", boolean]
]

const knownNames = new Set(knownProperties.map(([name]) => name))

/** The record with the names of Glance. */
const wireOf = (image: Image.Image): ReadonlyMap<string, Json> =>
  new Map(Object.entries(image.toJSON() as { readonly [key: string]: Json }))

/** The properties of an image, converted. */
const propertiesOf = (wire: ReadonlyMap<string, Json>): { readonly [key: string]: Json } => {
  const entries: Array<readonly [string, Json]> = []
  for (const [name, convert] of knownProperties) {
    if (name === others) {
      const rest = [...wire].filter(([key]) => !knownNames.has(key) && !fieldNames.has(key))
      entries.push(...rest.filter(([key]) => key !== "tags" && key !== "self"))
      continue
    }
    const value = convert(wire.get(name) ?? null)
    if (value !== null) entries.push([name, value])
  }
  return Object.fromEntries(entries)
}

const units = ["", "K", "M", "G", "T", "P", "E", "Z"]

/** Bytes for people, in powers of a thousand. */
const humanSize = (bytes: number): string => {
  const index = bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3)
  return `${(bytes / 1000 ** index).toFixed(1).replace(/\.0$/, "")}${units[index] ?? ""}`
}

/** The fields of `image show`. */
export const imageFields = (image: Image.Image, humanReadable = false): Formats.Fields => {
  const wire = wireOf(image)
  const record = new Map<string, Cell>()
  for (const name of fieldNames) {
    const value = wire.get(name) ?? null
    if (value !== null) record.set(name, value)
  }
  if (humanReadable) record.set("size", humanSize(Option.getOrElse(image.size, () => 0)))
  record.set("tags", new ListCell(image.tags))
  const properties = propertiesOf(wire)
  if (Object.keys(properties).length > 0) record.set("properties", new DictCell(properties))
  return sorted(record)
}

/** openstacksdk's names of attributes that Glance names otherwise. */
const attributeNames: Readonly<Record<string, string>> = {
  is_hidden: "os_hidden",
  is_protected: "protected",
  hash_algo: "os_hash_algo",
  hash_value: "os_hash_value",
  owner_id: "owner",
  needs_config_drive: "img_config_drive",
  needs_secure_boot: "os_secure_boot",
  is_hw_vif_multiqueue_enabled: "hw_vif_multiqueue_enabled",
  is_hw_boot_menu_enabled: "hw_boot_menu",
  has_auto_disk_config: "auto_disk_config"
}

/** Returns an attribute of an image by the name of openstacksdk. Nothing if it has no such attribute. */
export const attributeOf = (image: Image.Image, name: string): Json | undefined => {
  const wire = wireOf(image)
  const key = Object.hasOwn(attributeNames, name) ? (attributeNames[name] ?? name) : name
  if (name === "properties") return propertiesOf(new Map([...wire].filter(([each]) => !knownNames.has(each))))
  const isAttribute = fieldNames.has(key) || key === "tags" || (knownNames.has(key) && key !== others)
  return isAttribute ? (wire.get(key) ?? null) : undefined
}

/** The titles of `image list`, with the attribute of each. */
export const imageColumns: ReadonlyArray<readonly [title: string, cell: (image: Image.Image) => Cell]> = [
  ["ID", ({ id }) => id],
  ["Name", ({ name }) => Option.getOrNull(name)],
  ["Disk Format", ({ diskFormat }) => Option.getOrNull(diskFormat)],
  ["Container Format", ({ containerFormat }) => Option.getOrNull(containerFormat)],
  ["Size", ({ size }) => Option.getOrNull(size)],
  ["Checksum", ({ checksum }) => Option.getOrNull(checksum)],
  ["Status", ({ status }) => status],
  ["Visibility", ({ visibility }) => visibility],
  ["Protected", (image) => image.protected],
  ["Project", ({ owner }) => Option.getOrNull(owner)],
  ["Tags", ({ tags }) => new ListCell(tags)]
]

/** The fields of a membership. Glance sends the same schema with each. */
export const memberFields = (member: ImageMember.ImageMember): Formats.Fields =>
  sorted(
    new Map<string, Cell>([
      ["created_at", time(member.createdAt)],
      ["image_id", member.imageId],
      ["member_id", member.memberId],
      ["schema", "/v2/schemas/member"],
      ["status", member.status],
      ["updated_at", time(member.updatedAt)]
    ])
  )
