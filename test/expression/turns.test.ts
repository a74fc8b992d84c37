import { expect, test } from 'vitest'
import { Turns } from '../../src/expression/turns.ts'

function workFor(ms: number): () => string {
  return () => {
    const end = performance.now() + ms
    while (performance.now() < end);
    return 'done'
  }
}

test('does the work at once while the slice lasts', () => {
  const turns = new Turns(1_000)
  expect(turns.take(workFor(1))).toBe('done')
  expect(turns.take(workFor(1))).toBe('done')
})

test('lets others go first when the slice is used up, and begins a new one then', async () => {
  const turns = new Turns(2)
  expect(turns.take(workFor(3))).toBe('done')
  const order: string[] = []
  setImmediate(() => order.push('other'))
  const later = turns.take(workFor(1))
  expect(later).toBeInstanceOf(Promise)
  await Promise.resolve(later).then(() => order.push('later'))
  expect(order).toEqual(['other', 'later'])
  await new Promise((resolve) => setImmediate(resolve))
  expect(turns.take(workFor(0))).toBe('done')
})

test('brings every one of many to its turn', async () => {
  const turns = new Turns(1)
  const all = await Promise.all(Array.from({ length: 20 }, async () => turns.take(workFor(1))))
  expect(all).toEqual(Array.from({ length: 20 }, () => 'done'))
})
