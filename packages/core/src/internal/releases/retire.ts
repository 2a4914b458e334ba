/** Retires the images that a release replaces. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type * as Image from "../../Image.js"
import type { Retired, RetireError, Retirement } from "../../ImageReleases.js"
import type * as Images from "../../Images.js"
import * as Listing from "../imageListing.js"
import type * as Operations from "../operations.js"
import * as Record from "../record.js"
import { abandon, mark } from "./series.js"

interface Services {
  readonly operations: Operations.Operations
  readonly images: Images.Service
}

const newestFirst = Order.reverse(Order.mapInput(DateTime.Order, (image: Image.Image) => image.createdAt))

const hasData = ({ status }: Image.Image) => status === "active" || status === "deactivated"

/** Lists the images of the same name and project that are older than the image. */
const olderThan = ({ operations }: Services, image: Image.Image) =>
  Effect.gen(function* () {
    const query = { name: Option.getOrUndefined(image.name), owner: Option.getOrUndefined(image.owner) }
    const list = (osHidden: boolean) =>
      Listing.listing(operations).collect({
        ...query,
        osHidden,
        sort: [{ key: "createdAt" }],
        limit: Listing.maxPage
      })
    // Records have whole seconds. The server's order is exact: images after this one in the listing are older.
    const visible = yield* list(false)
    const position = visible.findIndex(({ id }) => id === image.id)
    const hidden = (yield* list(true)).filter(
      (other) => other.id !== image.id && DateTime.lessThanOrEqualTo(other.createdAt, image.createdAt)
    )
    return [...(position < 0 ? [] : visible.slice(position + 1)), ...hidden]
  })

/** Retires older images, and deletes unpublished records that made no progress for `patience` milliseconds. */
export const retire = (services: Services, image: Image.Image, { by, keep = 0 }: Retirement, patience: number) =>
  Effect.gen(function* () {
    const { images, operations } = services
    const older = yield* olderThan(services, image)
    const now = yield* Clock.currentTimeMillis
    // A record without the mark, whose deletion then failed, is left behind as well.
    const leftBehind = older.filter(
      (other) =>
        (other.properties.has(mark) || (by === "delete" && other.osHidden && !hasData(other))) &&
        now - DateTime.toEpochMillis(other.updatedAt) >= patience
    )
    const inUse = older
      .filter((other) => !other.properties.has(mark) && hasData(other))
      .filter((other) => by === "delete" || (!other.osHidden && (by === "hide" || other.status === "active")))
      .sort(newestFirst)
      .slice(keep)
    const act = (other: Image.Image): Effect.Effect<unknown, RetireError> => {
      if (other.properties.has(mark)) return abandon(services, other)
      if (by === "delete") return images.delete(other)
      return by === "hide"
        ? Record.update(operations, other, { osHidden: true }, { readFirst: false })
        : images.deactivate(other)
    }
    return yield* Effect.forEach([...inUse, ...leftBehind], (other) =>
      Effect.match(act(other), {
        onFailure: (error): Retired => ({ image: other, error: Option.some(error) }),
        onSuccess: (): Retired => ({ image: other, error: Option.none() })
      })
    )
  })
