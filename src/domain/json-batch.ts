/**
 * Batches whose items stand in several arrays: below `[]`, in every item of an array, or below `*`, in every member of an object.
 * Items are counted through all these arrays, and both functions here count alike: one finds the items of parsed JSON, with what
 * stands around them, the other keeps some of them in the text and cuts out all others, with the outer items that hold none of those.
 *
 *     path entry, [], changes    {"entry":[{"id":1,"changes":[a, b]},{"id":2,"changes":[c]}]}   positions 0: a, 1: b, 2: c
 *     path *                     {"for":"7","likes":[a],"follows":[b]}                          positions 0: a, 1: b
 */
import { type Cut, cutEntries, withoutCuts } from './json-cuts.ts'
import { entriesOf, type Entry, keyOf, OPEN_ARRAY, OPEN_OBJECT, startOfText } from './json-scanner.ts'

export interface BatchItem {
  readonly item: unknown
  /** The items of the outer arrays around it, from the outside in; empty where there is but one array. */
  readonly outer: readonly unknown[]
  /** The name of the member that `*` stood for. */
  readonly list: string | undefined
}

export function isNested(path: readonly string[]): boolean {
  return path.includes('[]') || path.includes('*')
}

/** The items at the path, at most `limit` and one more; null where the body holds no such array. */
export function batchItems(body: unknown, path: readonly string[], limit: number): readonly BatchItem[] | null {
  const items: BatchItem[] = []
  let hasArray = false
  const visit = (value: unknown, depth: number, outer: readonly unknown[], list: string | undefined): void => {
    const step = path[depth]
    if (step === undefined) {
      if (!Array.isArray(value)) return
      hasArray = true
      for (const item of value as unknown[]) {
        if (items.length > limit) return
        items.push({ item, outer, list })
      }
    } else if (step === '[]') {
      if (!Array.isArray(value)) return
      if (value.length === 0) hasArray = true
      for (const item of value as unknown[]) visit(item, depth + 1, [...outer, item], list)
    } else if (isRecord(value)) {
      for (const name of step === '*' ? Object.keys(value) : [step]) {
        if (Object.hasOwn(value, name)) visit(value[name], depth + 1, outer, step === '*' ? name : list)
      }
    }
  }
  visit(body, 0, [], undefined)
  return hasArray ? items : null
}

/** Null when there is no such array or no such item. */
export function keepNestedItems(
  bytes: Uint8Array,
  path: readonly string[],
  positions: readonly number[],
): Uint8Array | null {
  const keeping = new Keeping(bytes, path, new Set(positions))
  const cuts = keeping.cutsBelow(startOfText(bytes), 0)
  if (cuts === null || positions.some((position) => position >= keeping.count)) return null
  return withoutCuts(
    bytes,
    [...cuts.cuts].sort((a, b) => a.from - b.from),
  )
}

interface Below {
  readonly cuts: readonly Cut[]
  /** How many items are kept. */
  readonly kept: number
}

class Keeping {
  readonly #bytes: Uint8Array
  readonly #path: readonly string[]
  readonly #positions: ReadonlySet<number>
  /** Items counted so far. */
  count = 0

  constructor(bytes: Uint8Array, path: readonly string[], positions: ReadonlySet<number>) {
    this.#bytes = bytes
    this.#path = path
    this.#positions = positions
  }

  /** What to cut below a value; null where there is no array of the batch. */
  cutsBelow(at: number, depth: number): Below | null {
    const step = this.#path[depth]
    if (step === undefined) return this.#cutItems(at)
    if (step === '[]') return this.#cutOuterItems(at, depth)
    const members = this.#bytes[at] === OPEN_OBJECT ? entriesOf(this.#bytes, at) : null
    return members === null ? null : this.#cutMembers(members, step, depth)
  }

  #cutItems(at: number): Below | null {
    const items = this.#bytes[at] === OPEN_ARRAY ? entriesOf(this.#bytes, at) : null
    if (items === null) return null
    const isCut = items.map(() => !this.#positions.has(this.count++))
    const cuts: Cut[] = []
    cutEntries(items, isCut, cuts)
    return { cuts, kept: isCut.filter((cut) => !cut).length }
  }

  #cutOuterItems(at: number, depth: number): Below | null {
    const items = this.#bytes[at] === OPEN_ARRAY ? entriesOf(this.#bytes, at) : null
    if (items === null) return null
    const below = items.map((item) => this.cutsBelow(item.value, depth + 1))
    // What holds no item of the batch may still be somebody's: it goes with those that hold none of ours.
    const isCut = below.map((one) => (one?.kept ?? 0) === 0)
    return together(items, below, isCut)
  }

  #cutMembers(members: readonly Entry[], step: string, depth: number): Below | null {
    // The order of Object.keys, and of a repeated name the last, as JSON.parse takes it: so the items were counted.
    const places: Record<string, number> = Object.create(null) as Record<string, number>
    for (const [place, member] of members.entries()) {
      const name = keyOf(this.#bytes, member)
      if (name === null) return null
      places[name] = place
    }
    const isAny = step === '*'
    const wanted = isAny ? Object.values(places) : Object.hasOwn(places, step) ? [places[step]!] : []
    const below: (Below | null)[] = members.map(() => null)
    for (const place of wanted) below[place] = this.cutsBelow(members[place]!.value, depth + 1)
    if (below.every((one) => one === null)) return null
    const isLast = new Set(Object.values(places))
    const isCut = members.map((member, place) => {
      const isOurs = isAny || keyOf(this.#bytes, member) === step
      if (isOurs && !isLast.has(place)) return true // invisible to a parser, but it would carry all items
      return isAny && below[place]?.kept === 0
    })
    return together(members, below, isCut)
  }
}

function together(entries: readonly Entry[], below: readonly (Below | null)[], isCut: readonly boolean[]): Below {
  const cuts: Cut[] = []
  cutEntries(entries, isCut, cuts)
  let kept = 0
  for (const [place, one] of below.entries()) {
    if (one === null || isCut[place]) continue
    cuts.push(...one.cuts)
    kept += one.kept
  }
  return { cuts, kept }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
