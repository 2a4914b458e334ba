/** `image list` and `image show`. */
import type * as Image from "@effect-glance/core/Image"
import type * as ImageQuery from "@effect-glance/core/ImageQuery"
import * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Lookup from "../lookup.js"
import { compareTexts, type Json, str } from "../output/cell.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"

const { CommandFailed } = Command

/** Sorts as openstacksdk does: by the text of an attribute, also if it is a number. */
const sortImages = (images: ReadonlyArray<Image.Image>, order: string) =>
  Effect.gen(function* () {
    let result = [...images]
    for (const part of order.trim().split(",").reverse()) {
      const [key = "", direction] = part.split(/:(.*)/s)
      if (key === "") return yield* new CommandFailed({ message: `--sort ${order}: a key is missing` })
      if (direction !== undefined && direction !== "asc" && direction !== "desc") {
        return yield* new CommandFailed({
          message: `--sort ${order}: the direction of ${key} is "asc" or "desc", not "${direction}"`
        })
      }
      const keyed: Array<readonly [string, Image.Image]> = []
      for (const image of result) {
        const value = Records.attributeOf(image, key)
        if (value === undefined) {
          return yield* new CommandFailed({ message: `--sort ${order}: images have no attribute "${key}"` })
        }
        keyed.push([str(value), image])
      }
      const sign = direction === "desc" ? -1 : 1
      result = keyed.sort(([left], [right]) => sign * compareTexts(left, right)).map(([, image]) => image)
    }
    return result
  })

const isNotEmpty = (value: Json | undefined): value is Json => value !== undefined && value !== null && value !== ""

const hasProperties = (image: Image.Image, wanted: ReadonlyMap<string, string>): boolean =>
  [...wanted].every(([name, value]) => {
    const found = Records.attributeOf(image, name) ?? image.properties.get(name)
    return isNotEmpty(found) && found === value
  })

export const list = Command.rows({
  summary: "List available images",
  examples: ["image list --status active", "image list --property os_distro=debian -f json -c ID -c Name"],
  parameters: {
    visibility: Parameters.oneOf("visibility", [
      ["--public", "public", "List only public images"],
      ["--private", "private", "List only private images"],
      ["--community", "community", "List only community images"],
      ["--shared", "shared", "List only shared images"],
      ["--all", "all", "List all images"]
    ]),
    property: Parameters.pairs("--property", "List only images with this property (may be repeated)", {
      metavar: "<key=value>"
    }),
    name: Parameters.text("--name", "List only images with this name", { metavar: "<name>" }),
    status: Parameters.text("--status", "List only images with this status", { metavar: "<status>" }),
    memberStatus: Parameters.lowerCase(
      Parameters.text("--member-status", "List only images with this status of the membership", {
        metavar: "<member-status>",
        choices: ["accepted", "pending", "rejected", "all"]
      })
    ),
    project: Parameters.text("--project", "List only images of this project (name or ID)", { metavar: "<project>" }),
    projectDomain: Common.projectDomain,
    tag: Parameters.texts("--tag", "List only images with this tag (may be repeated)", { metavar: "<tag>" }),
    hidden: Parameters.flag("--hidden", "List hidden images"),
    long: Parameters.flag("--long", "List more attributes"),
    pageSize: Parameters.text("--page-size", "Changes nothing", { metavar: "<size>", hidden: true }),
    sort: Parameters.textOr(
      "--sort",
      "name:asc",
      "Order by these attributes, separated by commas (default: name:asc)",
      {
        metavar: "<key>[:<direction>]"
      }
    ),
    limit: Parameters.integer("--limit", "List at most this many images, and at most a page of the cloud", {
      metavar: "<limit>",
      min: 0
    }),
    marker: Parameters.text("--marker", "List the images after this one (name or ID)", { metavar: "<marker>" })
  },
  run: (options) =>
    Effect.gen(function* () {
      const images = yield* Images.make
      const owner =
        options.project === undefined ? undefined : yield* Lookup.findProjectId(options.project, options.projectDomain)
      const query: ImageQuery.ImageQuery = {
        visibility: options.visibility,
        name: options.name || undefined,
        status: options.status || undefined,
        memberStatus: options.memberStatus as ImageQuery.ImageQuery["memberStatus"],
        owner,
        tags: options.tag.length === 0 ? undefined : options.tag,
        osHidden: options.hidden ? true : undefined,
        marker: options.marker === undefined ? undefined : yield* Lookup.findImageId(options.marker)
      }
      const { limit } = options
      const found =
        limit === undefined || limit === 0
          ? [...(yield* Stream.runCollect(images.listAll(query)))]
          : (yield* images.list({ ...query, limit })).items
      const wanted = found.filter((image) => hasProperties(image, options.property))
      const columns = Records.imageColumns.filter(([title]) => options.long || /^(ID|Name|Status)$/.test(title))
      return {
        columns: columns.map(([title]) => title),
        rows: (yield* sortImages(wanted, options.sort)).map((image) => columns.map(([, cell]) => cell(image)))
      }
    })
})

export const show = Command.fields({
  summary: "Display image details",
  examples: ["image show debian", "image show debian -f value -c checksum"],
  parameters: {
    humanReadable: Parameters.flag("--human-readable", "Print the size with a unit"),
    image: Common.image("Image to display")
  },
  run: ({ humanReadable, image }) =>
    Effect.map(Lookup.findImage(image), (found) => Records.imageFields(found, humanReadable))
})
