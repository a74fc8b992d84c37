/**
 * Cursors of keyset pages: the place of the last item, opaque to callers. A place in the log is a time and a row number, newest
 * first; among connections it is a row number, among schedules their names.
 */
import { GatewayError } from '../../../domain/errors.ts'
import type { PageRequest } from '../../../engine/ports.ts'

/** A place in the log. Rows of the same millisecond are ordered by number. */
export interface Position {
  readonly at: number
  readonly seq: number
}

const MAX_LIMIT = 1_000

export function limitOf(page: PageRequest): number {
  return Math.min(Math.max(1, Math.floor(page.limit)), MAX_LIMIT)
}

export function isBefore(a: Position, b: Position): boolean {
  return a.at === b.at ? a.seq < b.seq : a.at < b.at
}

export function newestFirst(a: Position, b: Position): number {
  return b.at - a.at || b.seq - a.seq
}

export function positionCursor({ at, seq }: Position): string {
  return encode(`${at}.${seq}`)
}

export function readPositionCursor(cursor: string): Position {
  const match = /^(-?\d{1,16})\.(\d{1,16})$/.exec(decode(cursor))
  if (match === null) throw foreignCursor(cursor)
  return { at: Number(match[1]), seq: Number(match[2]) }
}

export function seqCursor(seq: number): string {
  return encode(String(seq))
}

export function readSeqCursor(cursor: string): number {
  const match = /^\d{1,16}$/.exec(decode(cursor))
  if (match === null) throw foreignCursor(cursor)
  return Number(match[0])
}

/** A place among rows that are ordered by names. */
export function namesCursor(names: readonly string[]): string {
  return encode(JSON.stringify(names))
}

export function readNamesCursor(cursor: string, count: number): string[] {
  const names = parsed(decode(cursor))
  if (Array.isArray(names) && names.length === count && names.every((name) => typeof name === 'string')) return names
  throw foreignCursor(cursor)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString()
}

function foreignCursor(cursor: string): GatewayError {
  return new GatewayError({
    code: 'api_invalid_input',
    message: `The cursor ${JSON.stringify(cursor.slice(0, 100))} was not given out by this list`,
    hint: 'Begin again without a cursor.',
    details: { parameter: 'cursor' },
  })
}
