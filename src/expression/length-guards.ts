/**
 * Guards in front of those functions of JSONata whose work is one operation of the engine on text, which nothing can interrupt:
 * each refuses what would take longer than some 50 ms. Measured on 5 Mi characters: `encodeURIComponent` 46 ms; `split('')` 75 ms
 * and 400 MB; a search for 1,000 characters that almost match everywhere 900 ms, for 100,000 of them 82 s.
 */
import { BoundExceeded } from './failure.ts'
import { MAX_TEXT_LENGTH } from './functions/function.ts'

/** Throws BoundExceeded. The arguments have the types of the function's signature. */
export type LengthGuard = (args: readonly unknown[], maxSequence: number) => void

const MAX_PADDING = 1_000_000
const MAX_URL_TEXT = 1024 * 1024
/** Comparisons of characters in the worst case: 45 ms. */
const MAX_SEARCH_WORK = 250_000_000

export const LENGTH_GUARDS: Readonly<Record<string, LengthGuard>> = {
  pad([, width, char]) {
    const unit = typeof char === 'string' ? Math.max(1, char.length) : 1
    if (typeof width === 'number' && Math.abs(width) * unit > MAX_PADDING) throw tooLong('the padding')
  },
  join([texts, separator]) {
    if (!Array.isArray(texts)) return
    let length = typeof separator === 'string' ? separator.length * texts.length : 0
    for (const text of texts) length += String(text).length
    if (length > MAX_TEXT_LENGTH) throw tooLong('the joined text')
  },
  split([text, separator], maxSequence) {
    if (typeof text !== 'string' || typeof separator !== 'string') return
    guardSearch(text, separator)
    if (separator === '') {
      if (text.length > maxSequence) throw tooLong('the list of parts')
      return
    }
    let parts = 1
    for (let at = text.indexOf(separator); at !== -1; at = text.indexOf(separator, at + separator.length)) {
      parts += 1
      if (parts > maxSequence) throw tooLong('the list of parts')
    }
  },
  contains: ([text, token]) => guardSearch(text, token),
  substringBefore: ([text, token]) => guardSearch(text, token),
  substringAfter: ([text, token]) => guardSearch(text, token),
  replace: ([text, pattern]) => guardSearch(text, pattern),
  encodeUrlComponent: guardUrlText,
  encodeUrl: guardUrlText,
  decodeUrlComponent: guardUrlText,
  decodeUrl: guardUrlText,
}

function guardSearch(text: unknown, token: unknown): void {
  if (typeof text === 'string' && typeof token === 'string' && text.length * token.length > MAX_SEARCH_WORK) {
    throw tooLong('what is searched for in so long a text')
  }
}

function guardUrlText([text]: readonly unknown[]): void {
  if (typeof text === 'string' && text.length > MAX_URL_TEXT) throw tooLong('the text')
}

function tooLong(what: string): BoundExceeded {
  return new BoundExceeded(`${what} is too long`)
}
