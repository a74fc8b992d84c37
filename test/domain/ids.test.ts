import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIds, NAME_PATTERN } from '../../src/domain/ids.ts'

const AT = Date.UTC(2026, 2, 2, 10)
const zeros = (size: number): Uint8Array => new Uint8Array(size)

describe('createIds', () => {
  test('makes a prefix and a UUIDv7 of the time', () => {
    const ids = createIds({ now: () => AT, randomBytes })
    const kinds = [
      ['request', 'req'],
      ['event', 'evt'],
      ['delivery', 'dlv'],
      ['attempt', 'att'],
    ] as const
    for (const [kind, prefix] of kinds) {
      const id = ids.next(kind)
      expect(id).toMatch(new RegExp(`^${prefix}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`))
      expect(Number.parseInt(id.slice(4, 16), 16)).toBe(AT)
    }
  })

  test('rises strictly while the clock stands still, is set back or goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 50 }), (steps) => {
        let now = AT
        const ids = createIds({ now: () => now, randomBytes })
        let last = ids.next('event')
        for (const step of steps) {
          now += step
          const next = ids.next('event')
          expect(next > last).toBe(true)
          last = next
        }
      }),
    )
  })

  test('rises over the 30 lower bits of the counter', () => {
    const ids = createIds({ now: () => AT, randomBytes: (size) => new Uint8Array(size).fill(255) })
    const made = Array.from({ length: 5_000 }, () => ids.next('event'))
    expect([...made].sort()).toEqual(made)
    expect(new Set(made).size).toBe(made.length)
  })

  test('does not repeat itself in one millisecond although the randomness does', () => {
    const ids = createIds({ now: () => AT, randomBytes: zeros })
    expect(new Set(Array.from({ length: 1_000 }, () => ids.next('delivery'))).size).toBe(1_000)
  })

  test('of two generators differ at the same time', () => {
    const [one, other] = [createIds({ now: () => AT, randomBytes }), createIds({ now: () => AT, randomBytes })]
    expect(one.next('event')).not.toBe(other.next('event'))
  })
})

describe('names', () => {
  for (const name of ['app', 'github-prod', 'A.b_c-1', 'x'.repeat(100)]) {
    test(`may be "${name.slice(0, 20)}"`, () => expect(NAME_PATTERN.test(name)).toBe(true))
  }
  for (const name of ['', '-app', '.hidden', 'a b', 'a/b', 'é', 'x'.repeat(101), 'app\n']) {
    test(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => expect(NAME_PATTERN.test(name)).toBe(false))
  }
})
