import { describe, expect, test } from 'vitest'
import { attemptsWithin, createRate } from '../../../src/engine/forward/rate.ts'

const START = 1_000_000

/** Begins attempts as early as they may, and says when, in ms from the start. */
function begin(limit: { count: number; perMs: number }, count: number): number[] {
  const rate = createRate(limit)
  let now = START
  return Array.from({ length: count }, () => {
    now = Math.max(now, rate.nextAt(now))
    rate.take(now)
    return now - START
  })
}

describe('a rate', () => {
  const cases = [
    { name: 'spreads attempts evenly', limit: { count: 5, perMs: 1_000 }, times: [0, 200, 400, 600, 800, 1_000] },
    {
      name: 'lets a tenth of the period go at once after a rest',
      limit: { count: 30, perMs: 3_000 },
      times: [0, 0, 0, 100, 200, 300],
    },
    { name: 'takes one a minute', limit: { count: 1, perMs: 60_000 }, times: [0, 60_000, 120_000] },
  ]
  for (const { name, limit, times } of cases) test(name, () => expect(begin(limit, times.length)).toEqual(times))

  test('is kept over a long time', () => {
    const times = begin({ count: 100, perMs: 1_000 }, 1_000)
    expect(times.at(-1)).toBeGreaterThanOrEqual(9_890)
    expect(times.at(-1)).toBeLessThanOrEqual(10_000)
  })

  test('does not fall silent when the clock is set back', () => {
    const rate = createRate({ count: 1, perMs: 1_000 })
    rate.take(START)
    expect(rate.nextAt(START - 3_600_000)).toBeLessThanOrEqual(START - 3_600_000 + 1_000)
  })

  test('lets at least one attempt through in any time', () => {
    expect(attemptsWithin({ count: 1, perMs: 60_000 }, 5_000)).toBe(1)
    expect(attemptsWithin({ count: 10, perMs: 1_000 }, 5_000)).toBe(50)
    expect(attemptsWithin(undefined, 5_000)).toBe(Number.POSITIVE_INFINITY)
  })
})
