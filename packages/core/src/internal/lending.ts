const opens = new WeakMap<object, unknown>()

/** How a source is opened by who alone reads it, and gives its pieces back. By the source: a copy of it may read otherwise. */
export const set = <Open>(source: { readonly open: Open }, open: Open): void => {
  opens.set(source, open)
}

/** How a source is opened for one reader. */
export const open = <Open>(source: { readonly open: Open }): Open =>
  (opens.get(source) as Open | undefined) ?? source.open
