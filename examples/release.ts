import * as ImageReleases from "@effect-glance/core/ImageReleases"
import * as ImageSource from "@effect-glance/core/ImageSource"
import { Effect } from "effect"

/** Puts a file behind a name: does nothing where it is there already, hides all but one of the images before it. */
export const release = (name: string, path: string, sha512?: string) =>
  Effect.flatMap(ImageReleases.ImageReleases, ({ ensure }) =>
    ensure({ name, diskFormat: "qcow2", containerFormat: "bare", visibility: "shared" }, ImageSource.file(path), {
      hash: sha512 === undefined ? undefined : { algorithm: "sha512", value: sha512 },
      retire: { by: "hide", keep: 1 }
    })
  )
