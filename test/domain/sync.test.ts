import { describe, expect, test } from 'vitest'
import { mergeRunRequest, nextScheduledAt } from '../../src/domain/sync.ts'

describe('the schedule', () => {
  const cases = [
    { name: 'one interval after it was due', now: 100_000, random: 0.5, at: 3_700_000 },
    { name: 'a twentieth of the interval sooner or later', now: 100_000, random: 0, at: 3_520_000 },
    { name: 'on the grid after a long run', now: 3_000_000, random: 0.5, at: 3_700_000 },
    {
      name: 'once after downtime, and then on the grid',
      now: 20 * 3_600_000,
      random: 0.5,
      at: 100_000 + 20 * 3_600_000,
    },
    { name: 'never sooner than 30 s from now', now: 3_690_000, random: 0.5, at: 3_720_000 },
  ]
  for (const { name, now, random, at } of cases) {
    test(`comes ${name}`, () => {
      expect(nextScheduledAt({ dueAt: 100_000, everyMs: 3_600_000, now, random })).toBe(at)
    })
  }
})

describe('wishes for a run', () => {
  const webhook = {
    now: 1_000,
    windowMs: 5_000,
    cause: 'webhook',
    triggers: 1,
    isFull: false,
    emptiesCache: false,
  } as const

  test('wait for the end of the window that the first one opened', () => {
    const first = mergeRunRequest(null, webhook)
    expect(first).toMatchObject({ dueAt: 6_000, triggers: 1 })
    expect(mergeRunRequest(first, { ...webhook, now: 4_000 })).toMatchObject({
      dueAt: 6_000,
      triggers: 2,
      cause: 'webhook',
    })
  })

  test('are due at once when a person asks, and then full if any of them is', () => {
    const first = mergeRunRequest(null, webhook)
    const asked = mergeRunRequest(first, { ...webhook, now: 2_000, cause: 'request', isFull: true })
    expect(asked).toMatchObject({ dueAt: 2_000, triggers: 2, cause: 'request', isFull: true, firstRequestedAt: 1_000 })
    expect(mergeRunRequest(asked, { ...webhook, now: 3_000 })).toMatchObject({
      cause: 'request',
      isFull: true,
      dueAt: 2_000,
    })
  })
})
