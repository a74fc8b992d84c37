import { expect, test } from 'vitest'
import { everyPhrase, parseEvery } from '../../../src/engine/sync/control.ts'

test.each([
  ['1h', 3_600_000, 'every hour'],
  ['every hour', 3_600_000, 'every hour'],
  ['every 30 minutes', 1_800_000, 'every 30 minutes'],
  ['30s', 30_000, 'every 30 seconds'],
  ['Every 2 days', 172_800_000, 'every 2 days'],
  ['90m', 5_400_000, 'every 90 minutes'],
])('reads %s as an interval and says it as the peer does', (text, ms, phrase) => {
  expect(parseEvery(text)).toBe(ms)
  expect(everyPhrase(ms)).toBe(phrase)
})

test.each(['', '5s', '0h', 'every', '* * * * *', 'every blue moon', '1h30m', 'constructor'])(
  'refuses "%s", and says how to write one',
  (text) => {
    expect(() => parseEvery(text)).toThrow(expect.objectContaining({ code: 'api_invalid_input' }) as Error)
  },
)
