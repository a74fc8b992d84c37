import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keepItems, parseLossless, removeMembers } from '../../src/domain/json-text.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

describe('keepItems', () => {
  const cases: { name: string; text: string; path: string[]; positions: number[]; expected: string | null }[] = [
    {
      name: 'keeps one item of a top-level array',
      text: '[{"a":1},{"b":2}]',
      path: [],
      positions: [1],
      expected: '[{"b":2}]',
    },
    { name: 'keeps the first and the last', text: '[1,2,3]', path: [], positions: [0, 2], expected: '[1,3]' },
    { name: 'keeps all of them as they are', text: '[ 1 , 2 ]', path: [], positions: [0, 1], expected: '[ 1 , 2 ]' },
    { name: 'keeps none of them', text: '{"e":[1,2],"n":3}', path: ['e'], positions: [], expected: '{"e":[],"n":3}' },
    {
      name: 'leaves the envelope around it alone',
      text: '{"z":1.0,"e":[1,2],"a":"é"}',
      path: ['e'],
      positions: [1],
      expected: '{"z":1.0,"e":[2],"a":"é"}',
    },
    {
      name: 'goes down a path',
      text: '{"a":{"b":[1,2]}}',
      path: ['a', 'b'],
      positions: [0],
      expected: '{"a":{"b":[1]}}',
    },
    {
      name: 'does not touch the bytes of an item',
      text: '[{"id":12345678901234567890,"n":1.10,"s":"\\u00e9"},2]',
      path: [],
      positions: [0],
      expected: '[{"id":12345678901234567890,"n":1.10,"s":"\\u00e9"}]',
    },
    {
      name: 'keeps the layout of a printed array',
      text: '[\n  1,\n  2,\n  3\n]',
      path: [],
      positions: [1, 2],
      expected: '[\n  2,\n  3\n]',
    },
    {
      name: 'is not misled by brackets and quotes in strings',
      text: '["],[\\"","\\\\",{"k":"}"}]',
      path: [],
      positions: [1, 2],
      expected: '["\\\\",{"k":"}"}]',
    },
    {
      name: 'knows an escaped key',
      text: '{"ev\\u0065nts":[1,2]}',
      path: ['events'],
      positions: [0],
      expected: '{"ev\\u0065nts":[1]}',
    },
    {
      name: 'takes the last of duplicate keys and removes the others',
      text: '{"e":[1,2],"x":0,"e":[3,4]}',
      path: ['e'],
      positions: [0],
      expected: '{"x":0,"e":[3]}',
    },
    {
      name: 'removes a duplicate that stands in a deeper object',
      text: '{"a":{"e":[1],"e":[2,3]},"b":1}',
      path: ['a', 'e'],
      positions: [1],
      expected: '{"a":{"e":[3]},"b":1}',
    },
    { name: 'tolerates a byte order mark', text: '\ufeff[1,2]', path: [], positions: [1], expected: '\ufeff[2]' },
    {
      name: 'gives nothing where the path leads nowhere',
      text: '{"a":[1]}',
      path: ['b'],
      positions: [0],
      expected: null,
    },
    {
      name: 'gives nothing where there is no array',
      text: '{"a":{"0":1}}',
      path: ['a'],
      positions: [0],
      expected: null,
    },
    { name: 'gives nothing for an item that is not there', text: '[1,2]', path: [], positions: [1, 2], expected: null },
    { name: 'gives nothing for a text cut short', text: '[1,[2', path: [], positions: [0], expected: null },
    { name: 'gives nothing for an empty text', text: '', path: [], positions: [], expected: null },
  ]
  for (const { name, text, path, positions, expected } of cases) {
    test(name, () => expect(textOf(keepItems(bytesOf(text), path, positions))).toBe(expected))
  }

  test('does to any JSON what filtering the parsed array does', () => {
    const layout = fc.constantFrom<number | undefined>(undefined, 1, 4)
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.jsonValue(),
        layout,
        fc.infiniteStream(fc.boolean()),
        (items, other, indent, coins) => {
          const positions = items.flatMap((_item, index) => (coins.next().value === true ? [index] : []))
          const text = JSON.stringify({ before: other, in: { items }, after: other }, null, indent)
          const kept = textOf(keepItems(bytesOf(text), ['in', 'items'], positions))
          const expected = JSON.parse(text) as { in: { items: unknown[] } }
          expected.in.items = positions.map((position) => expected.in.items[position])
          expect(JSON.parse(kept!)).toEqual(expected)
        },
      ),
    )
  })

  test('finds its way in a batch of 10,000 events', () => {
    const items = Array.from({ length: 10_000 }, (_none, index) => ({ index }))
    const kept = keepItems(bytesOf(JSON.stringify({ events: items })), ['events'], [0, 9_999])
    expect(textOf(kept)).toBe('{"events":[{"index":0},{"index":9999}]}')
  })

  test('does not mind items nested 100,000 deep', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    expect(textOf(keepItems(bytesOf(`[${deep},1]`), [], [1]))).toBe('[1]')
  })
})

