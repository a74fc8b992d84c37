/**
 * Paths of names over plain data, by JSONata's rules: a name applied to an array is applied to its items, results are flattened by
 * one level, one result stands for itself and none is undefined; but an array that a single last step finds is that very array.
 *
 *     {"items":[{"id":1},{"id":2},{}]}   items.id → [1, 2]   items[1].id → 2   items[id = 1] → {"id":1}   items.nothing → undefined
 */
import { BAIL, type Run, type Step } from './run.ts'
import { isTrue } from './values.ts'

/** A name, or an expression to compute from each item, and what stands in brackets after it. */
export interface PathStep {
  readonly take: string | Step
  /** Work of taking it from one item. */
  readonly work: number
  readonly filters: readonly PathFilter[]
}

export type PathFilter =
  | { readonly index: number }
  | { readonly test: Step; /** Work of one test. */ readonly work: number }

/** Several results, to be told from an array of the data. */
class Sequence {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/** Follows steps from one value. Names alone, the common case, need nothing more while no array turns up. */
export function readPath(run: Run, start: unknown, steps: readonly PathStep[]): unknown {
  let value = start
  for (let at = 0; at < steps.length; at += 1) {
    const { take, filters } = steps[at]!
    if (Array.isArray(value)) return readItems(run, value, steps, at)
    if (value === undefined) return undefined
    if (typeof take !== 'string' || filters.length > 0) return readItems(run, [value], steps, at)
    if (typeof value !== 'object' || value === null) return undefined
    value = ownMember(value, take)
  }
  return value
}

/** Follows steps, from the one at `from`, from each of several values. */
export function readItems(run: Run, start: readonly unknown[], steps: readonly PathStep[], from: number): unknown {
  let items = start
  for (let at = from; at < steps.length; at += 1) {
    const { take, work, filters } = steps[at]!
    const found: unknown[] = []
    run.charge(items.length * work)
    for (const item of items) {
      let value = typeof take === 'string' ? memberOf(run, item, take) : take(run, item)
      for (const filter of filters) value = applyFilter(run, value, filter)
      if (value !== undefined) found.push(value)
    }
    if (at === steps.length - 1 && found.length === 1 && Array.isArray(found[0])) return found[0]
    items = flatten(run, found)
    if (items.length === 0) return undefined
  }
  return items.length === 1 ? items[0] : items
}

function ownMember(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function memberOf(run: Run, item: unknown, name: string): unknown {
  if (typeof item !== 'object' || item === null) return undefined
  if (!Array.isArray(item)) return ownMember(item, name)
  const found: unknown[] = []
  collectMembers(run, item, name, found)
  return found.length < 2 ? found[0] : new Sequence(found)
}

function collectMembers(run: Run, items: readonly unknown[], name: string, found: unknown[]): void {
  run.charge(items.length)
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue
    if (Array.isArray(item)) {
      collectMembers(run, item, name, found)
      continue
    }
    const value = ownMember(item, name)
    if (Array.isArray(value)) pushAll(run, found, value)
    else if (value !== undefined) found.push(value)
  }
}

function flatten(run: Run, found: readonly unknown[]): unknown[] {
  const items: unknown[] = []
  for (const value of found) {
    if (value instanceof Sequence) pushAll(run, items, value.items)
    else if (Array.isArray(value)) pushAll(run, items, value)
    else items.push(value)
  }
  return items
}

export function pushAll(run: Run, target: unknown[], items: readonly unknown[]): void {
  run.charge(items.length)
  for (const item of items) target.push(item)
}

function applyFilter(run: Run, value: unknown, filter: PathFilter): unknown {
  const items = value instanceof Sequence ? value.items : Array.isArray(value) ? (value as unknown[]) : [value]
  if ('index' in filter) {
    const item = items[filter.index < 0 ? items.length + filter.index : filter.index]
    return Array.isArray(item) ? item : new Sequence(item === undefined ? [] : [item])
  }
  run.charge(items.length * filter.work)
  return new Sequence(items.filter((item, at) => isKept(filter.test(run, item), at, items.length)))
}

/** A number in brackets is a position, anything else a condition. */
function isKept(verdict: unknown, at: number, length: number): boolean {
  if (typeof verdict !== 'number') return isTrue(verdict)
  if (!Number.isFinite(verdict)) throw BAIL
  const position = Math.floor(verdict)
  return at === (position < 0 ? length + position : position)
}

/** What stands in brackets after something other than a path. */
export function filterValue(run: Run, start: unknown, filters: readonly PathFilter[]): unknown {
  let value = start
  for (const filter of filters) value = applyFilter(run, value, filter)
  if (!(value instanceof Sequence)) return value
  return value.items.length < 2 ? value.items[0] : value.items
}
