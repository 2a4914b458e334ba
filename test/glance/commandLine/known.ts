/** Where `openstack` and this project's command line differ, and why. */

export interface Difference {
  readonly why: string
  /** The exit codes of both. */
  readonly code?: readonly [openstack: number, ours: number]
  /** Whether standard output differs. */
  readonly output?: true
  /** Whether what is left in the cloud differs. */
  readonly state?: true
}

export const known: ReadonlyMap<string, Difference> = new Map([
  [
    "image lst",
    {
      why: "openstack prints the commands that may be meant on standard output; errors go to standard error",
      output: true
    }
  ]
])
