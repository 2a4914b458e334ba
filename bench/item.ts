/** What is measured: the same work done by the library and, as the floor, by undici and `JSON.parse` alone. */

/** Prepares the work at a stub; what it answers does it once. */
export type Side = (root: string) => Promise<() => Promise<unknown>>

export interface Item {
  readonly name: string
  /** The sides in the order in which they are run. The first is the floor, the second is held against it. */
  readonly sides: { readonly [name: string]: Side }
  /** What the library may take at most, as a multiple of the floor. */
  readonly target?: number
  /** What may be resident at most, in MB. */
  readonly memory?: number
  /** How many requests the library's work takes, exactly. */
  readonly requests?: number
  /** Images that the stub has, and how long it waits before each answer, as its path says it. @default "10000" */
  readonly cloud?: string
  /** How often the work is done before it is measured. @default 1 */
  readonly warm?: number
  /** @default 5 */
  readonly rounds?: number
}

/** What one process measured. */
export interface Sample {
  readonly seconds: number
  /** User and system time of the process, in seconds. */
  readonly cpu: number
  /** The most that was resident, in MB. */
  readonly resident: number
  readonly requests: number
  /** User and system time of the stub meanwhile, in seconds. */
  readonly stub: number
}
