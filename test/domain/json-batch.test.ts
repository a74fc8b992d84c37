import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchItems } from '../../src/domain/json-batch.ts'
import { keepItems } from '../../src/domain/json-text.ts'

const keep = (text: string, path: string[], positions: number[]): string | null => {
  const kept = keepItems(Buffer.from(text), path, positions)
  return kept === null ? null : Buffer.from(kept).toString()
}
const nested = '{"o":"x", "entry": [ {"id":1,"c":[1,2]}, {"id":2,"c":[3]}, {"id":3} ]}'
const lists = '{"for":"7","likes":[{"a":1},{"a":2}],"users":{"u":1},"follows":[{"a":3}]}'

describe('finds the items', () => {
  for (const { name, text, path, items } of [
    {
      name: 'of one array',
      text: '{"e":[1,2]}',
      path: ['e'],
      items: [
        [1, [], undefined],
        [2, [], undefined],
      ],
    },
    {
      name: 'of arrays in the items of an array',
      text: nested,
      path: ['entry', '[]', 'c'],
      items: [1, 2]
        .map((item) => [item, [{ id: 1, c: [1, 2] }], undefined])
        .concat([[3, [{ id: 2, c: [3] }], undefined]]),
    },
    {
      name: 'of arrays in the members of an object',
      text: '{"b":[1],"a":[2],"n":3}',
      path: ['*'],
      items: [
        [1, [], 'b'],
        [2, [], 'a'],
      ],
    },
    {
      name: 'of three arrays in one another',
      text: '[{"a":[{"b":[1]}]}]',
      path: ['[]', 'a', '[]', 'b'],
      items: [[1, [{ a: [{ b: [1] }] }, { b: [1] }], undefined]],
    },
    { name: 'of none where the array is empty', text: '{"entry":[]}', path: ['entry', '[]', 'c'], items: [] },
  ] as { name: string; text: string; path: string[]; items: unknown[] }[]) {
    test(name, () => {
      const found = batchItems(JSON.parse(text), path, 100)
      expect(found?.map(({ item, outer, list }) => [item, outer, list])).toEqual(items)
    })
  }

  test('null where there is no such array', () => {
    for (const value of [{}, { entry: {} }, { entry: [{ c: 1 }] }, 7, null, { n: 1 }]) {
      expect(batchItems(value, ['entry', '[]', 'c'], 100)).toBeNull()
      expect(batchItems(value === null ? null : { n: 1 }, ['*'], 100)).toBeNull()
    }
  })

  test('stops one beyond the limit', () =>
    expect(
      batchItems(
        {
          e: [
            [1, 2],
            [3, 4],
          ],
        },
        ['e', '[]'],
        2,
      ),
    ).toHaveLength(3))
})

describe('keeps of the text', () => {
  for (const { name, text, path, positions, kept } of [
    {
      name: 'one item with what is around it',
      text: nested,
      path: ['entry', '[]', 'c'],
      positions: [1],
      kept: '{"o":"x", "entry": [ {"id":1,"c":[2]} ]}',
    },
    {
      name: 'items of several',
      text: nested,
      path: ['entry', '[]', 'c'],
      positions: [0, 2],
      kept: '{"o":"x", "entry": [ {"id":1,"c":[1]}, {"id":2,"c":[3]} ]}',
    },
    {
      name: 'one member of many',
      text: lists,
      path: ['*'],
      positions: [2],
      kept: '{"for":"7","users":{"u":1},"follows":[{"a":3}]}',
    },
    {
      name: 'the last of a repeated member',
      text: '{"a":[1],"a":[2,3]}',
      path: ['*'],
      positions: [0],
      kept: '{"a":[2]}',
    },
    {
      name: 'members in the order of JSON.parse',
      text: '{"b":[1],"2":[2],"1":[3]}',
      path: ['*'],
      positions: [0],
      kept: '{"1":[3]}',
    },
  ]) {
    test(name, () => expect(keep(text, path, positions)).toBe(kept))
  }

  test('nothing where an item is not there', () => {
    expect(keep(nested, ['entry', '[]', 'c'], [3])).toBeNull()
    expect(keep(nested, ['entry', '[]', 'x'], [0])).toBeNull()
    expect(keep('{"n":1}', ['*'], [0])).toBeNull()
  })

  test('exactly the items that were found, in any JSON and for any choice', () => {
    const leaf = fc.oneof(fc.integer(), fc.string(), fc.constant(null))
    const outer = fc.array(fc.record({ id: leaf, c: fc.array(leaf, { maxLength: 3 }) }, { requiredKeys: ['id'] }), {
      maxLength: 4,
    })
    const members = fc.dictionary(fc.string(), fc.oneof(fc.array(leaf, { maxLength: 3 }), leaf), { maxKeys: 5 })
    const bodies = fc.oneof(
      outer.map((entry) => ({ value: { entry } as unknown, path: ['entry', '[]', 'c'] })),
      members.map((value) => ({ value: value as unknown, path: ['*'] })),
    )
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        fc.boolean(),
        ({ value, path }, choice, spaced) => {
          const text = spaced ? JSON.stringify(value, null, 2) : JSON.stringify(value)
          const items = batchItems(JSON.parse(text), path, 100)
          const positions = (items ?? []).flatMap((_, at) => (choice[at] === true ? [at] : []))
          if (items === null || positions.length === 0) return
          const kept = keep(text, path, positions)
          const left = batchItems(JSON.parse(kept!), path, 100) ?? []
          expect(left.map(({ item, list }) => [item, list])).toEqual(
            positions.map((at) => [items[at]!.item, items[at]!.list]),
          )
        },
      ),
    )
  })
})
