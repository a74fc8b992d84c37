import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { PlannedDelivery } from '../../../src/domain/delivery.ts'
import type { EventMatch, ReceivedEvent } from '../../../src/domain/event.ts'
import { createIds } from '../../../src/domain/ids.ts'
import type { ConnectionId, DestinationName, EventId } from '../../../src/domain/ids.ts'
import { planDeliveries } from '../../../src/engine/forward/plan.ts'
import type { IntegrationSettings } from '../../../src/engine/settings.ts'

const matched = (...connections: string[]): EventMatch => ({
  kind: 'matched',
  connections: connections as ConnectionId[],
  field: 'connection_id',
})
const unmatched: EventMatch = { kind: 'unmatched', reason: 'no_connection' }
const unreadable: EventMatch = { kind: 'unmatched', reason: 'body_unreadable' }
const skipped: EventMatch = { kind: 'skipped' }

function planned(
  matches: readonly EventMatch[],
  given: { unmatched?: IntegrationSettings['unmatched']; forward?: string[]; overrides?: Record<string, string> } = {},
): PlannedDelivery[] {
  const events: ReceivedEvent[] = matches.map((match, position) => ({
    id: `evt_${position}` as EventId,
    position,
    type: null,
    dedupeKey: null,
    occurredAt: null,
    match,
  }))
  return planDeliveries({
    integration: { forward: (given.forward ?? ['app']) as DestinationName[], unmatched: given.unmatched ?? 'raw' },
    events,
    connections: new Map(
      Object.entries(given.overrides ?? {}).map(([connectionId, webhookUrlOverride]) => [
        connectionId as ConnectionId,
        { connectionId: connectionId as ConnectionId, webhookUrlOverride },
      ]),
    ),
    ids: createIds({ now: () => 0, randomBytes }),
  })
}

/** connection (or `-`), body, positions and events of each, in a line. */
function lines(deliveries: readonly PlannedDelivery[]): string[] {
  return deliveries.map(({ connectionId, body, positions, eventIds, held }) =>
    [
      connectionId ?? '-',
      body,
      positions === null ? 'all' : positions.join('+'),
      eventIds.join('+'),
      ...(held === true ? ['held'] : []),
    ].join(' '),
  )
}

describe('planDeliveries', () => {
  const cases: { name: string; matches: EventMatch[]; given?: Parameters<typeof planned>[1]; expected: string[] }[] = [
    { name: 'plans one delivery for one event', matches: [matched('a')], expected: ['a wrapped all evt_0'] },
    {
      name: 'plans one for each matched connection',
      matches: [matched('a', 'b')],
      expected: ['a wrapped all evt_0', 'b wrapped all evt_0'],
    },
    {
      name: 'plans nothing without destinations',
      matches: [matched('a'), unmatched],
      given: { forward: [] },
      expected: [],
    },
    { name: 'plans nothing for a request without events', matches: [], expected: [] },
    { name: 'plans nothing for skipped events', matches: [skipped, skipped], expected: [] },
    {
      name: 'gives each connection of a batch only its own events',
      matches: [matched('a'), matched('b'), matched('a')],
      expected: ['a wrapped 0+2 evt_0+evt_2', 'b wrapped 1 evt_1'],
    },
    {
      name: 'leaves a batch whole that belongs to one connection',
      matches: [matched('a'), matched('a')],
      expected: ['a wrapped all evt_0+evt_1'],
    },
    { name: 'takes skipped events out of a batch', matches: [matched('a'), skipped], expected: ['a wrapped 0 evt_0'] },
    {
      name: 'carries an event once though its connection is named twice',
      matches: [matched('a', 'a')],
      expected: ['a wrapped all evt_0'],
    },
    {
      name: 'lets an event of several connections reach each',
      matches: [matched('a', 'b'), matched('b')],
      expected: ['a wrapped 0 evt_0', 'b wrapped all evt_0+evt_1'],
    },
    { name: 'sends what is unmatched raw, as the peer does', matches: [unmatched], expected: ['- raw all evt_0'] },
    { name: 'sends a body that nobody could read raw', matches: [unreadable], expected: ['- raw all evt_0'] },
    {
      name: 'keeps what is matched out of the unmatched delivery',
      matches: [unmatched, matched('a'), unmatched],
      expected: ['a wrapped 1 evt_1', '- raw 0+2 evt_0+evt_2'],
    },
    {
      name: 'wraps what is unmatched on request',
      matches: [unmatched],
      given: { unmatched: 'wrapped' },
      expected: ['- wrapped all evt_0'],
    },
    {
      name: 'drops what is unmatched on request, and only that',
      matches: [unmatched, matched('a')],
      given: { unmatched: 'drop' },
      expected: ['a wrapped 1 evt_1'],
    },
    {
      name: 'holds unmatched events one by one, since each may find another connection',
      matches: [unmatched, matched('a'), unmatched],
      given: { unmatched: 'hold' },
      expected: ['a wrapped 1 evt_1', '- wrapped 0 evt_0 held', '- wrapped 2 evt_2 held'],
    },
  ]
  for (const { name, matches, given, expected } of cases) {
    test(name, () => expect(lines(planned(matches, given))).toEqual(expected))
  }

  test('plans every delivery for every destination, under an id of its own', () => {
    const deliveries = planned([matched('a', 'b')], { forward: ['app', 'audit'] })
    expect(deliveries.map(({ destination, connectionId }) => `${destination}/${connectionId}`)).toEqual([
      'app/a',
      'audit/a',
      'app/b',
      'audit/b',
    ])
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(4)
  })

  test("takes over the connection's own URL, and nobody else's", () => {
    const deliveries = planned([matched('a', 'b'), unmatched], { overrides: { a: 'https://a.example.com/' } })
    expect(deliveries.map(({ urlOverride }) => urlOverride)).toEqual(['https://a.example.com/', null, null])
  })

  test('plans a batch of 10,000 events of as many connections', () => {
    const deliveries = planned(Array.from({ length: 10_000 }, (_none, index) => matched(`c${index}`)))
    expect(deliveries).toHaveLength(10_000)
    expect(deliveries[9_999]).toMatchObject({ connectionId: 'c9999', positions: [9_999] })
  })
})
