/** Parameters that several commands share. */
import * as Effect from "effect/Effect"
import * as Command from "./command.js"
import * as Parameters from "./parameters.js"

export const image = (what: string) => Parameters.argument("<image>", `${what} (name or ID)`)

export const projectDomain = Parameters.text("--project-domain", "Domain of the project (name or ID)", {
  metavar: "<project-domain>"
})

export const containerFormats = ["ami", "ari", "aki", "bare", "docker", "ova", "ovf"]

export const diskFormats = ["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vhdx", "vdi", "iso", "ploop"]

export const visibility = Parameters.oneOf("visibility", [
  ["--public", "public", "Every project can see the image"],
  ["--private", "private", "Only the owner can see the image"],
  ["--community", "community", "Every project can use the image, and finds it only if it asks for it"],
  ["--shared", "shared", "Only the owner and the members can see the image (default)"]
])

export const protection = (what: string) =>
  Parameters.oneOf("protection", [
    ["--protected", true, `Protect the ${what} from deletion`],
    ["--unprotected", false, `Let the ${what} be deleted (default)`]
  ])

/** Fails if an option was given that only version 1 of the Image API had. */
export const refuseOld = (given: { readonly [name: string]: string | undefined }) =>
  Effect.forEach(Object.entries(given), ([name, value]) =>
    value === undefined || value === ""
      ? Effect.void
      : new Command.CommandFailed({
          message: `--${name} is an option of version 1 of the Image API, which no cloud has any more`
        })
  )