describe('removeMembers', () => {
  const cases: { name: string; text: string; paths: string[][]; expected: string }[] = [
    {
      name: 'removes the first member with its comma',
      text: '{"token":"t","a":1}',
      paths: [['token']],
      expected: '{"a":1}',
    },
    {
      name: 'removes the last member with its comma',
      text: '{"a":1, "token":"t"}',
      paths: [['token']],
      expected: '{"a":1}',
    },
    {
      name: 'removes one in the middle',
      text: '{"a":1,"token":{"x":[1,2]},"b":2}',
      paths: [['token']],
      expected: '{"a":1,"b":2}',
    },
    { name: 'removes the only member', text: '{"token":1}', paths: [['token']], expected: '{}' },
    {
      name: 'removes every duplicate',
      text: '{"token":1,"a":0,"token":2,"token":3}',
      paths: [['token']],
      expected: '{"a":0}',
    },
    {
      name: 'knows escaped keys',
      text: '{"\\u0074oken":1,"a":2,"tok\\u0065n":3}',
      paths: [['token']],
      expected: '{"a":2}',
    },
    {
      name: 'goes into every item of an array',
      text: '[{"t":1,"a":2},{"a":3},4,{"t":5}]',
      paths: [['[]', 't']],
      expected: '[{"a":2},{"a":3},4,{}]',
    },
    {
      name: 'goes through objects and arrays',
      text: '{"v":[{"s":{"t":1}},{"s":null}]}',
      paths: [['v', '[]', 's', 't']],
      expected: '{"v":[{"s":{}},{"s":null}]}',
    },
    {
      name: 'removes every item of an array',
      text: '{"v":[1,2],"a":0}',
      paths: [['v', '[]']],
      expected: '{"v":[],"a":0}',
    },
    {
      name: 'removes several',
      text: '{"a":1,"b":{"c":2,"d":3},"e":4}',
      paths: [['a'], ['b', 'd'], ['e']],
      expected: '{"b":{"c":2}}',
    },
    {
      name: 'removes a member and what lies in it',
      text: '{"a":{"b":1},"c":2}',
      paths: [['a'], ['a', 'b']],
      expected: '{"c":2}',
    },
    {
      name: 'leaves a member of the same name elsewhere',
      text: '{"x":{"token":1}}',
      paths: [['token']],
      expected: '{"x":{"token":1}}',
    },
    {
      name: 'leaves a text alone where the path leads nowhere',
      text: ' {"a" : 1.50 }',
      paths: [['b'], ['a', 'c'], ['[]', 'a']],
      expected: ' {"a" : 1.50 }',
    },
    {
      name: 'takes a key called [] for a key and not for the items',
      text: '{"[]":{"t":1}}',
      paths: [['[]', 't']],
      expected: '{"[]":{"t":1}}',
    },
    {
      name: 'removes a __proto__ member',
      text: '{"__proto__":{"t":1},"a":1}',
      paths: [['__proto__']],
      expected: '{"a":1}',
    },
    { name: 'leaves a scalar alone', text: '"token"', paths: [['token']], expected: '"token"' },
  ]
  for (const { name, text, paths, expected } of cases) {
    test(name, () => expect(textOf(removeMembers(bytesOf(text), paths))).toBe(expected))
  }

  test('gives the same bytes back when there is nothing to remove', () => {
    const bytes = bytesOf('{"a":1}')
    expect(removeMembers(bytes, [['token']])).toBe(bytes)
  })

  for (const text of ['', '{', '{"a"', '{"a":1', '{"a":1 "token":2}', '{"tok\\xen":1}', '{a:1}', '[{"token":']) {
    test(`refuses ${JSON.stringify(text)}, in which a secret might stay`, () => {
      expect(() => removeMembers(bytesOf(text), [['token'], ['[]', 'token']])).toThrow('JSON text only')
    })
  }

  test('does to any JSON what deleting from the parsed value does', () => {
    const key = fc.constantFrom('token', 'a', 'to"ken', 'é', '\\', '')
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.constant(1),
        fc.string(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    })).tree
    const path = fc.array(fc.oneof(key, fc.constant('[]')), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(
        value,
        fc.array(path, { maxLength: 3 }),
        fc.constantFrom<number | undefined>(undefined, 2),
        (tree, paths, indent) => {
          const text = JSON.stringify(tree, null, indent)
          expect(JSON.parse(textOf(removeMembers(bytesOf(text), paths))!)).toEqual(without(JSON.parse(text), paths))
        },
      ),
    )
  })
})

/** The same on parsed values, in the plainest way. */
function without(value: unknown, paths: readonly (readonly string[])[]): unknown {
  if (Array.isArray(value)) {
    const below = paths.filter((path) => path[0] === '[]').map((path) => path.slice(1))
    return below.some((path) => path.length === 0) ? [] : value.map((item) => without(item, below))
  }
  if (typeof value !== 'object' || value === null) return value
  const kept: [string, unknown][] = []
  for (const [name, member] of Object.entries(value)) {
    const below = paths.filter((path) => path[0] === name && name !== '[]').map((path) => path.slice(1))
    if (!below.some((path) => path.length === 0)) kept.push([name, without(member, below)])
  }
  return Object.fromEntries(kept)
}

