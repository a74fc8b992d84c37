/**
 * The events of a verified request: split, named, keyed, dated and matched. An expression that fails costs the event its name or its
 * match, never its life: it is kept, and goes the unmatched way.
 */
import { createHash } from 'node:crypto'
import {
  andThen,
  type CompiledExpression,
  isTruthy,
  type MaybePromise,
  type RequestView,
} from '../../domain/expression.ts'
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

export interface EventsInput {
  readonly rules: CompiledEventRules
  readonly decoded: DecodedBody
  readonly view: RequestView
  readonly matcher: Matcher
  readonly ids: Ids
  /** Remarks are added here. */
  readonly problems: string[]
  /** What expressions saw of each event is added here. */
  readonly seen?: RequestView[]
}

/** Without a promise where no expression and no look-up needs one: the way of most requests, which bring a single event. */
export function extractEvents(input: EventsInput): MaybePromise<ReceivedEvent[]> {
  const { rules, decoded, view, ids, problems } = input
  const { batchPath } = rules
  const items =
    decoded.kind === 'unreadable' || batchPath === null ? null : batchItems(decoded.value, batchPath, MAX_EVENTS)
  if (items === null) return andThen(createEventReader(input)(view, 0), (event) => [event])
  if (items.length <= MAX_EVENTS) {
    const isNested = batchPath !== null && isNestedPath(batchPath)
    const views = items.map(({ item, outer, list }, position) =>
      withEvent(view, item, position, isNested ? { outer, list } : {}),
    )
    return readBatch(views, createEventReader(input))
  }
  problems.push(`batch: more than ${MAX_EVENTS} items; kept as one event`)
  return [
    {
      ...anonymous(ids),
      match: { kind: 'unmatched', reason: 'expression_failed', detail: 'the batch is too large to be split' },
    },
  ]
}

type EventReader = (view: RequestView, position: number) => MaybePromise<ReceivedEvent>

async function readBatch(views: readonly RequestView[], readEvent: EventReader): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  for (const [position, view] of views.entries()) {
    if (position > 0 && position % EVENTS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const event = readEvent(view, position)
    events.push(event instanceof Promise ? await event : event)
  }
  return events
}

function createEventReader({ rules, decoded, matcher, ids, problems, seen }: EventsInput): EventReader {
  let remarked: Set<string> | undefined
  const remark = (text: string): void => {
    remarked ??= new Set()
    if (remarked.has(text) || remarked.size >= 20) return
    remarked.add(text)
    problems.push(text)
  }

  return (view, position) => {
    const finish = (type: unknown, dedupe: unknown, time: unknown, skip: unknown): MaybePromise<ReceivedEvent> =>
      andThen(isTruthy(skip) ? SKIPPED : matchOf(view), (match) => {
        seen?.push(view)
        return {
          id: ids.next('event'),
          position,
          type: asText(type, MAX_TYPE_LENGTH),
          dedupeKey: dedupeKeyOf(dedupe),
          occurredAt: rules.time === null ? null : timeOf(time, rules.time.unit),
          match,
        }
      })
    const matchOf = (of: RequestView): MaybePromise<EventMatch> =>
      decoded.kind === 'unreadable'
        ? { kind: 'unmatched', reason: 'body_unreadable', detail: decoded.detail }
        : matcher.match(of, remark)

    const type = read(rules.type, view, 'event.type', remark)
    const dedupe = read(rules.dedupe, view, 'event.dedupe', remark)
    const time = read(rules.time === null ? null : rules.time.value, view, 'event.time', remark)
    const skip = read(rules.skip, view, 'event.skip', remark)
    const isPending =
      type instanceof Promise || dedupe instanceof Promise || time instanceof Promise || skip instanceof Promise
    if (!isPending) return finish(type, dedupe, time, skip)
    return Promise.all([type, dedupe, time, skip]).then((values) => finish(...values))
  }
}

const SKIPPED: EventMatch = { kind: 'skipped' }

/** Undefined for a clause that the spec does not have. */
function read(
  expression: CompiledExpression | null,
  view: RequestView,
  clause: string,
  remark: (text: string) => void,
): unknown {
  if (expression === null) return undefined
  return andThen(expression.evaluate(view), (result) => {
    if (result.ok) return result.value
    remark(`${clause}: ${result.detail}`)
    return undefined
  })
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
