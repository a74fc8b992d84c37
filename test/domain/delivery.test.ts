import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_RETRY_SCHEDULE, nextStep } from '../../src/domain/delivery.ts'
import type { NextStep, Outcome } from '../../src/domain/delivery.ts'

const NOW = Date.UTC(2026, 2, 2, 10)
const MINUTE = 60_000
const facts = { durationMs: 1, responseHead: '', detail: '' }
const accepted: Outcome = { kind: 'accepted', status: 204, durationMs: 1, responseHead: '' }
const failed: Outcome = { kind: 'retryable', reason: 'status', status: 500, ...facts }
const schedule = { delaysMs: [5_000, 5 * MINUTE], jitter: 0, maxRetryAfterMs: 60 * MINUTE }

function step(given: Partial<Parameters<typeof nextStep>[0]>): NextStep {
  return nextStep({ outcome: failed, attemptCount: 1, now: NOW, schedule, random: 0.5, ...given })
}

describe('nextStep', () => {
  const cases: { name: string; given: Parameters<typeof step>[0]; expected: NextStep }[] = [
    { name: 'is done after an accepted attempt', given: { outcome: accepted }, expected: { kind: 'done' } },
    {
      name: 'is done although it was the last try',
      given: { outcome: accepted, attemptCount: 99 },
      expected: { kind: 'done' },
    },
    {
      name: 'waits the first delay after the first failure',
      given: {},
      expected: { kind: 'retry', dueAt: NOW + 5_000 },
    },
    {
      name: 'waits the second delay after the second failure',
      given: { attemptCount: 2 },
      expected: { kind: 'retry', dueAt: NOW + 5 * MINUTE },
    },
    {
      name: 'is dead when the schedule has no further delay',
      given: { attemptCount: 3 },
      expected: { kind: 'dead', reason: 'retries_exhausted' },
    },
    {
      name: 'is dead at once with an empty schedule',
      given: { schedule: { ...schedule, delaysMs: [] } },
      expected: { kind: 'dead', reason: 'retries_exhausted' },
    },
    {
      name: 'waits as long as the server wishes',
      given: { outcome: { ...failed, retryAfterMs: 60_000 } },
      expected: { kind: 'retry', dueAt: NOW + MINUTE },
    },
    {
      name: 'is not hurried by a server that wishes less',
      given: { outcome: { ...failed, retryAfterMs: 1 } },
      expected: { kind: 'retry', dueAt: NOW + 5_000 },
    },
    {
      name: 'bounds what a server may wish',
      given: { outcome: { ...failed, retryAfterMs: 999 * 60 * MINUTE } },
      expected: { kind: 'retry', dueAt: NOW + 60 * MINUTE },
    },
    {
      name: 'does not let a wish lengthen an exhausted schedule',
      given: { attemptCount: 3, outcome: { ...failed, retryAfterMs: 1 } },
      expected: { kind: 'dead', reason: 'retries_exhausted' },
    },
    {
      name: 'retries a timeout',
      given: { outcome: { kind: 'retryable', reason: 'timeout', ...facts } },
      expected: { kind: 'retry', dueAt: NOW + 5_000 },
    },
    {
      name: 'is dead when the receiver is gone',
      given: { outcome: { kind: 'permanent', reason: 'gone', status: 410, ...facts } },
      expected: { kind: 'dead', reason: 'gone' },
    },
    {
      name: 'is dead when the address is blocked',
      given: { outcome: { kind: 'permanent', reason: 'blocked_address', ...facts } },
      expected: { kind: 'dead', reason: 'blocked_address' },
    },
  ]
  for (const { name, given, expected } of cases) {
    test(name, () => expect(step(given)).toMatchObject(expected))
  }

  test('keeps the jitter within its share, on both sides', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 9 }),
        (random, attemptCount) => {
          const next = step({ random, attemptCount, schedule: DEFAULT_RETRY_SCHEDULE })
          const base = DEFAULT_RETRY_SCHEDULE.delaysMs[attemptCount - 1]!
          expect(next.kind).toBe('retry')
          const waitMs = next.kind === 'retry' ? next.dueAt - NOW : 0
          expect(waitMs).toBeGreaterThanOrEqual(Math.round(base * 0.8))
          expect(waitMs).toBeLessThanOrEqual(Math.round(base * 1.2))
        },
      ),
    )
    expect(step({ random: 0, schedule: { ...schedule, jitter: 0.2 } })).toMatchObject({
      kind: 'retry',
      dueAt: NOW + 4_000,
    })
  })

  test('makes ten attempts over some three days by default', () => {
    const waits = DEFAULT_RETRY_SCHEDULE.delaysMs.map((ms) => ms / 1_000)
    expect(waits).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400])
    expect(step({ attemptCount: 10, schedule: DEFAULT_RETRY_SCHEDULE })).toEqual({
      kind: 'dead',
      reason: 'retries_exhausted',
    })
  })
})
