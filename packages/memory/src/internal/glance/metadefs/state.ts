import type { Context } from "../context.js"
import { type Fault, forbidden, notFound } from "../errors.js"
import { compare } from "../python.js"
import { isoTime, stamp } from "../state.js"
import type { Namespace, Row } from "./rows.js"

export const newRow = (context: Context): Row => {
  const { metadefs } = context.state
  metadefs.lastId += 1
  const now = stamp(context.state, context.now)
  return { id: metadefs.lastId, createdAt: now, updatedAt: now }
}

/** Writes into a row. The time of its last update changes only with another value. */
export const change = <R extends Row>(context: Context, row: R, wanted: Partial<R>): void => {
  const current = row as Record<string, unknown>
  const isSame = Object.entries(wanted).every(([key, value]) => JSON.stringify(current[key]) === JSON.stringify(value))
  if (!isSame) Object.assign(row, wanted, { updatedAt: stamp(context.state, context.now) })
}

export const times = ({ createdAt, updatedAt }: Row): { readonly created_at: string; readonly updated_at: string } => ({
  created_at: isoTime(createdAt),
  updated_at: isoTime(updatedAt)
})

export const isVisible = (context: Context, { owner, visibility }: Namespace): boolean =>
  context.isAdmin || visibility === "public" || owner === context.project

/** The routes have different sentences for what is missing and for what is hidden. */
export interface Sentences {
  readonly missing: (name: string) => Fault
  readonly hidden: (name: string) => Fault
}

const plainly = (name: string): Fault => notFound(`Namespace ${name} not found`)
const byTheDatabase = (name: string): Fault => notFound(`Metadata definition namespace=${name} was not found.`)

const plain: Sentences = { missing: plainly, hidden: plainly }

export const ofObjects: Sentences = { missing: byTheDatabase, hidden: plainly }

export const ofShow: Sentences = { missing: byTheDatabase, hidden: () => notFound() }

export const ofMarker: Sentences = {
  missing: byTheDatabase,
  hidden: (name) => forbidden(`Forbidding request, metadata definition namespace=${name} is not visible.`)
}

export const findNamespace = (context: Context, name: string, sentences: Sentences = plain): Namespace => {
  const namespace = context.state.metadefs.namespaces.get(name)
  if (namespace === undefined) throw sentences.missing(name)
  if (!isVisible(context, namespace)) throw sentences.hidden(name)
  return namespace
}

export const findRow = <R>(rows: ReadonlyMap<string, R>, what: string, name: string): R => {
  const row = rows.get(name)
  if (row === undefined) throw notFound(`Could not find ${what} ${name}`)
  return row
}

/** In the order of their names, which is the order of the index that the service reads. */
export const sorted = <A extends { readonly name: string }>(rows: Iterable<A>): ReadonlyArray<A> =>
  [...rows].sort((a, b) => compare(a.name, b.name))

export const requireUnprotected = (namespace: Namespace, kind: string, name: string): void => {
  if (namespace.protected) throw forbidden(`Metadata definition ${kind} ${name} is protected and cannot be deleted.`)
}

export type Column<R> = (row: R) => string | number | null

/** The rows after a marker, in the order of one column and then of their creation. */
export const page = <R extends Row>(
  rows: Iterable<R>,
  column: Column<R>,
  descending: boolean,
  marker: R | undefined,
  limit: number | undefined
): ReadonlyArray<R> => {
  const columns: ReadonlyArray<Column<R>> = [column, ({ createdAt }) => createdAt, ({ id }) => id]
  const sign = descending ? -1 : 1
  const order = (a: R, b: R): number => columns.reduce((result, of) => result || sign * compare(of(a), of(b)), 0)
  const all = [...rows].sort(order)
  // A column in which the marker has no value does not decide: the page can then begin anywhere.
  const follows = (row: R, marker: R): boolean =>
    columns.some((of, i) => {
      const at = of(marker)
      const value = of(row)
      if (at === null || value === null || value === at || value < at !== descending) return false
      return columns.slice(0, i).every((before) => before(marker) === null || before(row) === before(marker))
    })
  const following = marker === undefined ? all : all.filter((row) => follows(row, marker))
  return limit === undefined ? following : following.slice(0, limit)
}
