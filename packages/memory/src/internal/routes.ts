/** Finds the row of a service's route table that serves a request. Every service of the memory cloud uses it. */

export interface Route<Context, Result> {
  readonly method: string
  readonly path: string
  readonly segments: ReadonlyArray<string>
  readonly handle: (context: Context, ...values: ReadonlyArray<string>) => Result
}

/** Makes one row. A segment such as `:id` matches any text that is not empty, and `handle` gets that text. */
export const route = <Context, Result>(
  method: string,
  path: string,
  handle: (context: Context, a: string, b: string) => Result
): Route<Context, Result> => ({
  method,
  path,
  segments: path === "" ? [] : path.split("/"),
  handle: (context, a = "", b = "") => handle(context, a, b)
})

const match = (pattern: ReadonlyArray<string>, segments: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  if (pattern.length !== segments.length) return undefined
  const values: Array<string> = []
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i] ?? ""
    if (part.startsWith(":")) {
      if (segment === "") return undefined
      values.push(segment)
    } else if (part !== segment) return undefined
  }
  return values
}

/** How a service responds if no row serves the request. */
export interface Misses<Result> {
  readonly notFound: () => Result
  /** Gets the methods of all rows that match the path, in the order of the table, and the path of the last one. */
  readonly notAllowed: (methods: ReadonlyArray<string>, path: string) => Result
}

/** Calls the first row that has the method and matches the segments. The segments are decoded already. */
export const dispatch = <Context, Result>(
  routes: ReadonlyArray<Route<Context, Result>>,
  method: string,
  segments: ReadonlyArray<string>,
  context: Context,
  { notAllowed, notFound }: Misses<Result>
): Result => {
  const methods: Array<string> = []
  let path = ""
  for (const candidate of routes) {
    const values = match(candidate.segments, segments)
    if (values === undefined) continue
    if (candidate.method === method) return candidate.handle(context, ...values)
    methods.push(candidate.method)
    path = candidate.path
  }
  return methods.length === 0 ? notFound() : notAllowed(methods, path)
}
