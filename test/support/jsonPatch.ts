/** As much of RFC 6902 as Glance takes: add, replace, remove on pointers of one level. */
type Step =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }

const keyOf = (pointer: string): string => {
  if (!/^\/([^~/]|~[01])*$/.test(pointer)) throw new Error(`not a pointer of one level: ${pointer}`)
  return pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~")
}

/** The record with every step applied; throws where a step does not fit, as Glance answers 409. */
export const applyPatch = (
  record: { readonly [key: string]: unknown },
  steps: ReadonlyArray<Step>
): { readonly [key: string]: unknown } => {
  const entries = new Map(Object.entries(record))
  for (const step of steps) {
    const key = keyOf(step.path)
    if (step.op !== "add" && !entries.has(key)) throw new Error(`${step.op} of ${key}, which is not there`)
    if (step.op === "remove") entries.delete(key)
    else entries.set(key, step.value)
  }
  return Object.fromEntries(entries)
}
