import { expect, test } from 'vitest'
import type { Failure } from '../../../src/store/sqlite/failure.ts'
import { GroupQueue } from '../../../src/store/sqlite/group-queue.ts'
import type { ToWriter } from '../../../src/store/sqlite/protocol.ts'
import type { Command } from '../../../src/store/sqlite/tape.ts'

type Group = ToWriter & { type: 'group' }

function queueInto(groups: Group[], maxPendingBytes = 1_000_000): GroupQueue {
  return new GroupQueue({ maxPendingBytes, send: (group) => void groups.push(group) })
}

function command(name: string, ...blobs: Uint8Array[]): Command {
  return { kind: 'probe', values: [name], blobs }
}

function submitMany(queue: GroupQueue, count: number): Promise<unknown>[] {
  return Array.from({ length: count }, (_, at) => queue.submit(command(String(at)), 'bounded'))
}

function namesIn(group: Group | undefined): unknown[] {
  return group?.commands.map(({ values }) => values[0]) ?? []
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

const diskFull: Failure = { kind: 'surroundings', sqliteCode: 'SQLITE_FULL', message: 'disk is full', parts: null }

test('sends what arrives in one turn of the event loop as one group', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  for (const name of ['a', 'b', 'c']) void queue.submit(command(name), 'bounded')
  expect(groups).toHaveLength(0)
  await nextTurn()
  expect(groups.map(namesIn)).toEqual([['a', 'b', 'c']])
})

test('gathers what arrives while a group is under way, and sends it when the answer comes', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const first = queue.submit<string>(command('a'), 'bounded')
  await nextTurn()
  const second = queue.submit<string>(command('b'), 'bounded')
  const third = queue.submit<string>(command('c'), 'bounded')
  await nextTurn()
  expect(groups).toHaveLength(1)
  queue.answered({ type: 'answer', results: ['A'], failures: null })
  expect(groups.map(namesIn)).toEqual([['a'], ['b', 'c']])
  queue.answered({ type: 'answer', results: ['B', 'C'], failures: null })
  expect(await Promise.all([first, second, third])).toEqual(['A', 'B', 'C'])
  expect(queue.pendingBytes).toBe(0)
})

test('hands over the bytes of a group in one buffer of its own, and leaves the pool of the originals behind', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const pooled = Buffer.from('pooled')
  void queue.submit(command('a', Buffer.from('first'), pooled), 'bounded')
  void queue.submit(command('b'), 'bounded')
  void queue.submit(command('c', Buffer.from('last')), 'bounded')
  await nextTurn()
  const { bytes, commands } = groups[0]!
  expect(Buffer.from(bytes).toString()).toBe('firstpooledlast')
  expect(commands.map(({ byteAt }) => byteAt)).toEqual([0, 11, 11])
  expect(bytes).not.toBe(pooled.buffer)
})

test('sends what many wait for at once, in the middle of a turn, and further groups behind the one under way', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const answer = (at: number): void => queue.answered({ type: 'answer', results: namesIn(groups[at]), failures: null })
  const stored = submitMany(queue, 60)
  expect(groups.map(({ commands }) => commands.length)).toEqual([16, 16, 16])
  await nextTurn()
  answer(0)
  answer(1)
  expect(groups).toHaveLength(3) // twelve are too few to follow a group that is under way
  answer(2)
  expect(groups.map(({ commands }) => commands.length)).toEqual([16, 16, 16, 12])
  answer(3)
  expect(await Promise.all(stored)).toEqual(Array.from({ length: 60 }, (_, at) => String(at)))
  expect(queue.pendingBytes).toBe(0)
})

test('sends what nobody waits for together, however much it is', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  for (let at = 0; at < 100; at += 1) queue.offer(command(String(at)))
  expect(groups).toHaveLength(0)
  await nextTurn()
  expect(groups.map(({ commands }) => commands.length)).toEqual([100])
})

test('keeps groups short enough that nobody waits for a giant one', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups, 100_000_000)
  const answer = (): void => {
    const { commands } = groups.shift()!
    queue.answered({ type: 'answer', results: Array(commands.length).fill(null), failures: null })
  }
  void Promise.all(submitMany(queue, 600))
  answer()
  expect(groups.map(({ commands }) => commands.length)).toEqual([16, 16, 512])
  answer()
  expect(groups.map(({ commands }) => commands.length)).toEqual([16, 512, 40])
  for (let left = 3; left > 0; left -= 1) answer()
  for (let at = 0; at < 3; at += 1) void queue.submit(command('large', new Uint8Array(9_000_000)), 'bounded')
  await nextTurn()
  expect(groups.map(({ commands }) => commands.length)).toEqual([2])
})

