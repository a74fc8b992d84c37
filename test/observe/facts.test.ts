import { expect, test } from 'vitest'
import { Secret } from '../../src/domain/secret.ts'
import { loggable } from '../../src/observe/facts.ts'

const cases = [
  {
    name: 'scalars stay as they are',
    facts: { a: 'x', b: 1, c: true, d: null },
    logged: { a: 'x', b: 1, c: true, d: null },
  },
  {
    name: 'a Secret is masked wherever it stands',
    facts: { a: { b: [new Secret('hunter2')] } },
    logged: { a: { b: ['[secret]'] } },
  },
  {
    name: 'what is called like a secret is masked, however it is written',
    facts: {
      api_key: 'hunter2',
      'Set-Cookie': 'hunter2',
      nested: { clientSecret: 'hunter2', authorization: ['hunter2'] },
    },
    logged: {
      api_key: '[secret]',
      'Set-Cookie': '[secret]',
      nested: { clientSecret: '[secret]', authorization: '[secret]' },
    },
  },
  {
    name: 'what only speaks of secrets is shown',
    facts: { secret_fingerprint: 'ab12', tokens: 3 },
    logged: { secret_fingerprint: 'ab12', tokens: 3 },
  },
  {
    name: 'bodies are never shown',
    facts: { body: 'hunter2', payload: { a: 'hunter2' } },
    logged: { body: '[body]', payload: '[body]' },
  },
  { name: 'bytes are counted', facts: { a: Buffer.from('hunter2') }, logged: { a: '[7 bytes]' } },
  {
    name: 'maps, sets, dates and big numbers are written out',
    facts: { m: new Map([['k', 1]]), s: new Set([1]), d: new Date(0), n: 12n },
    logged: { m: { k: 1 }, s: [1], d: '1970-01-01T00:00:00.000Z', n: '12' },
  },
  {
    name: 'names of the line itself are moved aside',
    facts: { level: 9, time: 1, event: 'x' },
    logged: { level_: 9, time_: 1, event_: 'x' },
  },
  {
    name: 'long texts and lists are cut',
    facts: { t: 'x'.repeat(9_000), l: Array.from({ length: 60 }, () => 1) },
    logged: { t: `${'x'.repeat(2_000)}…`, l: [...Array.from({ length: 50 }, () => 1), 'and 10 more'] },
  },
]
for (const { name, facts, logged } of cases as {
  name: string
  facts: Record<string, unknown>
  logged: Record<string, unknown>
}[]) {
  test(name, () => expect(loggable(facts)).toEqual(logged))
}

test('an error keeps its code, its stack and its cause', () => {
  const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), { code: 'EFAIL' })
  expect(loggable({ error })).toMatchObject({
    error: {
      name: 'Error',
      message: 'outer',
      code: 'EFAIL',
      stack: expect.stringContaining('facts.test') as string,
      cause: { name: 'TypeError', message: 'inner' },
    },
  })
})

test('what turns in circles comes to an end', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  expect(JSON.stringify(loggable({ circle })).length).toBeLessThan(200)
})
