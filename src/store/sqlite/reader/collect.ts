/**
 * Fills one page: walks places, turns each into the items found there, stops when the page is full. A filter that fits almost
 * nothing would walk the whole log, so the walk gives way to others after every step and ends after MAX_STEPS with a page that is
 * short but has a cursor: the next call goes on from there.
 */
import type { Page, PageRequest } from '../../../engine/ports.ts'
import { limitOf, type Position, positionCursor, readPositionCursor } from './cursor.ts'
import type { Places } from './places.ts'
import { nextTurn } from './turn.ts'

const PLACES_PER_STEP = 200
const MAX_STEPS = 2_500

export interface Found<Item> {
  readonly item: Item
  readonly place: Position
}

export interface Walk<Item> {
  readonly places: Places
  /** Exclusive upper bound in time; where the first page begins. */
  readonly until: number | undefined
  /** The place to ask `places` for, given the place of the last item; the same unless items are children of places. */
  startOf(place: Position): Position
  /** Items at a place and before `before`, newest first, at most `count`. */
  expand(place: Position, before: Position, count: number): readonly Found<Item>[]
  /** The place behind all items of a place. */
  endOf(place: Position): Position
}

export async function collect<Item>(walk: Walk<Item>, page: PageRequest): Promise<Page<Item>> {
  const limit = limitOf(page)
  const found: Found<Item>[] = []
  let last = firstPlace(walk.until, page.after)
  for (let step = 1; ; step += 1) {
    const places = await walk.places.next(walk.startOf(last), PLACES_PER_STEP)
    for (const place of places) {
      found.push(...walk.expand(place, last, limit + 1 - found.length))
      if (found.length > limit) return pageOf(found.slice(0, limit), found[limit - 1]!.place)
      last = walk.endOf(place)
    }
    if (places.length < PLACES_PER_STEP) return pageOf(found, null)
    if (step === MAX_STEPS) return pageOf(found, last)
    await nextTurn()
  }
}

function firstPlace(until: number | undefined, after: string | null): Position {
  const newest = { at: until ?? Number.MAX_SAFE_INTEGER, seq: 0 }
  if (after === null) return newest
  const place = readPositionCursor(after)
  return place.at < newest.at ? place : newest
}

function pageOf<Item>(found: readonly Found<Item>[], next: Position | null): Page<Item> {
  return { items: found.map(({ item }) => item), nextCursor: next === null ? null : positionCursor(next) }
}
