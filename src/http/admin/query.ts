/** Query parameters of the API. An unknown or repeated one is refused: a mistyped filter would show more than was asked for. */
import type { Context } from 'koa'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import { suggest } from '../../domain/suggestion.ts'
import type { LogFilter, PageRequest } from '../../engine/ports.ts'
import { invalidInput } from './json-input.ts'

export type Query = ReadonlyMap<string, string>

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_VALUE_LENGTH = 512

export const PAGE_PARAMETERS: readonly string[] = ['limit', 'cursor']
export const LOG_PARAMETERS: readonly string[] = ['integration', 'connection_id', 'since', 'until', ...PAGE_PARAMETERS]

/**
 * The parameters, each once, none but the known; an empty one counts as absent. `tags[…]` is known where `tags` is. Those that may
 * come several times are `valuesOf`'s affair.
 */
export function readQuery(ctx: Context, known: readonly string[], repeatable: readonly string[] = []): Query {
  const query = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(ctx.querystring)) {
    if (repeatable.includes(name)) continue
    if (!known.includes(name) && !(name.startsWith('tags[') && known.includes('tags'))) {
      throw invalidInput(`The query has an unknown parameter "${name.slice(0, 100)}".`, suggest(name, known))
    }
    if (query.has(name)) throw invalidInput(`The query has "${name}" twice.`, 'Send it once.')
    if (value.length > MAX_VALUE_LENGTH) throw invalidInput(`"${name}" is longer than ${MAX_VALUE_LENGTH} characters.`)
    if (value !== '') query.set(name, value)
  }
  return query
}

/** All values of a parameter that may be repeated; null when there is none. */
export function valuesOf(
  ctx: Context,
  name: string,
  bounds: { maxCount: number; maxLength: number },
): readonly string[] | null {
  const values = new URLSearchParams(ctx.querystring).getAll(name)
  if (values.length === 0) return null
  const { maxCount, maxLength } = bounds
  if (values.length > maxCount)
    throw invalidInput(`The query has "${name}" ${values.length} times.`, `Send at most ${maxCount} at once.`)
  if (values.some((value) => value === '' || value.length > maxLength))
    throw invalidInput(`Each "${name}" must have 1 to ${maxLength} characters.`)
  return values
}

/** `limit` and `cursor`. */
export function pageOf(
  query: Query,
  bounds: { default: number; max: number } = { default: DEFAULT_LIMIT, max: MAX_LIMIT },
): PageRequest {
  const cursor = query.get('cursor') ?? null
  if (cursor !== null) checkCursor('cursor', cursor)
  return { limit: wholeNumberOf(query, 'limit', { ...bounds, min: 1 }), after: cursor }
}

/** What a cursor holds is the store's affair; that it came from us is not certain. */
export function checkCursor(name: string, cursor: string): void {
  if (!/^[\w.:~=+/-]{1,1000}$/.test(cursor))
    throw invalidInput(
      `"${name}" is not one of ours.`,
      'Take it from next_cursor of the page before, or from a record.',
    )
}

export function wholeNumberOf(
  query: Query,
  name: string,
  bounds: { default: number; min: number; max: number },
): number {
  const text = query.get(name)
  if (text === undefined) return bounds.default
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (value >= bounds.min && value <= bounds.max) return value
  throw invalidInput(`"${name}" is "${text.slice(0, 50)}".`, `Give a whole number from ${bounds.min} to ${bounds.max}.`)
}

/** One of a closed list of words. */
export function choiceOf<Word extends string>(query: Query, name: string, words: readonly Word[]): Word | undefined {
  const text = query.get(name)
  if (text === undefined) return undefined
  const word = words.find((one) => one === text)
  if (word === undefined)
    throw invalidInput(
      `"${name}" is "${text.slice(0, 50)}".`,
      suggest(text, words) ?? `Use one of ${words.join(', ')}.`,
    )
  return word
}

/** `integration`, `connection_id`, `since`, `until`. */
export function logFilterOf(query: Query): LogFilter {
  const integration = query.get('integration')
  const connectionId = query.get('connection_id')
  const since = timeOf(query, 'since')
  const until = timeOf(query, 'until')
  return {
    ...(integration === undefined ? {} : { integration: integration as IntegrationKey }),
    ...(connectionId === undefined ? {} : { connectionId: connectionId as ConnectionId }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

/** ISO 8601 with a zone, a plain date (UTC), or ms since the epoch. */
function timeOf(query: Query, name: string): number | undefined {
  const text = query.get(name)
  return text === undefined ? undefined : readTime(name, text)
}

/** The same of any text. */
export function readTime(name: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/.test(text)
  const time = isDate ? Date.parse(text) : NaN
  if (!Number.isNaN(time)) return time
  throw invalidInput(
    `"${name}" is "${text.slice(0, 50)}".`,
    'Write it like 2026-03-02T10:00:00Z, or in ms since the epoch.',
  )
}
