/** Cutting entries out of JSON text so that exactly the commas between the others remain. */
import type { Entry } from './json-scanner.ts'

/** A range of bytes to be left out. */
export interface Cut {
  readonly from: number
  readonly to: number
}

/** Adds the cuts for the marked entries, so that exactly the commas between the others remain; visits the others in order. */
export function cutEntries(
  entries: readonly Entry[],
  isCut: readonly boolean[],
  cuts: Cut[],
  visit?: (index: number) => boolean,
): boolean {
  let hasKept = false
  for (const [index, entry] of entries.entries()) {
    const isLast = index === entries.length - 1
    if (!isCut[index]) {
      hasKept = true
      if (visit !== undefined && !visit(index)) return false
    } else if (hasKept) {
      cuts.push({ from: entry.start - 1, to: isLast ? entry.end : entry.next }) // with the comma before it
    } else {
      cuts.push({ from: entry.start, to: isLast ? entry.end : entry.next + 1 }) // with the comma after it
    }
  }
  return true
}

/** The bytes without these ranges, which must be in order and apart. */
export function withoutCuts(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  if (cuts.length === 0) return bytes
  let length = bytes.length
  for (const cut of cuts) length -= cut.to - cut.from
  const kept = Buffer.allocUnsafe(length)
  let from = 0
  let to = 0
  for (const cut of cuts) {
    kept.set(bytes.subarray(from, cut.from), to)
    to += cut.from - from
    from = cut.to
  }
  kept.set(bytes.subarray(from), to)
  return kept
}
