/**
 * A file of sections, as oslo.config reads it.
 *
 * @param {Record<string, Record<string, string | number | boolean>>} sections
 */
export function ini(sections) {
  return Object.entries(sections)
    .map(([name, entries]) => {
      const lines = Object.entries(entries).map(([key, value]) => `${key} = ${value}`)
      return `[${name}]\n${lines.join("\n")}\n`
    })
    .join("\n")
}

/**
 * Debian's own interpreter runs the source: the first `python3` of the PATH may be another one, without OpenStack.
 * Importing OpenStack takes longer than anything it is then asked to do, so all steps of a service share one process.
 *
 * @param {string} source
 * @param {string} preamble
 * @param {ReadonlyArray<string>} args
 */
export function python(source, preamble, args) {
  return ["/usr/bin/python3", "-c", `${preamble}\n${source.trim()}\n`, ...args]
}

/**
 * In WAL mode a reader does not wait for a writer, and the mode stays with the file.
 *
 * @param {string} file
 */
export function walDatabase(file) {
  return `import sqlite3\nsqlite3.connect(${JSON.stringify(file)}).execute('PRAGMA journal_mode=WAL')`
}
