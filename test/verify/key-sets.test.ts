import { expect, test } from 'vitest'
import { createKeySets } from '../../src/verify/key-sets.ts'

const URL_OF_KEYS = 'https://keys.example.com/jwks'
const set = (kid: string): unknown => ({ keys: [{ kty: 'oct', kid }] })

/** A publisher whose answers are given in advance; the last one is repeated. */
function start(...answers: unknown[]) {
  const clock = { now: 1_000_000 }
  const asked: string[] = []
  const keySets = createKeySets({
    fetchJson: async (url) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)]
      asked.push(url)
      if (answer instanceof Error) throw answer
      return answer
    },
    now: () => clock.now,
    cooldownMs: 30_000,
    maxAgeMs: 600_000,
    maxStaleMs: 3_600_000,
    retryDelayMs: 1,
  })
  const kids = async (refresh = false): Promise<unknown[]> =>
    (await keySets.fetch(URL_OF_KEYS, { refresh })).keys.map((key) => key['kid'])
  return { clock, asked, keySets, kids }
}

test('a set is fetched once while it is fresh', async () => {
  const { clock, asked, kids } = start(set('a'), set('b'))
  expect(await kids()).toEqual(['a'])
  clock.now += 599_999
  expect(await kids()).toEqual(['a'])
  expect(asked).toEqual([URL_OF_KEYS])
})

test('a set that is too old is fetched again', async () => {
  const { clock, kids } = start(set('a'), set('b'))
  await kids()
  clock.now += 600_000
  expect(await kids()).toEqual(['b'])
})

test('the same object is answered as long as the set is the same', async () => {
  const { keySets } = start(set('a'))
  expect(await keySets.fetch(URL_OF_KEYS)).toBe(await keySets.fetch(URL_OF_KEYS))
})

test('those who ask at the same time share one fetch', async () => {
  const { asked, kids } = start(set('a'))
  expect(await Promise.all([kids(), kids(), kids(true)])).toEqual([['a'], ['a'], ['a']])
  expect(asked.length).toBe(1)
})

test('refreshing asks again, but not before the cooldown is over', async () => {
  const { clock, asked, kids } = start(set('a'), set('b'), set('c'))
  await kids()
  expect(await kids(true)).toEqual(['a'])
  clock.now += 30_000
  expect(await kids(true)).toEqual(['b'])
  expect(await kids(true)).toEqual(['b'])
  expect(asked.length).toBe(2)
})

test('a short failure is tried again at once', async () => {
  const { asked, kids } = start(new Error('reset'), new Error('reset'), set('a'))
  expect(await kids()).toEqual(['a'])
  expect(asked.length).toBe(3)
})

test('while the provider is away the last set is used, and it is not asked on every request', async () => {
  const { clock, asked, kids } = start(set('a'), new Error('away'))
  await kids()
  clock.now += 700_000
  expect(await kids()).toEqual(['a'])
  expect(await kids()).toEqual(['a'])
  expect(asked.length).toBe(1 + 3)
  clock.now += 30_000
  await kids()
  expect(asked.length).toBe(1 + 6)
})

test('a set that is far too old is not used', async () => {
  const { clock, kids } = start(set('a'), new Error('away'))
  await kids()
  clock.now += 3_600_000
  await expect(kids()).rejects.toThrow('away')
})

test('a first failure is told to all who ask during the cooldown, without asking again', async () => {
  const { clock, asked, kids } = start(new Error('away'))
  await expect(kids()).rejects.toThrow('away')
  await expect(kids()).rejects.toThrow('away')
  expect(asked.length).toBe(3)
  clock.now += 30_000
  await expect(kids()).rejects.toThrow('away')
  expect(asked.length).toBe(6)
})

for (const answer of [null, [], {}, { keys: 'x' }, 'text', 7]) {
  test(`${JSON.stringify(answer)} is no key set`, async () => {
    await expect(start(answer).kids()).rejects.toThrow('does not answer a JWK set')
  })
}

test('what is no key in a set is left out', async () => {
  expect(await start({ keys: [null, 'x', [], { kid: 'no type' }, { kty: 'EC', kid: 'a' }] }).kids()).toEqual(['a'])
})

test('each URL has a set of its own', async () => {
  const { asked, keySets } = start(set('a'), set('b'))
  await keySets.fetch(URL_OF_KEYS)
  const other = await keySets.fetch('https://other.example.com/jwks')
  expect(other.keys[0]?.['kid']).toBe('b')
  expect(asked.length).toBe(2)
})
