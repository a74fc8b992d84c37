import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prettyJson } from '../../src/cli/pretty-json.ts'

test('lays out as JSON.stringify does', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      // A `-0` and an exponent are written otherwise by JSON.stringify itself, so both start from the same text.
      const text = JSON.stringify(value)
      expect(prettyJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2))
    }),
  )
})

test('shows numbers, keys and escapes as they came', () => {
  expect(prettyJson('{"b": 12345678901234567890,"a":1.0, "\\u0061" : [ ] ,"e":{}}')).toBe(
    '{\n  "b": 12345678901234567890,\n  "a": 1.0,\n  "\\u0061": [],\n  "e": {}\n}',
  )
})

test('stays small for a text that nests 10,000 deep', () => {
  const text = '['.repeat(10_000) + ']'.repeat(10_000)
  expect(prettyJson(text).length).toBeLessThan(2_000_000)
})
