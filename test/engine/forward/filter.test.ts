import { describe, expect, test } from 'vitest'
import type { RequestView } from '../../../src/domain/expression.ts'
import type { ReceivedEvent } from '../../../src/domain/event.ts'
import type { DestinationName, EventId } from '../../../src/domain/ids.ts'
import { filterEvents, hasFilter } from '../../../src/engine/forward/filter.ts'
import { createFilterCompiler } from '../../../src/expression/compile.ts'

const APP = 'app' as DestinationName
const compile = createFilterCompiler()
const plain = { name: APP, url: 'http://a', timeoutMs: 1, concurrency: 1, headers: {} }

const items = [
  { type: 'invoice.paid', amount: 10 },
  { type: 'invoice.paid', amount: 1_000 },
  { type: null, amount: 0 },
]
const events = items.map(({ type }, position): ReceivedEvent => {
  const id = `evt_${position}` as EventId
  return { id, position, type, dedupeKey: null, occurredAt: null, match: { kind: 'skipped' } }
})
const views = items.map((event): RequestView => ({
  method: 'POST',
  url: 'https://x/webhook',
  path: '/webhook',
  headers: { 'x-shop': 'eu' },
  query: {},
  body: items,
  raw: '',
  event,
  options: {},
  now: 0,
}))

async function passed(source: string): Promise<{ passed: number[]; problems: string[] }> {
  const problems: string[] = []
  const destinations = new Map([[APP as string, { ...plain, filter: compile(source) }]])
  const passing = await filterEvents({ forward: [APP], destinations, events, views, problems })
  const ids = passing.get(APP)!
  return { passed: events.filter(({ id }) => ids.has(id)).map(({ position }) => position), problems }
}

describe('the filter of a destination', () => {
  const cases = [
    { name: 'sees the type', source: 'type = "invoice.paid"', expected: [0, 1] },
    { name: 'sees the event', source: 'event.amount > 100', expected: [1] },
    { name: 'sees the request', source: 'headers.`x-shop` = "eu"', expected: [0, 1, 2] },
    {
      name: 'may need the full language',
      source: '$contains($string(type), "paid") and $sum([event.amount, 1]) < 100',
      expected: [0],
    },
    { name: 'stops what it finds nothing for', source: 'event.missing', expected: [] },
  ]
  for (const { name, source, expected } of cases) {
    test(name, async () => expect(await passed(source)).toEqual({ passed: expected, problems: [] }))
  }

  test('lets events pass for which it fails, and remarks it once', async () => {
    const result = await passed('event.amount.$lowercase($)')
    expect(result.passed).toEqual([0, 1, 2])
    expect(result.problems).toHaveLength(1)
    expect(result.problems[0]).toMatch(/^filter of destination app: .*; the event passed$/)
  })

  test('is not looked for where there is none', () => {
    expect(hasFilter([APP], new Map([[APP as string, plain]]))).toBe(false)
    expect(() => compile('typ = "x"')).toThrow(/typ/)
  })
})
