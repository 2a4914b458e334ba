/** Text of files and servers in messages: cut and without control characters. */

/** At most this many characters of a foreign text are shown. */
const maxShown = 200

export const foreign = (text: string, max: number = maxShown): string => {
  const clean = text.slice(0, max).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
  return text.length > max ? `${clean} …` : clean
}
