import { expect, test } from 'vitest'
import { leaseMsFor, Stock } from '../../../src/engine/forward/stock.ts'

function stockAfter(...durations: readonly number[]): number {
  const stock = new Stock()
  for (const durationMs of durations) stock.attemptTook(durationMs)
  return stock.perSlot()
}

const cases = [
  { name: 'is small before anything was attempted', durations: [], perSlot: 4 },
  { name: 'is large for a destination that answers within milliseconds', durations: [2, 3, 2], perSlot: 32 },
  { name: 'follows the time that attempts take', durations: [25], perSlot: 10 },
  { name: 'is small for a slow destination', durations: [2_000], perSlot: 4 },
  {
    name: 'is small as soon as one attempt of a quick destination times out',
    durations: [1, 1, 1, 20_000],
    perSlot: 4,
  },
  { name: 'is bounded however little an attempt takes', durations: [0], perSlot: 32 },
]
for (const { name, durations, perSlot } of cases) {
  test(`the stock of a lane ${name}`, () => expect(stockAfter(...durations)).toBe(perSlot))
}

test('the stock of a lane grows again when a destination has recovered', () => {
  expect(stockAfter(20_000, ...Array.from({ length: 100 }, () => 5))).toBe(32)
})

test('a lease outlasts the smallest stock although every attempt takes the whole time', () => {
  expect(leaseMsFor(20_000)).toBeGreaterThan(stockAfter(20_000) * 20_000)
})
