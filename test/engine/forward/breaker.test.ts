import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/domain/delivery.ts'
import {
  attemptBegan,
  attemptEnded,
  attemptsAllowed,
  breakerAt,
  type BreakerState,
  closedBreaker,
} from '../../../src/engine/forward/breaker.ts'

const NOW = 1_000_000
const SECOND = 1_000
const settings = { failureRatio: 0.5, minAttempts: 4, windowMs: 60 * SECOND, openForMs: 10 * SECOND }
const facts = { durationMs: 1, responseHead: '', detail: '' }
const good: Outcome = { kind: 'accepted', status: 200, durationMs: 1, responseHead: '' }
const down: Outcome = { kind: 'retryable', reason: 'network', ...facts }

function after(state: BreakerState, outcomes: readonly Outcome[], now = NOW): BreakerState {
  return outcomes.reduce((before, outcome) => attemptEnded(before, { outcome, isProbe: false, now, settings }), state)
}

function probe(state: BreakerState, outcome: Outcome, now: number): BreakerState {
  return attemptEnded(attemptBegan(breakerAt(state, now)), { outcome, isProbe: true, now, settings })
}

function times(count: number, outcome: Outcome): Outcome[] {
  return Array.from({ length: count }, () => outcome)
}

describe('a closed breaker', () => {
  const cases: { name: string; outcomes: Outcome[]; kind: BreakerState['kind'] }[] = [
    { name: 'opens when the share of failures is reached', outcomes: [good, good, down, down], kind: 'open' },
    { name: 'stays closed below the share', outcomes: [good, good, good, down], kind: 'closed' },
    { name: 'stays closed with few attempts, all failed', outcomes: [down, down, down], kind: 'closed' },
    {
      name: 'counts 5xx as failures',
      outcomes: times(4, { kind: 'retryable', reason: 'status', status: 500, ...facts }),
      kind: 'open',
    },
    {
      name: 'does not count 4xx, which are about one event',
      outcomes: times(9, { kind: 'retryable', reason: 'status', status: 400, ...facts }),
      kind: 'closed',
    },
    {
      name: 'does not count a permanent refusal',
      outcomes: times(9, { kind: 'permanent', reason: 'gone', status: 410, ...facts }),
      kind: 'closed',
    },
  ]
  for (const { name, outcomes, kind } of cases) {
    test(name, () => expect(after(closedBreaker(NOW), outcomes).kind).toBe(kind))
  }

  test('forgets failures of long ago', () => {
    const before = after(closedBreaker(NOW), [down, down, down])
    expect(after(before, [good, down], NOW + 120 * SECOND).kind).toBe('closed')
  })

  test('remembers those of the half window before', () => {
    const before = after(closedBreaker(NOW), [down, down, down])
    expect(after(before, [down], NOW + 40 * SECOND).kind).toBe('open')
  })
})

describe('an open breaker', () => {
  const open = after(closedBreaker(NOW), [down, down, down, down])

  test('lets nothing through until its time has passed, then one', () => {
    expect(attemptsAllowed(open)).toBe(0)
    expect(attemptsAllowed(breakerAt(open, NOW + 9 * SECOND))).toBe(0)
    const half = breakerAt(open, NOW + 10 * SECOND)
    expect(attemptsAllowed(half)).toBe(1)
    expect(attemptsAllowed(attemptBegan(half))).toBe(0)
  })

  test('closes when the probe is answered, and its window is empty then', () => {
    const closed = probe(open, good, NOW + 10 * SECOND)
    expect(closed).toMatchObject({ kind: 'closed', window: { attempts: 0, failures: 0 } })
  })

  test('stays open for twice as long after each probe that fails, up to a bound', () => {
    let state = open
    const waits: number[] = []
    for (let at = NOW + 10 * SECOND; waits.length < 6;) {
      state = probe(state, down, at)
      if (state.kind !== 'open') throw new Error('not open')
      waits.push((state.until - at) / SECOND)
      at = state.until
    }
    expect(waits).toEqual([20, 40, 80, 120, 120, 120])
    expect(state).toMatchObject({ since: NOW })
  })

  test('is not closed by an attempt that began before it opened', () => {
    expect(after(open, [good])).toBe(open)
    const probing = attemptBegan(breakerAt(open, NOW + 10 * SECOND))
    expect(after(probing, [good])).toBe(probing)
  })

  test('is not kept open by a clock that was set back', () => {
    expect(breakerAt(open, NOW - 3_600_000).kind).toBe('half_open')
  })
})
