/**
 * Compares what an example expects with what was seen, one written key after the other. What an example does not mention is not
 * compared, with one exception: a request that is not said to be refused or to be a handshake must have been accepted.
 */
import type { Example } from '../../domain/provider-spec.gen.ts'
import type { DocumentPath } from '../../spec/lint.ts'
import { isSameValue } from './diff.ts'
import type { Observation, SeenEvent, SeenForward } from './observation.ts'
import type { SeenTrigger } from './sync/seen-triggers.ts'

type Expect = Example['expect']
type ExpectedEvent = NonNullable<Expect['events']>[number]
type ExpectedForward = NonNullable<Expect['forwarded']>[number]

/** An expectation that was not met; the path starts below `expect`. */
export interface Difference {
  readonly path: DocumentPath
  readonly expected: unknown
  readonly seen: unknown
}

/** Empty when everything is as expected. When the outcome itself differs, all else would only repeat that, and is left out. */
export function compareExpectations(expect: Expect, seen: Observation): Difference[] {
  const outcome = compareOutcome(expect, seen)
  if (outcome !== null) return [outcome]
  const differences: Difference[] = []
  const compare = (path: DocumentPath, expected: unknown, value: unknown): void => {
    if (!isSameValue(expected, value)) differences.push({ path, expected, seen: value })
  }
  if (expect.scheme !== undefined) compare(['scheme'], expect.scheme, seen.scheme)
  if (expect.answer !== undefined) compareAnswer(expect.answer, seen.answer, compare)
  if (expect.captured !== undefined) compare(['captured'], expect.captured, seen.captured)
  if (expect.confirms !== undefined) compare(['confirms'], expect.confirms, seen.confirms)
  if (expect.events !== undefined) compareEvents(expect.events, seen.events, compare)
  if (expect.forwarded !== undefined) compareForwarded(expect.forwarded, seen.forwarded, compare)
  if (expect.syncs !== undefined) compareSyncs(expect.syncs, seen.syncs ?? [], compare)
  return differences
}

type Compare = (path: DocumentPath, expected: unknown, seen: unknown) => void

function compareOutcome(expect: Expect, seen: Observation): Difference | null {
  if (expect.refused !== undefined) {
    if (seen.outcome.kind === 'refused' && seen.outcome.code === expect.refused) return null
    return { path: ['refused'], expected: `refused: ${expect.refused}`, seen: describeOutcome(seen.outcome) }
  }
  if (expect.handshake !== undefined) {
    if (seen.outcome.kind === 'handshake' && seen.outcome.name === expect.handshake) return null
    return { path: ['handshake'], expected: `handshake: ${expect.handshake}`, seen: describeOutcome(seen.outcome) }
  }
  return seen.outcome.kind === 'accepted'
    ? null
    : { path: [], expected: 'accepted', seen: describeOutcome(seen.outcome) }
}

function describeOutcome(outcome: Observation['outcome']): string {
  switch (outcome.kind) {
    case 'accepted':
      return 'accepted'
    case 'handshake':
      return `handshake: ${outcome.name}`
    case 'refused':
      return `refused: ${outcome.code} (${outcome.detail})`
  }
}

function compareAnswer(expected: NonNullable<Expect['answer']>, seen: Observation['answer'], compare: Compare): void {
  if (typeof expected === 'number') {
    compare(['answer'], expected, seen.status)
    return
  }
  if (expected.status !== undefined) compare(['answer', 'status'], expected.status, seen.status)
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    compare(['answer', 'headers', name], value, seen.headers[name.toLowerCase()])
  }
  if (expected.text !== undefined) compare(['answer', 'text'], expected.text, seen.body)
  if ('json' in expected) compare(['answer', 'json'], expected.json, parseJson(seen.body))
}

/** The body itself where it is not JSON, so that the report shows it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function compareEvents(expected: readonly ExpectedEvent[], seen: readonly SeenEvent[], compare: Compare): void {
  if (expected.length !== seen.length) {
    compare(
      ['events'],
      expected,
      seen.map((event, at) => onlyMembersOf(expected[at] ?? { type: null, connections: [] }, event)),
    )
    return
  }
  for (const [at, wanted] of expected.entries()) {
    const event = seen[at]!
    const compareMember = (name: string, value: unknown, seenValue: unknown): void =>
      compare(['events', at, name], value, seenValue)
    if (wanted.type !== undefined) compareMember('type', wanted.type, event.type)
    if (wanted.dedupe !== undefined) compareMember('dedupe', wanted.dedupe, event.dedupe)
    if (wanted.time !== undefined) compareMember('time', sameInstant(wanted.time, event.time), event.time)
    if (wanted.skipped !== undefined) compareMember('skipped', wanted.skipped, event.skipped)
    if (wanted.connections !== undefined)
      compareMember('connections', wanted.connections.toSorted(), event.connections.toSorted())
  }
}

/** The time as it was seen, where both mean the same instant: `10:00:00Z` and `11:00:00.000+01:00` do. */
function sameInstant(expected: string | null, seen: string | null): string | null {
  if (expected === null || seen === null) return expected
  return Date.parse(expected) === Date.parse(seen) ? seen : expected
}

function compareForwarded(expected: readonly ExpectedForward[], seen: readonly SeenForward[], compare: Compare): void {
  if (expected.length !== seen.length) {
    compare(
      ['forwarded'],
      expected,
      seen.map((forward, at) => summary(forward, expected[at] ?? { connection: null })),
    )
    return
  }
  for (const [at, wanted] of expected.entries()) {
    const forward = seen[at]!
    if (wanted.connection !== undefined) compare(['forwarded', at, 'connection'], wanted.connection, forward.connection)
    for (const [name, value] of Object.entries(wanted.headers ?? {})) {
      compare(['forwarded', at, 'headers', name], value, forward.headers[name.toLowerCase()])
    }
    if ('payload' in wanted) compare(['forwarded', at, 'payload'], wanted.payload, forward.payload)
    if (wanted.payload_text !== undefined)
      compare(['forwarded', at, 'payload_text'], wanted.payload_text, forward.payloadText)
  }
}

/** Item by item where there are as many as expected; a trigger is compared whole, since its kind is the point. */
function compareSyncs(expected: NonNullable<Expect['syncs']>, seen: readonly SeenTrigger[], compare: Compare): void {
  const wanted = expected.map(({ forward, ...trigger }) => (forward === true ? { ...trigger, forward } : trigger))
  if (wanted.length !== seen.length) return compare(['syncs'], wanted, seen)
  for (const [at, trigger] of wanted.entries()) compare(['syncs', at], trigger, seen[at])
}

/** What is shown of a forward beside an expectation: the members that the expectation has. */
function summary(forward: SeenForward, wanted: ExpectedForward): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  if (wanted.connection !== undefined) shown['connection'] = forward.connection
  if (wanted.headers !== undefined) {
    shown['headers'] = Object.fromEntries(
      Object.keys(wanted.headers).map((name) => [name, forward.headers[name.toLowerCase()]]),
    )
  }
  if ('payload' in wanted) shown['payload'] = forward.payload
  if (wanted.payload_text !== undefined) shown['payload_text'] = forward.payloadText
  return shown
}

function onlyMembersOf(wanted: ExpectedEvent, event: SeenEvent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([name]) => Object.hasOwn(wanted, name)))
}
