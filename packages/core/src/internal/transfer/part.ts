/**
 * The files that a download writes to, and the rule for them: **a file on disk has one owner.**
 *
 * - A download writes only to a part file of its own, `{target}.{image id}.{random}.part`. It creates the file
 *   exclusively, so the file is new, and no link leads elsewhere. The target is replaced by a rename at the end, when
 *   all bytes are there and verified, or not at all.
 * - One download at a time writes to a target. A second one fails with `DownloadInProgress`. In this process a table
 *   shows which targets are taken, across processes their part files do.
 * - What a download leaves when it fails or is interrupted is `{target}.{image id}.part`, which belongs to no download.
 *   The next one claims it by renaming it to its own part file: of two that try, one succeeds. It claims only a regular
 *   file of the same user with no other link to it. Everything else under that name stays as it is.
 * - A process that was killed leaves its own part file. A running download touches its part file every two seconds; a
 *   part file that is not touched is abandoned. The next download copies the bytes and does not write to the file,
 *   because its owner may only be suspended. It removes the file at the end if the owner has not touched it since.
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as GlanceError from "../../GlanceError.js"
import * as Check from "../check.js"

export interface Options {
  readonly imageId: string
  /** The target, as the caller names it. */
  readonly path: string
  readonly resume: boolean
  readonly sync: boolean
  /** Whether the next download can use the bytes that arrived before this failure. */
  readonly keep: (exit: Exit.Exit<unknown, unknown>) => boolean
}

/** A part file that belongs to one download. */
export interface Part {
  readonly path: string
  /** Takes over the bytes of an earlier download of the image, if they are not longer than the image. */
  readonly takeOver: (size: Option.Option<number>) => Effect.Effect<Earlier, Failure>
}

/** The bytes of earlier downloads. */
export interface Earlier {
  /** How many the part file holds already. */
  readonly length: number
  /** An abandoned part file to copy first. */
  readonly copy: Option.Option<string>
}

export type Failure = GlanceError.InvalidArgument | GlanceError.DownloadInProgress | PlatformError.PlatformError

type Info = FileSystem.File.Info

const nothing: Earlier = { length: 0, copy: Option.none() }

// ---------------------------------------------------------------------------------------------------------------------
// names
// ---------------------------------------------------------------------------------------------------------------------

/** Splits a path into its directory, with the separator at the end, and its name. */
const split = (path: string): readonly [directory: string, name: string] => {
  const windows = /^([a-z]:|\\\\)/i.test(path)
  const end = Math.max(path.lastIndexOf("/"), windows ? path.lastIndexOf("\\") : -1) + 1
  return [path.slice(0, end), path.slice(end)]
}

/** The longest name that file systems allow, in bytes. */
const maxName = 255
const randomDigits = 12

