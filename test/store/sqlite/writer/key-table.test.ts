import { expect, test } from 'vitest'
import { KeyTable } from '../../../../src/store/sqlite/writer/key-table.ts'

test('knows the newest row of each hash, and of no other, however many there are', () => {
  const table = new KeyTable()
  const expected = new Map<number, number>()
  for (let at = 1; at <= 5_000; at += 1) {
    const hash = (at % 3_000) * 2 ** 38 + (at % 7) // many share their lower bits, and with them their place
    table.set(hash, at)
    expected.set(hash, at)
  }
  for (const [hash, row] of expected) expect(table.get(hash)).toBe(row)
  for (const hash of [1, 2 ** 52, 2 ** 53 - 1]) expect(table.get(hash)).toBe(expected.get(hash))
})

test('knows the hash 0', () => {
  const table = new KeyTable()
  expect(table.get(0)).toBeUndefined()
  table.set(0, 5)
  expect(table.get(0)).toBe(5)
})

for (const count of [10, 5_000]) {
  test(`knows nothing after it was cleared of ${count} keys, and can be filled again`, () => {
    const table = new KeyTable()
    for (let hash = 0; hash < count; hash += 1) table.set(hash, 1)
    table.clear()
    for (let hash = 0; hash < count; hash += 1) expect(table.get(hash)).toBeUndefined()
    for (let hash = 0; hash < count; hash += 1) table.set(hash, 2)
    for (let hash = 0; hash < count; hash += 1) expect(table.get(hash)).toBe(2)
  })
}
