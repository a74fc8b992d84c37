import { expect, test } from 'vitest'
import { Alarm } from '../../../src/engine/forward/alarm.ts'
import { createFakeClock } from '../../support/fake-clock.ts'

function ringing() {
  const clock = createFakeClock()
  const rang: number[] = []
  const start = clock.now()
  const alarm = new Alarm({ clock, shortestMs: 25, ring: () => rang.push(clock.now() - start) })
  return { clock, alarm, rang, start }
}

test('an alarm rings once, at the earliest of the times it was set for', () => {
  const { clock, alarm, rang, start } = ringing()
  for (const afterMs of [500, 100, 300]) alarm.setFor(start + afterMs)
  expect(alarm.at).toBe(start + 100)
  clock.advance(1_000)
  expect(rang).toEqual([100])
  expect(alarm.at).toBeNull()
})

test('an alarm for a time that is near or past does not ring at once', () => {
  const { clock, alarm, rang, start } = ringing()
  alarm.setFor(start - 1_000)
  clock.advance(24)
  expect(rang).toEqual([])
  clock.advance(1)
  expect(rang).toEqual([25])
})

test('an alarm that is cancelled does not ring and leaves no timer behind', () => {
  const { clock, alarm, rang, start } = ringing()
  alarm.setFor(start + 100)
  alarm.cancel()
  expect(clock.timerCount()).toBe(0)
  clock.advance(1_000)
  expect(rang).toEqual([])
})
