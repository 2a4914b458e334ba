/** `image create` and `image save`. */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Image from "@effect-glance/core/Image"
import * as ImageData from "@effect-glance/core/ImageData"
import * as ImageImport from "@effect-glance/core/ImageImport"
import * as Images from "@effect-glance/core/Images"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Command from "../command.js"
import * as Common from "../common.js"
import * as Hashing from "../hashing.js"
import * as Lookup from "../lookup.js"
import * as Parameters from "../parameters.js"
import * as Records from "../records.js"
import * as Signature from "../signature.js"
import * as Source from "../source.js"
import * as Terminal from "../terminal.js"

const { CommandFailed } = Command

const oldOption = (name: string) => Parameters.text(name, "", { metavar: "<value>", hidden: true })

const oldOptions = {
  size: oldOption("--size"),
  location: oldOption("--location"),
  copyFrom: oldOption("--copy-from"),
  checksum: oldOption("--checksum"),
  store: oldOption("--store")
}

/** openstacksdk puts these on each image that it creates, and looks for them. */
const ownerSpecified = (name: string) => ({
  "owner_specified.openstack.md5": "",
  "owner_specified.openstack.sha256": "",
  "owner_specified.openstack.object": `images/${name}`
})

interface Signing {
  readonly file: string | undefined
  readonly signKeyPath: string | undefined
  readonly signCertId: string | undefined
}

/** The properties of a signature, if one is wanted. */
const signatureOf = ({ file, signCertId, signKeyPath }: Signing) =>
  Effect.gen(function* () {
    if (signCertId === undefined && signKeyPath === undefined) return {}
    if (file === undefined) return yield* new CommandFailed({ message: "only the data of --file can be signed" })
    if (signCertId === undefined || signKeyPath === undefined) {
      return yield* new CommandFailed({ message: "--sign-key-path and --sign-cert-id go together" })
    }
    return yield* Signature.sign(file, signKeyPath, signCertId)
  })

export const create = Command.fields({
  summary: "Create an image, and upload its data",
  examples: [
    "image create debian --disk-format qcow2 --file debian-13.qcow2",
    "image create debian --disk-format qcow2 --property os_distro=debian --tag base < debian-13.qcow2"
  ],
  parameters: {
    name: Parameters.argument("<image-name>", "Name of the new image"),
    id: Parameters.text("--id", "ID of the new image", { metavar: "<id>" }),
    containerFormat: Parameters.textOr("--container-format", "bare", "Container format (default: bare)", {
      metavar: "<container-format>",
      choices: Common.containerFormats
    }),
    diskFormat: Parameters.textOr("--disk-format", "raw", "Disk format (default: raw)", {
      metavar: "<disk-format>",
      choices: Common.diskFormats
    }),
    minDisk: Parameters.integer("--min-disk", "Disk that the image requires, in GB", { metavar: "<disk-gb>" }),
    minRam: Parameters.integer("--min-ram", "Memory that the image requires, in MB", { metavar: "<ram-mb>" }),
    file: Parameters.text("--file", "Upload this file", { metavar: "<file>", group: "source" }),
    volume: Parameters.text("--volume", "", { metavar: "<volume>", group: "source", hidden: true }),
    force: Parameters.flag("--force", "", { hidden: true }),
    progress: Parameters.flag("--progress", "Changes nothing", { hidden: true }),
    signKeyPath: Parameters.text("--sign-key-path", "Sign the file with this private key (with --sign-cert-id)", {
      metavar: "<sign-key-path>"
    }),
    signCertId: Parameters.text("--sign-cert-id", "ID of the certificate in the key manager (with --sign-key-path)", {
      metavar: "<sign-cert-id>"
    }),
    protected: Common.protection("image"),
    visibility: Common.visibility,
    properties: Parameters.pairs("--property", "Set a property (may be repeated)", { metavar: "<key=value>" }),
    tags: Parameters.texts("--tag", "Set a tag (may be repeated)", { metavar: "<tag>" }),
    project: Parameters.text("--project", "Create the image for this project (name or ID)", { metavar: "<project>" }),
    import: Parameters.flag("--import", "Stage the data and import them, instead of a direct upload"),
    projectDomain: Common.projectDomain,
    ...oldOptions
  },
  run: (options) =>
    Effect.gen(function* () {
      const { checksum, copyFrom, location, size, store } = options
      yield* Common.refuseOld({ size, location, "copy-from": copyFrom, checksum, store })
      if (options.volume !== undefined) {
        return yield* new CommandFailed({
          message: `--volume ${options.volume}: volumes belong to the block storage service, which this command does not use`
        })
      }
      const source = yield* Source.sourceOf(options.file)
      const signature = yield* signatureOf(options)
      const images = yield* Images.make
      const attributes: Images.NewImage = {
        ...(options.id === undefined || options.id === "" ? {} : { id: options.id as Image.ImageId }),
        name: options.name,
        containerFormat: options.containerFormat,
        diskFormat: options.diskFormat,
        minDisk: options.minDisk || undefined,
        minRam: options.minRam || undefined,
        protected: options.protected,
        visibility: options.visibility,
        tags: options.tags.length === 0 ? undefined : options.tags,
        owner:
          options.project === undefined
            ? undefined
            : yield* Lookup.findProjectId(options.project, options.projectDomain),
        properties: { ...ownerSpecified(options.name), ...Object.fromEntries(options.properties), ...signature }
      }
      if (source === undefined) return Records.imageFields(yield* images.create(attributes))
      const data = yield* Hashing.withThreads(ImageData.make)
      // Glance itself refuses data of another format, if its operator wants that.
      const settings = { checkFormat: false }
      if (!options.import) {
        const image = yield* Effect.onInterrupt(data.createWithData(attributes, source, settings), () =>
          Terminal.complain("interrupted: the upload was broken off, and its image deleted")
        )
        return Records.imageFields(image)
      }
      const imports = yield* ImageImport.make
      const created = yield* images.create(attributes)
      yield* data.stage(created, source, settings).pipe(
        Effect.zipRight(imports.start(created, ImageImport.glanceDirect)),
        Effect.onError(() => Effect.ignore(images.delete(created)))
      )
      return Records.imageFields(yield* images.get(created))
    }).pipe(Effect.scoped)
})

export const save = Command.nothing({
  summary: "Download the data of an image, to a file or to standard output",
  examples: ["image save debian --file debian-13.qcow2", "image save debian | sha512sum"],
  parameters: {
    file: Parameters.text("--file", "File to write (default: standard output)", { metavar: "<filename>" }),
    image: Common.image("Image to save")
  },
  run: ({ file, image }) =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const data = yield* Hashing.withThreads(ImageData.make)
      const found = yield* Lookup.findImage(image)
      if (file === undefined) return yield* Stream.runForEach(data.download(found), Terminal.printBytes)
      const existing = yield* Effect.option(fs.stat(file))
      // A device or a pipe cannot be replaced by a finished file.
      if (existing._tag === "Some" && existing.value.type !== "File") {
        return yield* Stream.run(data.download(found), fs.sink(file))
      }
      yield* Effect.onInterrupt(data.downloadTo(found, file), () =>
        Terminal.complain(
          `interrupted: the bytes so far are in ${file}.${found.id}.part, and the same command continues`
        )
      )
    }).pipe(Effect.scoped)
})
