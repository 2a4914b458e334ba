/** `image set`, `image unset` and `image delete`. */
import type * as ImageChanges from "@effect-glance/core/ImageChanges"
import type * as ImageMember from "@effect-glance/core/ImageMember"
import * as ImageMembers from "@effect-glance/core/ImageMembers"
import * as ImageStores from "@effect-glance/core/ImageStores"
import * as Images from "@effect-glance/core/Images"
import * as ImageTags from "@effect-glance/core/ImageTags"
import * as Effect from "effect/Effect"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Each from "../each.js"
import * as Lookup from "../lookup.js"
import * as Parameters from "../parameters.js"
import * as Terminal from "../terminal.js"

const { CommandFailed } = Command

const namedProperties = {
  architecture: Parameters.text("--architecture", "Architecture of the operating system", {
    metavar: "<architecture>"
  }),
  instanceId: Parameters.text("--instance-id", "ID of the server that the image was made from", {
    metavar: "<instance-id>"
  }),
  instanceUuid: Parameters.text("--instance-uuid", "", { metavar: "<instance-id>", hidden: true }),
  kernelId: Parameters.text("--kernel-id", "ID of the image with the kernel", { metavar: "<kernel-id>" }),
  osDistro: Parameters.text("--os-distro", "Name of the distribution", { metavar: "<os-distro>" }),
  osVersion: Parameters.text("--os-version", "Version of the distribution", { metavar: "<os-version>" }),
  ramdiskId: Parameters.text("--ramdisk-id", "ID of the image with the initial ramdisk", { metavar: "<ramdisk-id>" })
}

export const set = Command.nothing({
  summary: "Change the attributes of an image",
  examples: ["image set debian --name debian-13 --property os_distro=debian", "image set debian --accept"],
  parameters: {
    image: Common.image("Image to change"),
    name: Parameters.text("--name", "New name", { metavar: "<name>" }),
    minDisk: Parameters.integer("--min-disk", "Disk that the image requires, in GB", { metavar: "<disk-gb>" }),
    minRam: Parameters.integer("--min-ram", "Memory that the image requires, in MB", { metavar: "<ram-mb>" }),
    containerFormat: Parameters.text("--container-format", "Container format", {
      metavar: "<container-format>",
      choices: Common.containerFormats
    }),
    diskFormat: Parameters.text("--disk-format", "Disk format", {
      metavar: "<disk-format>",
      choices: Common.diskFormats
    }),
    protected: Common.protection("image"),
    visibility: Common.visibility,
    properties: Parameters.pairs("--property", "Set a property (may be repeated)", { metavar: "<key=value>" }),
    tags: Parameters.texts("--tag", "Add a tag (may be repeated)", { metavar: "<tag>" }),
    ...namedProperties,
    activation: Parameters.oneOf("activation", [
      ["--deactivate", "deactivate", "Forbid downloads of the data"],
      ["--activate", "activate", "Allow downloads of the data again"]
    ]),
    project: Parameters.text("--project", "Give the image to this project (name or ID), or change its membership", {
      metavar: "<project>"
    }),
    projectDomain: Common.projectDomain,
    oldVisibility: Parameters.text("--visibility", "", { metavar: "<visibility>", hidden: true }),
    membership: Parameters.oneOf<ImageMember.MemberStatus>("membership", [
      ["--accept", "accepted", "Accept the image for the project of --project, or your own"],
      ["--reject", "rejected", "Reject the image for the project of --project, or your own"],
      ["--pending", "pending", "Set the membership back to pending"]
    ]),
    hidden: Parameters.oneOf("hidden", [
      ["--hidden", true, "Hide the image"],
      ["--unhidden", false, "Show the image again"]
    ])
  },
  run: (options) =>
    Effect.gen(function* () {
      yield* Common.refuseOld({ visibility: options.oldVisibility })
      const images = yield* Images.make
      const image = yield* Lookup.findImage(options.image)
      const projectId =
        options.project === undefined ? undefined : yield* Lookup.findProjectId(options.project, options.projectDomain)
      if (options.activation === "deactivate") yield* images.deactivate(image)
      if (options.activation === "activate") yield* images.reactivate(image)
      if (options.membership !== undefined) {
        const members = yield* ImageMembers.make
        yield* members.setStatus(image, options.membership, { projectId })
      }
      const given: ReadonlyArray<readonly [string, string | undefined]> = [
        ["architecture", options.architecture],
        ["instance_id", options.instanceUuid ?? options.instanceId],
        ["kernel_id", options.kernelId],
        ["os_distro", options.osDistro],
        ["os_version", options.osVersion],
        ["ramdisk_id", options.ramdiskId],
        ...options.properties
      ]
      const properties = new Map(given.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
      const changes: ImageChanges.ImageChanges = {
        name: options.name,
        minDisk: options.minDisk,
        minRam: options.minRam,
        containerFormat: options.containerFormat,
        diskFormat: options.diskFormat,
        protected: options.protected,
        visibility: options.visibility,
        osHidden: options.hidden,
        // Whose membership it is says nothing about the owner.
        owner: options.membership === undefined ? projectId : undefined,
        tags: options.tags.length === 0 ? undefined : [...new Set([...image.tags, ...options.tags])],
        properties: properties.size === 0 ? undefined : properties
      }
      if (Object.values(changes).some((value) => value !== undefined)) yield* images.update(image, changes)
    })
})

export const unset = Command.nothing({
  summary: "Remove tags and properties of an image",
  examples: ["image unset debian --tag old", "image unset debian --property os_distro --property os_version"],
  parameters: {
    image: Common.image("Image to change"),
    tags: Parameters.texts("--tag", "Remove this tag (may be repeated)", { metavar: "<tag>" }),
    properties: Parameters.texts("--property", "Remove this property (may be repeated)", { metavar: "<property-key>" })
  },
  run: ({ image, properties, tags }) =>
    Effect.gen(function* () {
      const images = yield* Images.make
      const imageTags = yield* ImageTags.make
      const found = yield* Lookup.findImage(image)
      let missing = 0
      for (const tag of tags) {
        yield* Effect.catchAll(imageTags.remove(found, tag), (error) => {
          missing += 1
          return Terminal.complain(
            error._tag === "ImageTagNotFound" ? `image "${image}" has no tag "${tag}"` : error.message
          )
        })
      }
      const isPresent = (name: string) => found.properties.has(name)
      for (const name of properties.filter((each) => !isPresent(each))) {
        missing += 1
        yield* Terminal.complain(`image "${image}" has no property "${name}"`)
      }
      const removed = properties.filter(isPresent)
      if (removed.length > 0) {
        yield* images.update(found, { properties: Object.fromEntries(removed.map((name) => [name, null])) })
      }
      if (missing > 0) {
        return yield* new CommandFailed({
          message: `${missing} of ${tags.length + properties.length} tags and properties could not be removed`
        })
      }
    })
})

export const remove = Command.nothing({
  summary: "Delete images",
  examples: ["image delete debian-12", "image delete debian-13 --store slow"],
  parameters: {
    images: Parameters.argumentList("<image>", "Images to delete (name or ID)"),
    store: Parameters.text("--store", "Delete only the copies in this store", { metavar: "<STORE>" })
  },
  run: ({ images: names, store }) =>
    Effect.gen(function* () {
      const images = yield* Images.make
      const stores = yield* ImageStores.make
      yield* Each.each("image", names, "deleted", (name) =>
        Effect.flatMap(Lookup.findImage(name), (image) =>
          store === undefined ? images.delete(image) : stores.deleteImage(store, image)
        )
      )
    })
})
