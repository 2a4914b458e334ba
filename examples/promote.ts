import type * as Image from "@effect-glance/core/Image"
import * as Images from "@effect-glance/core/Images"
import { Effect } from "effect"

/** Gives a new image the name of an old one and hides the old one; when that fails, the old one is shown again. */
export const promote = (image: Image.ImageRef, name: string) =>
  Effect.gen(function* () {
    const images = yield* Images.Images
    const old = yield* images.find({ name })
    yield* images.update(old, { osHidden: true })
    return yield* images
      .update(image, { name })
      .pipe(Effect.onError(() => Effect.ignoreLogged(images.update(old, { osHidden: false }))))
  })