/** Cuts a name to so many bytes. A checksum of the whole name keeps cut names apart. */
const shortened = (name: string, most: number): string => {
  const encoder = new TextEncoder()
  if (encoder.encode(name).length <= most) return name
  let hash = 0xcbf29ce484222325n
  for (const byte of encoder.encode(name)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  const end = `~${hash.toString(16).padStart(16, "0")}`
  let room = most - end.length
  let beginning = ""
  for (const character of name) {
    room -= encoder.encode(character).length
    if (room < 0) break
    beginning += character
  }
  return beginning + end
}

interface Names {
  /** The part file that belongs to no download. */
  readonly left: string
  readonly own: () => string
  /** Returns the image of the part file of a running or killed download to the target. */
  readonly imageOf: (name: string) => string | undefined
  readonly image: string
}

const namesOf = (target: string, imageId: string): Names => {
  const [directory, name] = split(target)
  const image = encodeURIComponent(imageId).replace(/[.!~*'()]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
  const stem = shortened(name, maxName - `.${image}..part`.length - randomDigits)
  return {
    image,
    left: `${directory}${stem}.${image}.part`,
    own: () => `${directory}${stem}.${image}.${crypto.randomUUID().slice(-randomDigits)}.part`,
    imageOf: (name) => {
      if (!name.startsWith(`${stem}.`)) return undefined
      return /^([^.]+)\.[0-9a-f]{12}\.part$/.exec(name.slice(stem.length + 1))?.[1]
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// the target
// ---------------------------------------------------------------------------------------------------------------------

interface Target {
  /** Where the file is: the target, or what it leads to if it is a symbolic link. */
  readonly path: string
  readonly info: Option.Option<Info>
  /** The same for every path that leads to the file. */
  readonly key: string
}

const isNotFound = (error: PlatformError.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

const statIfAny = (fs: FileSystem.FileSystem, path: string) =>
  fs.stat(path).pipe(
    Effect.asSome,
    Effect.catchIf(isNotFound, () => Effect.succeedNone)
  )

/** The most links that Linux follows. */
const maxLinks = 40

/** Paths of open files of processes. A rename there would not replace the file. */
const descriptors = /^\/(proc\/|dev\/(fd\/|std(in|out|err)$))/

const isPath: Check.Check = (path) => {
  if (typeof path !== "string" || path === "" || path.includes("\0")) return "must be the path of a file"
  const [, name] = split(path)
  return name === "" || name === "." || name === ".."
    ? `must end in the name of a file: ${Check.shown(path)}`
    : undefined
}

const kinds: Partial<Record<FileSystem.File.Type, string>> = {
  Directory: "a directory",
  BlockDevice: "a block device",
  CharacterDevice: "a character device",
  FIFO: "a FIFO",
  Socket: "a socket"
}

/** Checks the target before the first request. */
const targetOf = (
  fs: FileSystem.FileSystem,
  { path }: Options
): Effect.Effect<Target, GlanceError.InvalidArgument | PlatformError.PlatformError> =>
  Effect.gen(function* () {
    yield* Check.check("path", path, isPath)
    const refused = (what: string) =>
      Check.invalid(
        "path",
        `is ${what}: ${Check.shown(path)}. Choose a regular file, or run the stream of ImageData.download into it`
      )
    const info = yield* statIfAny(fs, path)
    if (Option.isSome(info) && info.value.type !== "File") {
      return yield* refused(kinds[info.value.type] ?? "not a regular file")
    }
    let target = path
    for (let links = 0; ; links++) {
      if (descriptors.test(target)) return yield* refused("an open file of a process")
      const link = yield* Effect.option(fs.readLink(target))
      if (Option.isNone(link)) break
      if (links === maxLinks) return yield* refused("a symbolic link that leads to itself")
      const isAbsolute = /^([/\\]|[a-z]:)/i.test(link.value)
      target = isAbsolute ? link.value : `${split(target)[0]}${link.value}`
    }
    const [directory, name] = split(target)
    const { dev, ino } = yield* fs.stat(directory === "" ? "." : directory)
    if (Option.isSome(info)) yield* fs.access(target, { writable: true })
    const where = Option.match(ino, { onNone: () => directory, onSome: (ino) => `${dev}:${ino}` })
    return { path: target, info, key: `${where}/${name}` }
  })

// ---------------------------------------------------------------------------------------------------------------------
// owners
// ---------------------------------------------------------------------------------------------------------------------

/** The targets that downloads of this process write to. */
const taken = new Set<string>()

/** How often a download touches its part file. */
const touchEvery = "2 seconds"
/** For how long a recent part file is watched for a sign of life, in seconds: three touches. */
const watchFor = 6
/** A part file that is so much older than another, in milliseconds of the file system's clock, is not watched. */
const longAgo = 60_000

const timeOf = ({ mtime }: Info): number => Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() })

const isSameState = (a: Info, b: Info): boolean => timeOf(a) === timeOf(b) && a.size === b.size

/** The users whose part files a download takes over: its own, and the owner of the target. */
type Owners = ReadonlyArray<number | undefined>

/** Returns the state of a file that a download may claim or copy: regular, with one name, and of one of the users. */
const claimable = (
  fs: FileSystem.FileSystem,
  path: string,
  owners: Owners
): Effect.Effect<Option.Option<Info>, PlatformError.PlatformError> =>
  Effect.gen(function* () {
    if (Option.isSome(yield* Effect.option(fs.readLink(path)))) return Option.none()
    const info = yield* statIfAny(fs, path)
    return Option.filter(
      info,
      ({ nlink, type, uid }) =>
        type === "File" && Option.getOrElse(nlink, () => 1) === 1 && owners.includes(Option.getOrUndefined(uid))
    )
  })

/** Whether a running download owns the part file. */
const isAlive = (fs: FileSystem.FileSystem, path: string, own: Info): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const first = yield* statIfAny(fs, path)
    if (Option.isNone(first) || timeOf(own) - timeOf(first.value) > longAgo) return false
    for (let second = 0; second < watchFor; second++) {
      yield* Effect.sleep("1 second")
      const now = yield* statIfAny(fs, path)
      if (Option.isNone(now)) return false
      if (!isSameState(now.value, first.value)) return true
    }
    return false
  }).pipe(Effect.orElseSucceed(() => false))

/** Gives a part file the mode and the owner of the target that it will replace. */
const likeTarget = (
  fs: FileSystem.FileSystem,
  { info, path }: Target,
  part: string
): Effect.Effect<void, GlanceError.InvalidArgument | PlatformError.PlatformError> =>
  Effect.gen(function* () {
    if (Option.isNone(info)) return
    const { gid, mode, uid } = info.value
    const own = yield* fs.stat(part)
    const numberOf = (id: Option.Option<number>) => Option.getOrUndefined(id)
    if (numberOf(uid) !== numberOf(own.uid) || numberOf(gid) !== numberOf(own.gid)) {
      const owner = `${numberOf(uid)}:${numberOf(gid)}`
      yield* fs
        .chown(part, numberOf(uid) ?? -1, numberOf(gid) ?? -1)
        .pipe(
          Effect.catchAll(() =>
            Check.invalid(
              "path",
              `belongs to ${owner}, and this process must not give a file to that user: ${Check.shown(path)}`
            )
          )
        )
    }
    if ((mode & 0o7777) !== (own.mode & 0o7777)) yield* fs.chmod(part, mode & 0o7777)
  })

/** Creates an empty part file. Fails if the directory is missing or cannot be written to. */
const create = (
  fs: FileSystem.FileSystem,
  path: string,
  { sync }: Options
): Effect.Effect<Info, GlanceError.InvalidArgument | PlatformError.PlatformError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(path, { flag: "wx" })
      const synced = file.sync.pipe(
        Effect.catchAll(({ message }) =>
          Check.invalid("sync", `is not possible here; choose \`sync: false\` (${message})`)
        )
      )
      return yield* Effect.zipRight(sync ? synced : Effect.void, file.stat).pipe(
        Effect.onError(() => Effect.ignore(fs.remove(path, { force: true })))
      )
    })
  )

