/** What is measured: the same work by the library and by the floor, which is undici and `JSON.parse` alone. */

/** Prepares the work at a stub, and returns one block of it. */
export type Side = (root: string) => Promise<() => Promise<unknown>>

/** What two sides are compared by. */
export type Measure = "cpu" | "seconds"

export interface Item {
  readonly name: string
  /** The first side is the floor, the second is compared with it, and the others explain. */
  readonly sides: { readonly [name: string]: Side }
  /** What the ratio is taken of. Work that waits, or that uses both cores, is compared by seconds. @default "cpu" */
  readonly measure?: Measure
  /** The most that the library should take, as a multiple of the floor. */
  readonly target?: number
  /** The most memory that may be resident, in MB. */
  readonly memory?: number
  /** The exact number of requests in a block of the library. */
  readonly requests?: number
  /** The first part of the stub's path: number of images, and optionally the delay of each response. @default "10000" */
  readonly cloud?: string
  /** Processes of each side, one after the other. @default 5 */
  readonly rounds?: number
  /** Blocks that each process runs before the measured ones. @default 1 */
  readonly warm?: number
  /** Measured blocks of each process. @default 1 */
  readonly blocks?: number
}

/** The measurement of one block. */
export interface Sample {
  readonly seconds: number
  /** User and system time of the process, in seconds. */
  readonly cpu: number
  /** The most memory that was resident since the process started, in MB. */
  readonly resident: number
  readonly requests: number
  /** User and system time of the stub meanwhile, in seconds. */
  readonly stub: number
}
