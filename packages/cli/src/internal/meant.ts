import { closest, distance } from "fastest-levenshtein"

/** Returns the end of a sentence that names the word that was probably meant. */
export const meant = (given: string, known: ReadonlyArray<string>): string => {
  if (known.length === 0) return ""
  const near = closest(given, known)
  return distance(given, near) <= Math.max(1, Math.floor(near.length / 3)) ? `; did you mean "${near}"?` : ""
}