test('rejects only the command that failed', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const results = Promise.allSettled(['a', 'b'].map((name) => queue.submit(command(name), 'bounded')))
  await nextTurn()
  queue.answered({ type: 'answer', results: ['A', undefined], failures: [null, diskFull] })
  expect(await results).toMatchObject([
    { status: 'fulfilled', value: 'A' },
    { status: 'rejected', reason: { code: 'store_unavailable', details: { sqlite_code: 'SQLITE_FULL' } } },
  ])
})

test('refuses new work beyond the bound, takes what finishes work, and new work again when there is room', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups, 100_000)
  const stored = queue.submit(command('a', new Uint8Array(90_000)), 'bounded')
  const late = queue.submit(command('b', new Uint8Array(10_000)), 'bounded')
  await expect(late).rejects.toMatchObject({ code: 'store_overloaded', details: { max_pending_bytes: 100_000 } })
  void queue.submit(command('c', new Uint8Array(10_000)), 'always')
  await nextTurn()
  expect(namesIn(groups[0])).toEqual(['a', 'c'])
  queue.answered({ type: 'answer', results: [null, null], failures: null })
  await stored
  void queue.submit(command('d', new Uint8Array(10_000)), 'bounded')
  await nextTurn()
  expect(namesIn(groups[1])).toEqual(['d'])
})

test('says beforehand whether there is room, and means the same by it', async () => {
  const queue = queueInto([], 100_000)
  expect(() => queue.assertRoom(1_000_000)).not.toThrow()
  const stored = queue.submit(command('a', new Uint8Array(90_000)), 'bounded')
  expect(() => queue.assertRoom(10_000)).toThrow(expect.objectContaining({ code: 'store_overloaded' }))
  expect(() => queue.assertRoom(1_000)).not.toThrow()
  await nextTurn()
  queue.answered({ type: 'answer', results: [null], failures: null })
  await stored
  expect(() => queue.assertRoom(10_000)).not.toThrow()
})

test('bounds the number of waiting commands also when they carry no bytes', async () => {
  const queue = queueInto([], 100_000)
  let refused = 0
  for (let at = 0; at < 100; at += 1) queue.submit(command('empty'), 'bounded').catch(() => (refused += 1))
  await nextTurn()
  expect(refused).toBeGreaterThan(40)
  expect(queue.pendingBytes).toBeLessThanOrEqual(100_000)
})

test('drops entries nobody waits for when it is over half full, and counts them', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups, 100_000)
  queue.offer(command('early'))
  void queue.submit(command('a', new Uint8Array(50_000)), 'bounded')
  queue.offer(command('late'))
  queue.offer(command('later'))
  await nextTurn()
  expect(namesIn(groups[0])).toEqual(['early', 'a'])
  expect(queue.takeDropped()).toBe(2)
  queue.answered({ type: 'answer', results: [null, null], failures: [diskFull, null] })
  expect(queue.takeDropped()).toBe(1)
  expect(queue.takeDropped()).toBe(0)
})

test('rejects what was under way when the writer died, and sends the rest to the next one', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const lost = queue.submit(command('a'), 'bounded')
  await nextTurn()
  const waiting = queue.submit(command('b'), 'bounded')
  queue.writerDied(new Error('gone'))
  await expect(lost).rejects.toThrow('gone')
  const more = queue.submit(command('c'), 'bounded')
  await nextTurn()
  expect(groups).toHaveLength(1)
  queue.resume()
  expect(namesIn(groups[1])).toEqual(['b', 'c'])
  queue.answered({ type: 'answer', results: ['B', 'C'], failures: null })
  expect(await Promise.all([waiting, more])).toEqual(['B', 'C'])
})

test('rejects both groups under way when the writer died', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const stored = Promise.allSettled(submitMany(queue, 35))
  expect(groups).toHaveLength(2)
  queue.writerDied(new Error('gone'))
  queue.resume()
  queue.answered({ type: 'answer', results: namesIn(groups[2]), failures: null })
  const outcomes = (await stored).map(({ status }) => status)
  expect(outcomes).toEqual([...Array(32).fill('rejected'), ...Array(3).fill('fulfilled')])
  expect(queue.pendingBytes).toBe(0)
})

test('drains: takes nothing new and ends when the last answer has come', async () => {
  const groups: Group[] = []
  const queue = queueInto(groups)
  const stored = queue.submit(command('a'), 'bounded')
  let isDrained = false
  const drained = queue.drain().then(() => {
    isDrained = true
  })
  await expect(queue.submit(command('b'), 'always')).rejects.toMatchObject({ code: 'store_unavailable' })
  await nextTurn()
  expect(isDrained).toBe(false)
  queue.answered({ type: 'answer', results: [null], failures: null })
  await Promise.all([stored, drained])
  await queue.drain()
})
