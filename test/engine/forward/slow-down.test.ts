import { expect, test } from 'vitest'
import type { Outcome } from '../../../src/domain/delivery.ts'
import { heldUntil, NO_SLOW_DOWN, type SlowDown, slotsOf, slowedBy } from '../../../src/engine/forward/slow-down.ts'

const NOW = 1_000_000
const facts = { durationMs: 1, responseHead: '', detail: '' }
const good: Outcome = { kind: 'accepted', status: 200, durationMs: 1, responseHead: '' }
const busy = (status: number, retryAfterMs?: number): Outcome => ({
  kind: 'retryable',
  reason: 'status',
  status,
  ...facts,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
})

function end(state: SlowDown, outcome: Outcome, startedAt = NOW, now = startedAt + 1): SlowDown {
  return slowedBy(state, { outcome, startedAt, now, concurrency: 16 })
}

for (const status of [429, 503]) {
  test(`${status} halves what may be under way at once`, () => {
    expect(slotsOf(end(NO_SLOW_DOWN, busy(status)), 16)).toBe(8)
  })
}

for (const status of [400, 404, 500, 502]) {
  test(`${status} slows nothing down`, () => expect(end(NO_SLOW_DOWN, busy(status, 5_000))).toBe(NO_SLOW_DOWN))
}

test('sixteen refusals of one moment halve once, later ones again, never below one', () => {
  let state = NO_SLOW_DOWN
  for (let count = 0; count < 16; count += 1) state = end(state, busy(429), NOW, NOW + 10)
  expect(slotsOf(state, 16)).toBe(8)
  for (let count = 1; count < 9; count += 1) state = end(state, busy(429), NOW + 100 * count)
  expect(slotsOf(state, 16)).toBe(1)
})

test('comes back one by one as answers are good again', () => {
  let state = end(end(NO_SLOW_DOWN, busy(503)), busy(503), NOW + 100)
  expect(slotsOf(state, 16)).toBe(4)
  const seen: number[] = []
  for (let count = 0; count < 200; count += 1) {
    state = end(state, good, NOW + 200)
    if (seen.at(-1) !== slotsOf(state, 16)) seen.push(slotsOf(state, 16))
  }
  expect(seen).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
})

test('a Retry-After holds the whole destination, within five minutes', () => {
  expect(heldUntil(end(NO_SLOW_DOWN, busy(429, 30_000)), NOW)).toBe(NOW + 1 + 30_000)
  expect(heldUntil(end(NO_SLOW_DOWN, busy(429, 86_400_000)), NOW + 1)).toBe(NOW + 1 + 300_000)
  expect(heldUntil(end(NO_SLOW_DOWN, busy(429, 30_000)), NOW - 3_600_000)).toBeLessThanOrEqual(
    NOW - 3_600_000 + 300_000,
  )
})
