/** `image stage`, `image import`, `image import info` and `image stores list`. */
import * as Discovery from "@effect-glance/core/Discovery"
import type * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as ImageStores from "@effect-glance/core/ImageStores"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Hashing from "../hashing.js"
import * as Lookup from "../lookup.js"
import { DictCell, type JsonObject, ListCell } from "../output/cell.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"
import * as Source from "../source.js"

const { CommandFailed } = Command

export const stage = Command.nothing({
  summary: "Upload data to the staging area of the cloud, for an import",
  examples: ["image stage debian --file debian-13.qcow2", "image stage debian < debian-13.qcow2"],
  parameters: {
    file: Parameters.text("--file", "Upload this file (default: standard input)", { metavar: "<file>" }),
    progress: Parameters.flag("--progress", "Changes nothing", { hidden: true }),
    image: Common.image("Image to upload data for")
  },
  run: ({ file, image }) =>
    Effect.gen(function* () {
      const found = yield* Lookup.findImage(image)
      const source = yield* Source.sourceOf(file)
      if (source === undefined) {
        return yield* new CommandFailed({ message: "standard input is a terminal: name a file with --file" })
      }
      if (found.status !== "queued") {
        return yield* new CommandFailed({
          message: `image "${image}" is ${found.status}: data can be staged only while it is queued`
        })
      }
      const data = yield* Hashing.withThreads(ImageData.make)
      yield* data.stage(found, source, { checkFormat: false })
    }).pipe(Effect.scoped)
})

type Options = {
  readonly method: string
  readonly uri: string | undefined
  readonly remoteImage: string | undefined
  readonly remoteRegion: string | undefined
  readonly remoteInterface: string | undefined
  readonly stores: ReadonlyArray<string> | undefined
  readonly allStores: string | undefined
}

/** The options that belong to one method only, and the methods that cannot do without them. */
const methodOf = (options: Options) =>
  Effect.gen(function* () {
    const { method, remoteImage, remoteInterface, remoteRegion, uri } = options
    const fail = (message: string) => new CommandFailed({ message })
    const belongsTo = (flag: string, value: string | undefined, owner: string) =>
      value === undefined || method === owner ? Effect.void : fail(`${flag} needs --method ${owner}`)
    yield* belongsTo("--uri", uri, "web-download")
    yield* belongsTo("--remote-image", remoteImage, "glance-download")
    yield* belongsTo("--remote-region", remoteRegion, "glance-download")
    yield* belongsTo("--remote-service-interface", remoteInterface, "glance-download")
    switch (method) {
      case "web-download":
        return uri === undefined ? yield* fail("--method web-download needs --uri") : ImageImport.webDownload(uri)
      case "glance-download":
        return remoteImage === undefined || remoteRegion === undefined
          ? yield* fail("--method glance-download needs --remote-region and --remote-image")
          : ImageImport.glanceDownload(remoteRegion, remoteImage, {
              interface: remoteInterface as "public" | "internal" | "admin" | undefined
            })
      case "copy-image":
        return options.stores === undefined && options.allStores === undefined
          ? yield* fail("--method copy-image needs --store or --all-stores")
          : ImageImport.copyImage
      default:
        return ImageImport.glanceDirect
    }
  })

/** The status that an image must have, by method. */
const neededStatus: Readonly<Record<string, string>> = {
  "glance-direct": "uploading",
  "web-download": "queued",
  "copy-image": "active"
}

const checkStatus = (image: Image.Image, name: string, method: string) => {
  const needed = neededStatus[method]
  return needed === undefined || image.status === needed
    ? Effect.void
    : new CommandFailed({
        message: `image "${name}" is ${image.status}: the method ${method} needs an image that is ${needed}`
      })
}

export const start = Command.fields({
  summary: "Import data into an image",
  examples: [
    "image import debian --method web-download --uri https://example.org/debian-13.qcow2 --wait",
    "image import debian --method copy-image --store fast slow"
  ],
  parameters: {
    image: Common.image("Image to import data into"),
    method: Parameters.textOr("--method", "glance-direct", "Where the data come from (default: glance-direct)", {
      metavar: "<method>",
      choices: ["glance-direct", "web-download", "glance-download", "copy-image"]
    }),
    uri: Parameters.text("--uri", "URL of the data (web-download)", { metavar: "<uri>" }),
    remoteImage: Parameters.text("--remote-image", "ID of the image in the other region (glance-download)", {
      metavar: "<REMOTE_IMAGE>"
    }),
    remoteRegion: Parameters.text("--remote-region", "The other region (glance-download)", {
      metavar: "<REMOTE_GLANCE_REGION>"
    }),
    remoteInterface: Parameters.text("--remote-service-interface", "Its interface (glance-download)", {
      metavar: "<REMOTE_SERVICE_INTERFACE>"
    }),
    stores: Parameters.textList("--store", "Stores for the data", { metavar: "<STORE>", group: "stores" }),
    allStores: Parameters.text("--all-stores", "Put the data into all stores, if this is any text", {
      group: "stores",
      metavar: "true"
    }),
    allowFailure: Parameters.flag("--allow-failure", "Succeed if one store has the data (default)"),
    disallowFailure: Parameters.flag("--disallow-failure", "Fail if one store does not have the data"),
    wait: Parameters.flag("--wait", "Wait until the import has ended")
  },
  run: (options) =>
    Effect.gen(function* () {
      const imports = yield* ImageImport.make
      const method = yield* methodOf(options)
      const stores = options.allStores === undefined ? options.stores : ("all" as const)
      const settings = { stores, allStoresMustSucceed: options.disallowFailure }
      yield* imports.check(method, settings)
      const image = yield* Lookup.findImage(options.image)
      if (Option.isNone(image.containerFormat) && Option.isNone(image.diskFormat)) {
        return yield* new CommandFailed({
          message: `image "${options.image}" needs a disk format and a container format`
        })
      }
      yield* checkStatus(image, options.image, method.name)
      const started = yield* imports.start(image, method, settings)
      return Records.imageFields(options.wait ? yield* imports.await(started) : image)
    })
})

export const info = Command.fields({
  summary: "Show the import methods of the cloud",
  examples: ["image import info", "image import info -f json"],
  parameters: {},
  run: () =>
    Effect.gen(function* () {
      const discovery = yield* Discovery.make
      return { columns: ["import-methods"], values: [new ListCell(yield* discovery.importMethods)] }
    })
})

export const stores = Command.rows({
  summary: "List the stores of the cloud",
  examples: ["image stores list", "image stores list --detail -f json"],
  parameters: { detail: Parameters.flag("--detail", "Show their configuration (administrators only)") },
  run: ({ detail }) =>
    Effect.gen(function* () {
      const service = yield* ImageStores.make
      const found = yield* (detail ? service.listDetails : service.list).pipe(
        Effect.catchTag("CapabilityMissing", () =>
          Effect.fail(new CommandFailed({ message: "this cloud has a single store" }))
        )
      )
      return {
        columns: ["ID", "Description", "Default", ...(detail ? ["Properties"] : [])],
        rows: found.map((store) => [
          store.id,
          Option.getOrNull(store.description),
          store.isDefault ? true : null,
          ...(detail ? [new DictCell(Option.getOrElse(store.properties, () => ({})) as JsonObject)] : [])
        ])
      }
    })
})