/** Leaves a part file to the next download, unless the existing file has more bytes or is not of a download. */
const leave = (fs: FileSystem.FileSystem, own: string, left: string, owners: Owners): Effect.Effect<void> =>
  Effect.gen(function* () {
    const info = yield* fs.stat(own)
    const isLink = Option.isSome(yield* Effect.option(fs.readLink(left)))
    const there = isLink ? Option.none() : yield* statIfAny(fs, left)
    const before = isLink ? Option.none() : yield* claimable(fs, left, owners)
    const isFree = !isLink && (Option.isNone(there) || Option.exists(before, ({ size }) => size < info.size))
    if (info.size > 0 && isFree) return yield* fs.rename(own, left)
    yield* fs.remove(own, { force: true })
  }).pipe(Effect.ignore)

// ---------------------------------------------------------------------------------------------------------------------
// a download
// ---------------------------------------------------------------------------------------------------------------------

/** A part file, and its state when it was found. */
interface Found {
  readonly path: string
  readonly info: Info
}

interface Download {
  readonly fs: FileSystem.FileSystem
  readonly options: Options
  readonly target: Target
  readonly names: Names
  readonly own: Found
  readonly owners: Owners
}

/** Renames the file that an earlier download left to the part file of this one. Returns false if another claimed it. */
const claim = ({ fs, names, options, own, owners }: Download): Effect.Effect<boolean, Failure> =>
  Effect.gen(function* () {
    const isMoved = yield* fs.rename(names.left, own.path).pipe(
      Effect.as(true),
      Effect.catchIf(isNotFound, () => Effect.succeed(false))
    )
    if (!isMoved) return false
    if (Option.isSome(yield* claimable(fs, own.path, owners))) return true
    // The file was replaced after the check.
    yield* fs.rename(own.path, names.left)
    yield* create(fs, own.path, options)
    return false
  }).pipe(Effect.uninterruptible)