describe('parseLossless', () => {
  const numbers: { text: string; value: unknown }[] = [
    { text: '9007199254740991', value: 9_007_199_254_740_991 },
    { text: '-9007199254740991', value: -9_007_199_254_740_991 },
    { text: '9007199254740992', value: '9007199254740992' },
    { text: '-9007199254740993', value: '-9007199254740993' },
    { text: '12345678901234567890', value: '12345678901234567890' },
    { text: '{"id": 12345678901234567890, "b":1, "a":2}', value: { id: '12345678901234567890', b: 1, a: 2 } },
    { text: '[1e400,-1e400,1E+0400]', value: ['1e400', '-1e400', '1E+0400'] },
    { text: '[1e308,1e-400,-0,0.1234567890123456789]', value: [1e308, 0, -0, Number('0.1234567890123456789')] },
    { text: '12345678901234567890.5', value: Number('12345678901234567890.5') },
    {
      text: '["12345678901234567890","\\"12345678901234567890"]',
      value: ['12345678901234567890', '"12345678901234567890'],
    },
    {
      text: '{"12345678901234567890":12345678901234567890}',
      value: { '12345678901234567890': '12345678901234567890' },
    },
    { text: ' 12345678901234567890 ', value: '12345678901234567890' },
  ]
  for (const { text, value } of numbers) {
    test(`reads ${text} with every digit`, () => expect(parseLossless(text)).toEqual({ ok: true, value }))
  }

  const invalid = [
    '',
    '{',
    '01234567890123456789',
    '[1 12345678901234567890]',
    '{12345678901234567890:1}',
    `{12345678901234567890${' '.repeat(100)}:1}`,
    '12345678901234567890.',
    '+12345678901234567890',
    '"12345678901234567890',
    '12345678901234567890x',
    '--12345678901234567890',
    '"a"12345678901234567890',
  ]
  for (const text of invalid) {
    test(`says of ${JSON.stringify(text.slice(0, 30))} that it is no JSON, without throwing`, () =>
      expect(parseLossless(text).ok).toBe(false))
  }

  test('quotes nothing of the text when it is invalid', () => {
    const parsed = parseLossless('hunter2hunter2')
    expect(parsed).toEqual({ ok: false, detail: expect.not.stringContaining('hunter') })
  })

  test('keeps __proto__ as a member like any other', () => {
    for (const text of ['{"__proto__":{"admin":true}}', '{"__proto__":{"admin":true},"id":12345678901234567890}']) {
      const parsed = parseLossless(text)
      const value = parsed.ok ? (parsed.value as Record<string, unknown>) : {}
      expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).toEqual({ admin: true })
      expect(value['admin']).toBeUndefined()
    }
  })

  test('is not brought down by depth, by a number of a million digits or by a million backslashes', () => {
    const depth = 100_000
    expect(parseLossless(`${'['.repeat(depth)}12345678901234567890${']'.repeat(depth)}`).ok).toBe(true)
    expect(parseLossless(`${'{"a":'.repeat(depth)}1`).ok).toBe(false)
    const digits = '9'.repeat(1_000_000)
    expect(parseLossless(digits)).toEqual({ ok: true, value: digits })
    expect(parseLossless(`["${'\\'.repeat(1_000_000)}",12345678901234567890]`).ok).toBe(true)
  })

  test('agrees with JSON.parse on every text, but for the numbers it saves', () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
      fc.double().map((value) => JSON.stringify(value)),
      fc.constantFrom(
        '1e400',
        '-1e999',
        '0e9999',
        '123456789012345678e-5',
        '0.00000000000000000001',
        '9007199254740993',
      ),
    )
    const piece = fc.oneof(
      number,
      fc.string().map((text) => JSON.stringify(text)),
      fc.constantFrom('{', '}', '[', ']', ',', ':', ' ', '"', '\\', '-', '.', 'e9', 'true', 'null', '"k":'),
    )
    const valid = fc
      .array(fc.tuple(fc.string(), number))
      .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`)
    const text = fc.oneof(
      valid,
      fc.array(number).map((items) => `[${items.join()}]`),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (given) => {
        const parsed = parseLossless(given)
        let expected: unknown
        try {
          expected = JSON.parse(given)
        } catch {
          expect(parsed.ok).toBe(false)
          return
        }
        expect(parsed.ok && asNumbers(parsed.value, expected)).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })
})

/** Turns a saved number back into what JSON.parse would have made of it, where that is a number. */
function asNumbers(value: unknown, expected: unknown): unknown {
  if (typeof value === 'string' && typeof expected === 'number') return Number(value)
  if (Array.isArray(value) && Array.isArray(expected))
    return value.map((item, index) => asNumbers(item, expected[index]))
  if (typeof value !== 'object' || value === null || typeof expected !== 'object' || expected === null) return value
  const other = expected as Record<string, unknown>
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asNumbers(member, other[key])]))
}
