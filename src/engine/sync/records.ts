/**
 * Records from an answer: listed, identified, mapped, checked against the model and made ready to be stored. An item that cannot become
 * a record is skipped with its reason; a page of which no item can, fails the run, because then it is the declaration that is wrong.
 */
import { hash } from 'node:crypto'
import type { SyncView } from '../../domain/expression.ts'
import type { CompiledSync } from '../../spec/compiled-sync.ts'
import { fail, ok, type Outcome } from './failure.ts'
import type { RecordWrite } from './ports/run-store.ts'
import { evaluate } from './request.ts'

export interface PageRecords {
  /** One for each id; of several with the same id the last. */
  readonly writes: readonly RecordWrite[]
  /** The records as values, for the checkpoint. */
  readonly values: readonly unknown[]
  readonly deletedIds: readonly string[]
  /** Items of the answer. */
  readonly itemCount: number
  readonly skipped: number
  /** Why the first few were skipped. */
  readonly notes: readonly string[]
  /** The answer has a list, be it empty: an empty full run may then delete what is missing. */
  readonly hasList: boolean
}

/** A record is a row; what is larger is a file that should be linked. */
export const MAX_RECORD_BYTES = 4 * 1_048_576
const MAX_ID_LENGTH = 512
const MAX_NOTES = 5
/** Items mapped before the event loop gets a turn: about a millisecond, and webhooks are not to wait for a page of thousands. */
const ITEMS_PER_TURN = 50

export async function recordsOf(declaration: CompiledSync, view: SyncView): Promise<Outcome<PageRecords>> {
  const page = new Page(declaration)
  const { records } = declaration
  const found = await evaluate(records.kind === 'page' ? records.value : records.list, view)
  if (!found.ok) return found
  if (records.kind === 'items' && found.value === undefined) {
    return fail('records_missing', `${records.list.source} finds nothing in the answer, not even an empty list`, {
      hint: 'The answer has another shape than the declaration says.',
    })
  }
  const items = asList(found.value)
  for (const [at, item] of items.entries()) {
    if (at > 0 && at % ITEMS_PER_TURN === 0) await new Promise(setImmediate)
    if (records.kind === 'page') page.add(item, memberOf(item, 'id'), at)
    else page.add(...(await mapItem(records, { ...view, item }, item)), at)
  }
  if (items.length > 0 && page.written.size === 0) {
    return fail(
      'records_unusable',
      `none of the ${items.length} items of a page became a record: ${page.notes[0] ?? ''}`,
      {
        hint: 'Correct id and map of the declaration; postern sync try shows what they make of an answer.',
      },
    )
  }
  const deleted = await tombstonesOf(declaration, view)
  if (!deleted.ok) return deleted
  return ok({
    writes: [...page.written.values()],
    values: page.values,
    deletedIds: deleted.value.filter((id) => !page.written.has(id)),
    itemCount: items.length,
    skipped: page.skipped,
    notes: page.notes,
    hasList: records.kind === 'items',
  })
}

/** The records that an event brings, or the one that was fetched. Empty when nothing of it can become a record. */
export function recordsFrom(declaration: CompiledSync, value: unknown): PageRecords {
  const page = new Page(declaration)
  const items = asList(value)
  for (const [at, item] of items.entries()) page.add(item, memberOf(item, 'id'), at)
  return {
    writes: [...page.written.values()],
    values: page.values,
    deletedIds: [],
    itemCount: items.length,
    skipped: page.skipped,
    notes: page.notes,
    hasList: false,
  }
}

/** The record of one fetched item, by the same rules as those of a page. */
export async function recordOfItem(declaration: CompiledSync, view: SyncView, item: unknown): Promise<PageRecords> {
  const { records } = declaration
  if (records.kind === 'page') return recordsFrom(declaration, item)
  const page = new Page(declaration)
  page.add(...(await mapItem(records, { ...view, item }, item)), 0)
  const { skipped, notes, values } = page
  return { writes: [...page.written.values()], values, deletedIds: [], itemCount: 1, skipped, notes, hasList: false }
}

export function idsFrom(value: unknown): string[] {
  return asList(value).flatMap((id) => idText(id) ?? [])
}

async function tombstonesOf(declaration: CompiledSync, view: SyncView): Promise<Outcome<string[]>> {
  if (declaration.deletes.kind !== 'from') return ok([])
  const found = await evaluate(declaration.deletes.from, view)
  return found.ok ? ok(idsFrom(found.value)) : found
}

type ItemRules = Extract<CompiledSync['records'], { kind: 'items' }>

/** The record and its id, or an Error in the record's place where an expression fails. */
async function mapItem(rules: ItemRules, view: SyncView, item: unknown): Promise<[unknown, unknown]> {
  const id = rules.id === null ? ok(memberOf(item, 'id')) : await evaluate(rules.id, view)
  if (!id.ok) return [new Error(id.failure.message), undefined]
  const record = rules.map === null ? ok(item) : await evaluate(rules.map, view)
  return [record.ok ? record.value : new Error(record.failure.message), id.value]
}

class Page {
  readonly written = new Map<string, RecordWrite>()
  readonly values: unknown[] = []
  readonly notes: string[] = []
  skipped = 0
  readonly #complaintAbout: CompiledSync['complaintAbout']

  constructor(declaration: CompiledSync) {
    this.#complaintAbout = declaration.complaintAbout
  }

  add(record: unknown, givenId: unknown, at: number): void {
    const id = idText(givenId)
    if (record instanceof Error) return this.#skip(at, record.message)
    if (id === null) return this.#skip(at, 'it has no id')
    if (record === undefined || record === null) return this.#skip(at, `the map gives nothing for ${id}`)
    if (typeof record !== 'object' || Array.isArray(record))
      return this.#skip(at, `the map gives no object for ${id.slice(0, 100)}`)
    // Apps find a record by its `id`, whatever the provider calls it.
    const whole = Object.hasOwn(record, 'id') ? record : { id: givenId, ...record }
    const complaint = this.#complaintAbout?.(whole) ?? null
    if (complaint !== null) return this.#skip(at, `${id.slice(0, 100)}: ${complaint}`)
    const payload = Buffer.from(JSON.stringify(whole))
    if (payload.length > MAX_RECORD_BYTES)
      return this.#skip(at, `${id.slice(0, 100)} has ${payload.length} bytes, more than ${MAX_RECORD_BYTES}`)
    this.written.set(id, { id, payload, hash: hashOf(whole) })
    this.values.push(whole)
  }

  #skip(at: number, reason: string): void {
    this.skipped += 1
    if (this.notes.length < MAX_NOTES) this.notes.push(`item ${at + 1} was skipped: ${reason}`)
  }
}

/** Equal for equal records, whatever the order of their members: providers do not promise one. */
function hashOf(record: unknown): Uint8Array {
  return hash('sha256', canonicalText(record), 'buffer').subarray(0, 16)
}

function canonicalText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).filter((name) => members[name] !== undefined)
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(members[name])}`)
    .join(',')}}`
}

/** JSONata gives a list of one as its item, and an empty one as nothing. */
function asList(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

function memberOf(item: unknown, name: string): unknown {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, name) ? Reflect.get(item, name) : undefined
}

function idText(id: unknown): string | null {
  const text = typeof id === 'string' ? id : typeof id === 'number' && Number.isFinite(id) ? String(id) : ''
  return text === '' || text.length > MAX_ID_LENGTH ? null : text
}
