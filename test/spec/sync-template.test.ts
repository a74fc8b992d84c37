import { expect, test } from 'vitest'
import { fitsPattern, insideMaximum, parsePlace, splitTemplate } from '../../src/spec/sync-template.ts'

test('ends an expression at its own brace, whatever braces and texts are in it', () => {
  expect(splitTemplate(`https://x/{ {"a": "}"}.a }/y{b}`)).toEqual([
    { text: 'https://x/' },
    { source: '{"a": "}"}.a' },
    { text: '/y' },
    { source: 'b' },
  ])
  expect(splitTemplate('https://x/{a')).toBeNull()
})

test.each([
  ['$max(records.a)', 'records.a'],
  [' $max( $x(records.a) ) ', ' $x(records.a) '],
  ['$max(a) + $max(b)', null],
  ['records.a', null],
  ["$max(records[name = ')'].a)", "records[name = ')'].a"],
])('takes %s apart only where it is one maximum', (source, inside) => {
  expect(insideMaximum(source)).toBe(inside)
})

test.each([
  ['contact.*', 'contact.creation', true],
  ['contact.*', 'contact', false],
  ['*', 'anything', true],
  ['a*b*c', 'a-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['ab*ba', 'aba', false],
  ['exact', 'exact', true],
  ['a.b', 'axb', false],
])('says of %s and %s: %s', (pattern, text, fits) => {
  expect(fitsPattern(pattern, text)).toBe(fits)
})

test('reads places', () => {
  expect(parsePlace('query.page[after]')).toEqual({ part: 'query', path: ['page[after]'] })
  expect(parsePlace('query.filter.since')).toEqual({ part: 'query', path: ['filter.since'] })
  expect(parsePlace('body.query.cursor')).toEqual({ part: 'body', path: ['query', 'cursor'] })
  expect(parsePlace('url')).toEqual({ part: 'url', path: [] })
})
