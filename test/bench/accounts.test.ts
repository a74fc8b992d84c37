import { expect, test } from 'vitest'
import { Accounts } from '../../bench/accounts.ts'
import type { BenchGateway, Stats } from '../../bench/gateway.ts'
import type { LoadReport } from '../../bench/load-generator.ts'
import { Report } from '../../bench/report.ts'

function answers(counts: Readonly<Record<string, number>>, more: Partial<LoadReport> = {}): LoadReport {
  const statuses = Object.fromEntries(
    Object.entries(counts).map(([status, count]) => [status, { count, p50Ms: 1, p99Ms: 2, maxMs: 3 }]),
  )
  const sent = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return { sent, statuses, errors: 0, retryAfter: 0, startedAt: 0, seconds: 1, perSecond: sent, ...more }
}

async function failuresOf(input: { load: LoadReport; stats: Stats; perRequest?: number }): Promise<string[]> {
  const report = new Report(() => undefined)
  const gateway = { pid: process.pid, stats: () => Promise.resolve(input.stats) } as BenchGateway
  const accounts = new Accounts(report, gateway)
  accounts.add(input.load, ['200'])
  await accounts.settle(input.perRequest)
  return report.failures
}

test('finds nothing when all that was accepted is stored and delivered', async () => {
  const stats = { requests: { accepted: 10 }, deliveries: { delivered: 10 } }
  expect(await failuresOf({ load: answers({ 200: 10 }), stats, perRequest: 1 })).toEqual([])
})

const faults = [
  {
    name: 'an accepted request that is not stored',
    load: answers({ 200: 10 }),
    stats: { requests: { accepted: 9 }, deliveries: {} },
    says: '10 were answered 200, 9 are stored',
  },
  {
    name: 'a request that is stored and was not accepted',
    load: answers({ 200: 10 }),
    stats: { requests: { accepted: 11 }, deliveries: {} },
    says: '10 were answered 200, 11 are stored',
  },
  {
    name: 'a delivery that was lost',
    load: answers({ 200: 10 }),
    stats: { requests: { accepted: 10 }, deliveries: { delivered: 8, dead: 2 } },
    perRequest: 1,
    says: '10 deliveries were due, 8 are delivered',
  },
  {
    name: 'an event taken for a duplicate',
    load: answers({ 200: 10 }),
    stats: { requests: { accepted: 10, duplicate: 1 }, deliveries: {} },
    says: '1 were taken for duplicates',
  },
  {
    name: 'an answer nobody expected',
    load: answers({ 200: 10, 500: 1 }),
    stats: { requests: { accepted: 10 }, deliveries: {} },
    says: '1 answers were 500',
  },
  {
    name: 'a broken connection',
    load: answers({ 200: 10 }, { errors: 1, sent: 11 }),
    stats: { requests: { accepted: 10 }, deliveries: {} },
    says: '1 connections broke',
  },
]
for (const { name, says, ...input } of faults) {
  test(`fails over ${name}`, async () => {
    expect((await failuresOf(input)).join('\n')).toContain(says)
  })
}
