import { expect, test } from 'vitest'
import { formatFacts, formatTable } from '../../src/cli/table.ts'

interface Row {
  readonly name: string
  readonly count: number | null
}

const COLUMNS = [
  { title: 'NAME', cell: (row: Row) => row.name, maxWidth: 8 },
  { title: 'COUNT', cell: (row: Row) => row.count, align: 'right' },
] as const

test('aligns columns to their widest cell and ends no line in spaces', () => {
  const rows = [
    { name: 'a', count: 12_345 },
    { name: 'bcd', count: null },
  ]
  expect(formatTable(COLUMNS, rows, { color: false })).toBe('NAME  COUNT\na     12345\nbcd       -')
})

test('prints the titles alone for no rows', () => {
  expect(formatTable(COLUMNS, [], { color: false })).toBe('NAME  COUNT')
})

test('cuts what is too wide, without tearing a character apart', () => {
  expect(formatTable(COLUMNS, [{ name: '😀😀😀😀😀😀😀😀😀', count: 1 }], { color: false })).toContain(
    '😀😀😀😀😀😀😀…',
  )
})

test('lets no control character of a cell reach the terminal', () => {
  const line = formatTable(COLUMNS, [{ name: 'a\u001B[2Jb', count: 1 }], { color: false })
  expect(line).not.toContain('\u001B')
  const reversed = formatFacts([['name', 'a\u202Eb\nc']])
  expect(reversed).toBe('name  a b c')
})

test('lines up the values of facts', () => {
  expect(
    formatFacts([
      ['id', 'x'],
      ['received', null],
    ]),
  ).toBe('id        x\nreceived  -')
})

test('writes titles in bold only where colour is wanted', () => {
  expect(formatTable(COLUMNS, [], { color: true })).toContain('\u001B[1m')
})
