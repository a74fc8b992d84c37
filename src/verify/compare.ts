/**
 * The one comparison of secrets, signatures and tokens in the whole program. The time it takes depends on the lengths alone, never
 * on where two values begin to differ, and values of different length are simply not the same: nothing here throws.
 *
 * The length of a value is not hidden. That of a signature is public, and a token's length does not help to guess it.
 */
import { timingSafeEqual } from 'node:crypto'

/** Whether the two hold the same bytes. Empty is the same as empty: refuse an empty secret before comparing with it. */
export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether the two are the same text, compared as UTF-8. */
export function isSameText(a: string, b: string): boolean {
  return isSameBytes(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))
}