/** Finds the files of earlier downloads of the image. Fails if another download writes to the target. */
const findEarlier = ({ fs, names, options, own, owners, target }: Download) =>
  Effect.gen(function* () {
    const [directory] = split(target.path)
    // A directory that can be written to but not read shows nothing.
    const entries = yield* Effect.orElseSucceed(fs.readDirectory(directory === "" ? "." : directory), () => [])
    const parts = entries
      .map((name) => ({ path: `${directory}${name}`, image: names.imageOf(name) }))
      .filter(({ image, path }) => image !== undefined && path !== own.path)
    const isTaken = yield* Effect.forEach(parts, ({ path }) => isAlive(fs, path, own.info), { concurrency: 16 })
    if (isTaken.includes(true)) return yield* inProgress(options)
    const killed = parts.filter(({ image }) => image === names.image).map(({ path }) => path)
    const found = yield* Effect.forEach([names.left, ...killed], (path) =>
      Effect.map(
        claimable(fs, path, owners),
        Option.map((info): Found => ({ path, info }))
      )
    )
    return Arr.getSomes(found)
  })

const inProgress = ({ imageId, path }: Options) => new GlanceError.DownloadInProgress({ imageId, path })

const reserve = (options: Options, { key }: Target): Effect.Effect<void, GlanceError.DownloadInProgress, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => (taken.has(key) ? inProgress(options) : Effect.sync(() => taken.add(key)))),
    () => Effect.sync(() => taken.delete(key))
  )

/** Takes over the longest of the earlier files that is not longer than the image. */
const takeOver = (
  download: Download,
  earlier: ReadonlyArray<Found>,
  size: Option.Option<number>
): Effect.Effect<Earlier, Failure> =>
  Effect.gen(function* () {
    const { fs, names, options, own, target } = download
    const [longest] = earlier
      .filter(({ info }) => info.size > 0 && Option.getOrElse(size, () => Number.POSITIVE_INFINITY) >= info.size)
      .sort((a, b) => Number(b.info.size - a.info.size))
    if (!options.resume || longest === undefined) return nothing
    if (longest.path !== names.left) return { length: 0, copy: Option.some(longest.path) }
    if (!(yield* claim(download))) return nothing
    yield* likeTarget(fs, target, own.path)
    return { length: Number((yield* fs.stat(own.path)).size), copy: Option.none() }
  })

/**
 * Runs a download with a part file of its own, which then becomes the target. The target is checked before the download
 * begins. If the download fails, the part file is left to the next one or removed.
 */
export const use = <A, E, R>(
  options: Options,
  run: (part: Part) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Failure, FileSystem.FileSystem | Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const target = yield* targetOf(fs, options)
    yield* reserve(options, target)
    const names = namesOf(target.path, options.imageId)
    const uidOf = (info: Option.Option<Info>) => Option.getOrUndefined(Option.flatMap(info, ({ uid }) => uid))
    const ownersOf = ({ info }: Found): Owners => [uidOf(Option.some(info)), uidOf(target.info)]
    const own = yield* Effect.acquireRelease(
      Effect.suspend(() => {
        const path = names.own()
        return Effect.map(create(fs, path, options), (info) => ({ path, info }))
      }),
      (own, exit) => {
        if (Exit.isSuccess(exit)) return Effect.void
        return options.resume && options.keep(exit)
          ? leave(fs, own.path, names.left, ownersOf(own))
          : Effect.ignore(fs.remove(own.path, { force: true }))
      }
    )
    yield* likeTarget(fs, target, own.path)
    yield* Effect.forkScoped(Effect.interruptible(keepTouching(fs, own.path)))
    const download: Download = { fs, options, target, names, own, owners: ownersOf(own) }
    const earlier = yield* findEarlier(download)
    const discardEarlier = options.resume
      ? Effect.forEach(earlier, (found) => discard(download, found), { discard: true })
      : Effect.void
    const result = yield* run({ path: own.path, takeOver: (size) => takeOver(download, earlier, size) }).pipe(
      Effect.onError((cause) => (options.keep(Exit.failCause(cause)) ? Effect.void : discardEarlier))
    )
    yield* Effect.uninterruptible(fs.rename(own.path, target.path))
    yield* discardEarlier
    return result
  }).pipe(Effect.scoped)

const keepTouching = (fs: FileSystem.FileSystem, path: string): Effect.Effect<never> =>
  Clock.currentTimeMillis.pipe(
    Effect.flatMap((now) => fs.utimes(path, now / 1000, now / 1000)),
    Effect.ignore,
    Effect.delay(touchEvery),
    Effect.forever
  )

/** Removes the file of an earlier download, unless it was touched since. */
const discard = ({ fs, owners }: Download, { info, path }: Found): Effect.Effect<void> =>
  claimable(fs, path, owners).pipe(
    Effect.flatMap((now) =>
      Option.exists(now, (now) => isSameState(now, info)) ? fs.remove(path, { force: true }) : Effect.void
    ),
    Effect.ignore
  )
