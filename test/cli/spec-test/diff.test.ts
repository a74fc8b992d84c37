import { describe, expect, test } from 'vitest'
import { diffValues, isSameValue } from '../../../src/cli/spec-test/diff.ts'

function lines(expected: unknown, seen: unknown): string[] {
  return diffValues(expected, seen).map(({ sign, text }) => `${sign} ${text}`)
}

const cases = [
  {
    name: 'says nothing of values that are the same',
    expected: { a: [1, { b: null }] },
    seen: { a: [1, { b: null }] },
    diff: [],
  },
  { name: 'does not mind the order of members', expected: { a: 1, b: 2 }, seen: { b: 2, a: 1 }, diff: [] },
  {
    name: 'minds the order of items',
    expected: [1, 2],
    seen: [2, 1],
    diff: ['  [', '-   1', '+   2', '-   2', '+   1', '  ]'],
  },
  { name: 'tells a number from its text', expected: 1, seen: '1', diff: ['- 1', '+ "1"'] },
  { name: 'tells null from what is not there', expected: null, seen: undefined, diff: ['- null', '+ nothing'] },
  { name: 'tells an array from an object', expected: [], seen: {}, diff: ['- []', '+ {}'] },
  {
    name: 'leaves out members that are the same and counts them',
    expected: { a: 1, b: 2, c: { d: 1, e: 2 }, f: 3 },
    seen: { a: 1, b: 2, c: { d: 1, e: 3 }, f: 3 },
    diff: [
      '  {',
      '    … 2 equal members',
      '    "c": {',
      '      … 1 equal member',
      '-     "e": 2',
      '+     "e": 3',
      '    }',
      '    … 1 equal member',
      '  }',
    ],
  },
  {
    name: 'shows members and items that only one side has',
    expected: { a: 1, list: ['x'] },
    seen: { b: { c: 1 }, list: ['x', 'y'] },
    diff: [
      '  {',
      '-   "a": 1',
      '    "list": [',
      '      … 1 equal item',
      '+     "y"',
      '    ]',
      '+   "b": {"c":1}',
      '  }',
    ],
  },
  {
    name: 'cuts long texts down to where they part',
    expected: `${'a'.repeat(200)}X${'b'.repeat(200)}`,
    seen: `${'a'.repeat(200)}Y`,
    diff: [
      `- …170 characters… "${'a'.repeat(30)}X${'b'.repeat(49)}" …151 characters…`,
      `+ …170 characters… "${'a'.repeat(30)}Y"`,
    ],
  },
]
for (const { name, expected, seen, diff } of cases) test(name, () => expect(lines(expected, seen)).toEqual(diff))

test('ends after 60 lines and counts the rest', () => {
  const many = Array.from({ length: 100 }, (_, at) => at)
  const diff = lines(
    many,
    many.map((item) => item + 1_000),
  )
  expect(diff).toHaveLength(61)
  expect(diff.at(-1)).toBe('  … 142 more lines')
})

describe('isSameValue', () => {
  test('takes an object without prototype for one with', () => {
    expect(isSameValue(Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 })).toBe(true)
  })

  test('does not look for members among those that every object inherits', () => {
    expect(isSameValue({ toString: undefined }, { a: 1 })).toBe(false)
    expect(isSameValue({ constructor: 1 }, { other: 1 })).toBe(false)
  })
})
