import type * as Effect from "effect/Effect"
import type * as ImageSource from "../ImageSource.js"

const opens = new WeakMap<object, Effect.Effect<ImageSource.Opened<unknown, unknown>, unknown, unknown>>()

/** How a source is opened by who alone reads it, and gives its pieces back. By the source: a copy of it may read otherwise. */
export const set = <E, R>(
  source: ImageSource.ImageSource<E, R>,
  open: Effect.Effect<ImageSource.Opened<E, R>, E, R>
): void => {
  opens.set(source, open)
}

/** Opens a source for one reader. */
export const open = <E, R>(source: ImageSource.ImageSource<E, R>): Effect.Effect<ImageSource.Opened<E, R>, E, R> =>
  (opens.get(source) as Effect.Effect<ImageSource.Opened<E, R>, E, R> | undefined) ?? source.open
