// #region fetch
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { ImageData, Images } from "@effect-glance/core"
import { Cloud } from "@effect-glance/http"
import { Effect, Layer, Redacted } from "effect"

/** For every runtime with `fetch`. The program has the URL of the image service and a token. */
export const cloud = (endpoint: string, token: string) =>
  Layer.merge(Images.layer, ImageData.layer).pipe(
    Layer.provide(Cloud.layerToken({ endpoint, token: Redacted.make(token) })),
    Layer.provide(FetchHttpClient.layer)
  )
// #endregion fetch

// #region browser
/** Uploads the file that a user has chosen in a page. Every browser can send a `File`. */
export const uploadFile = (file: File) =>
  Effect.gen(function* () {
    const data = yield* ImageData.ImageData
    return yield* data.createWithData({ name: file.name, diskFormat: "raw", containerFormat: "bare" }, file)
  })
// #endregion browser
