import { type Image, ImageData, ImageSource } from "@effect-glance/core"
import { Effect } from "effect"

/** Logs in again first if the token does not live two hours more, as far as the cloud's tokens live that long. */
export const uploadForHours = (image: Image.ImageRef, file: string) =>
  Effect.flatMap(ImageData.ImageData, (data) =>
    data.upload(image, ImageSource.file(file), { tokenLife: "2 hours", retries: 5 })
  )
