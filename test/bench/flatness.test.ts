import { expect, test } from 'vitest'
import { type Point, trendOf } from '../../bench/flatness.ts'

/** As a process under load behaves: it warms up, then a saw of 40 MB every 13 s, and an outlier now and then. */
function memory(minutes: number, leakMbPerMinute: number): Point[] {
  return Array.from({ length: minutes * 60 + 1 }, (_, second): Point => {
    const warmth = 120 * (1 - Math.exp(-second / (minutes * 8)))
    const saw = (40 * (second % 13)) / 13
    const outlier = second % 97 === 0 ? 60 : 0
    return [second, 130 + warmth + saw + outlier + (leakMbPerMinute * second) / 60]
  })
}

const allowed = (level: number): number => Math.max(10, 0.1 * level)

for (const minutes of [3, 10]) {
  test(`a saw that stands still after warming up does not grow (${minutes} minutes)`, () => {
    const { growth, level } = trendOf(memory(minutes, 0))!
    expect(growth).toBeLessThan(allowed(level))
  })
}

const leaks = [
  { name: 'of 1 KB a request at 300/s', minutes: 10, mbPerMinute: 18 },
  { name: 'of 2 KB a request at 300/s, in 3 minutes', minutes: 3, mbPerMinute: 36 },
  { name: 'of 100 bytes a request at 1000/s', minutes: 10, mbPerMinute: 6 },
]
for (const { name, minutes, mbPerMinute } of leaks) {
  test(`a leak ${name} is seen under the saw`, () => {
    const { growth, level } = trendOf(memory(minutes, mbPerMinute))!
    expect(growth).toBeGreaterThan(allowed(level))
  })
}

test('the slope is the leak, whatever the saw', () => {
  const flat = trendOf(memory(10, 0))!
  const leaking = trendOf(memory(10, 18))!
  expect(Math.abs(leaking.perMinute - flat.perMinute - 18)).toBeLessThan(1)
})

test('a few windows in which something odd happened do not turn the slope', () => {
  const points = memory(10, 0).map(([second, value]): Point => [second, second > 540 ? value + 80 : value])
  const { growth, level } = trendOf(points)!
  expect(growth).toBeLessThan(allowed(level))
})

test('a run that is too short is not judged', () => {
  expect(trendOf(memory(1, 0))).toBeNull()
})
