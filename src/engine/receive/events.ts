/**
 * The events of a verified request: split, named, keyed, dated and matched. An expression that fails costs the event its name or its
 * match, never its life: it is kept, and goes the unmatched way.
 */
import { createHash } from 'node:crypto'
import { type CompiledExpression, isTruthy, type RequestView } from '../../domain/expression.ts'
import type { EventMatch, ReceivedEvent } from '../../domain/event.ts'
import type { Ids } from '../../domain/ids.ts'
import { batchItems, isNested as isNestedPath } from '../../domain/json-batch.ts'
import type { DecodedBody } from '../../spec/body.ts'
import type { CompiledEventRules } from '../../spec/compiled-spec.ts'
import { withEvent } from '../../spec/request-view.ts'
import { parseTime, type TimeUnit } from '../../verify/timestamp.ts'
import type { Matcher } from './match.ts'

/** A larger batch is kept and forwarded as one unattributed event. */
export const MAX_EVENTS = 10_000
const MAX_TYPE_LENGTH = 200
/** A longer dedupe key is kept as its digest: cut short, two different keys could look the same and an event be lost. */
const MAX_DEDUPE_LENGTH = 200
/** Events handled before the event loop gets a turn: a batch of thousands must not hold up other requests. */
const EVENTS_PER_TURN = 200

export async function extractEvents(input: {
  rules: CompiledEventRules
  decoded: DecodedBody
  view: RequestView
  matcher: Matcher
  ids: Ids
  /** Remarks are added here. */
  problems: string[]
  /** What expressions saw of each event is added here. */
  seen?: RequestView[]
}): Promise<ReceivedEvent[]> {
  const { rules, decoded, view, matcher, ids, problems } = input
  const { batchPath } = rules
  const items =
    decoded.kind === 'unreadable' || batchPath === null ? null : batchItems(decoded.value, batchPath, MAX_EVENTS)
  if (items !== null && items.length > MAX_EVENTS) {
    problems.push(`batch: more than ${MAX_EVENTS} items; kept as one event`)
    return [
      {
        ...anonymous(ids),
        match: { kind: 'unmatched', reason: 'expression_failed', detail: 'the batch is too large to be split' },
      },
    ]
  }
  const isNested = batchPath !== null && isNestedPath(batchPath)
  const views =
    items === null
      ? [view]
      : items.map(({ item, outer, list }, position) => withEvent(view, item, position, isNested ? { outer, list } : {}))
  const events: ReceivedEvent[] = []
  const repeatedProblems = new Set<string>()
  const remark = (text: string): void => {
    if (repeatedProblems.has(text) || repeatedProblems.size >= 20) return
    repeatedProblems.add(text)
    problems.push(text)
  }

  for (const [position, eventView] of views.entries()) {
    if (position > 0 && position % EVENTS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const type = asText(await read(rules.type, eventView, 'event.type', remark), MAX_TYPE_LENGTH)
    const dedupe =
      rules.dedupe === null ? null : dedupeKeyOf(await read(rules.dedupe, eventView, 'event.dedupe', remark))
    const time = rules.time === null ? undefined : await read(rules.time.value, eventView, 'event.time', remark)
    const skip = rules.skip !== null && isTruthy(await read(rules.skip, eventView, 'event.skip', remark))
    const match: EventMatch = skip
      ? { kind: 'skipped' }
      : decoded.kind === 'unreadable'
        ? { kind: 'unmatched', reason: 'body_unreadable', detail: decoded.detail }
        : await matcher.match(eventView, remark)
    input.seen?.push(eventView)
    events.push({
      id: ids.next('event'),
      position,
      type,
      dedupeKey: dedupe,
      occurredAt: rules.time === null ? null : timeOf(time, rules.time.unit),
      match,
    })
  }
  return events
}

async function read(
  expression: CompiledExpression,
  view: RequestView,
  clause: string,
  remark: (text: string) => void,
): Promise<unknown> {
  const answer = expression.evaluate(view)
  const result = answer instanceof Promise ? await answer : answer
  if (result.ok) return result.value
  remark(`${clause}: ${result.detail}`)
  return undefined
}

/** Text of a scalar, cut at a length; anything else names nothing. */
function asText(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null
  const text = String(value)
  return text.length > maxLength ? text.slice(0, maxLength) : text
}

function timeOf(value: unknown, unit: TimeUnit): number | null {
  return typeof value === 'string' || typeof value === 'number' ? (parseTime(value, unit) ?? null) : null
}

function dedupeKeyOf(value: unknown): string | null {
  const text = asText(value, Number.POSITIVE_INFINITY)
  if (text === null || text === '') return null
  return text.length <= MAX_DEDUPE_LENGTH ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`
}

function anonymous(ids: Ids): Omit<ReceivedEvent, 'match'> {
  return { id: ids.next('event'), position: 0, type: null, dedupeKey: null, occurredAt: null }
}
