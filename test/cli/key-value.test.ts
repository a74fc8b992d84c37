import { expect, test } from 'vitest'
import { isPair, objectOf, textsOf } from '../../src/cli/key-value.ts'

const values = [
  { name: 'a number', pair: 'id=42', expected: { id: 42 } },
  { name: 'a negative fraction', pair: 'id=-0.5', expected: { id: -0.5 } },
  {
    name: 'an id beyond 2^53 as its digits',
    pair: 'id=12345678901234567890',
    expected: { id: '12345678901234567890' },
  },
  { name: 'a leading zero as text', pair: 'id=007', expected: { id: '007' } },
  { name: '1.0 as text', pair: 'id=1.0', expected: { id: '1.0' } },
  { name: 'an exponent as text', pair: 'id=1e3', expected: { id: '1e3' } },
  { name: 'a boolean', pair: 'on=true', expected: { on: true } },
  { name: 'quoted digits as text', pair: 'id="42"', expected: { id: '42' } },
  { name: 'nothing as the empty text', pair: 'id=', expected: { id: '' } },
  { name: 'everything after the first equals sign', pair: 'url=https://a?b=c', expected: { url: 'https://a?b=c' } },
  { name: 'members within members', pair: 'team.id=T1', expected: { team: { id: 'T1' } } },
]
for (const { name, pair, expected } of values) {
  test(`reads ${name}`, () => expect(objectOf([pair], '--config')).toEqual(expected))
}

test('puts members of one object together, and makes a list of what is repeated', () => {
  expect(objectOf(['team.id=T1', 'team.name=x', 'ids=1', 'ids=b', 'ids=3'], '--config')).toEqual({
    team: { id: 'T1', name: 'x' },
    ids: [1, 'b', 3],
  })
})

const refused = ['team', '=x', '.a=1', 'a..b=1', '__proto__=1', 'a.__proto__.b=1', './postern.yaml']
for (const pair of refused) {
  test(`refuses ${pair}`, () => {
    expect(() => objectOf([pair], '--config')).toThrow('is not of the form key=value')
    expect(({} as { b?: unknown }).b).toBeUndefined()
  })
}

test('refuses keys that contradict each other', () => {
  expect(() => objectOf(['a=1', 'a.b=2'], '--config')).toThrow('both as a value and as something with members')
  expect(() => objectOf(['a.b=2', 'a=1'], '--config')).toThrow('both as a value and as something with members')
})

test('tells a pair from the name of a file', () => {
  for (const file of ['postern.yaml', './a=b.yaml', '/etc/postern/x=1.yaml', 'C:\\x.yaml'])
    expect(isPair(file)).toBe(false)
  expect(isPair('installation_id=1')).toBe(true)
})

test('keeps every value of a tag as text', () => {
  expect(textsOf(['a=1', 'b=true'], '--tag')).toEqual({ a: '1', b: 'true' })
})
