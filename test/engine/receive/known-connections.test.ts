import { describe, expect, test } from 'vitest'
import type { MaybePromise } from '../../../src/domain/expression.ts'
import type { ConnectionId, IntegrationKey } from '../../../src/domain/ids.ts'
import type { MatchedConnection } from '../../../src/engine/ports.ts'
import { rememberConnections } from '../../../src/engine/receive/known-connections.ts'

const github = 'github' as IntegrationKey
const NOBODY: never = undefined as never

/** A directory that counts how often it is asked; its writes end when the test says so. */
function createStore(answer: (value: string) => MaybePromise<readonly MatchedConnection[]>): {
  readonly store: ReturnType<typeof rememberConnections>
  readonly asked: string[]
  readonly writes: { end(): void; fail(): void }[]
} {
  const asked: string[] = []
  const writes: { end(): void; fail(): void }[] = []
  const write = (): Promise<never> =>
    new Promise((resolve, reject) => {
      writes.push({ end: () => resolve(NOBODY), fail: () => reject(new Error('the writer died')) })
    })
  const store = rememberConnections({
    findConnections({ integration, field, values }, limit) {
      asked.push([integration, field, ...values, limit].join(' '))
      return answer(values[0] ?? '')
    },
    putConnection: write,
    changeConnection: write,
    deleteConnection: write,
  })
  return { store, asked, writes }
}

const connection = (id: string): MatchedConnection => ({ connectionId: id as ConnectionId, webhookUrlOverride: null })
const find = (store: ReturnType<typeof createStore>['store'], value: string, field = 'metadata.id', limit = 10) =>
  store.findConnections({ integration: github, field, values: [value] }, limit)

test('asks for an identifier once, also where it finds nobody', () => {
  const { store, asked } = createStore((value) => (value === 'a' ? [connection('acme')] : []))
  for (let round = 0; round < 3; round += 1) {
    expect(find(store, 'a')).toEqual([connection('acme')])
    expect(find(store, 'b')).toEqual([])
  }
  expect(asked).toHaveLength(2)
})

describe('tells apart', () => {
  const cases = [
    { name: 'values', one: ['a', 'f'], other: ['b', 'f'] },
    { name: 'fields', one: ['a', 'f'], other: ['a', 'g'] },
    { name: 'a line break in a value from the end of a field', one: ['b\nc', 'a'], other: ['c', 'a\nb'] },
  ] as const
  for (const { name, one, other } of cases) {
    test(name, () => {
      const { store, asked } = createStore(() => [])
      void find(store, one[0], one[1])
      void find(store, other[0], other[1])
      expect(asked).toHaveLength(2)
    })
  }

  test('integrations and limits', () => {
    const { store, asked } = createStore(() => [])
    void find(store, 'a')
    void find(store, 'a', 'metadata.id', 2)
    void store.findConnections({ integration: 'other' as IntegrationKey, field: 'metadata.id', values: ['a'] }, 10)
    expect(asked).toHaveLength(3)
  })
})

const WRITES = {
  putConnection: (store: ReturnType<typeof createStore>['store']) => store.putConnection(NOBODY, 0),
  changeConnection: (store: ReturnType<typeof createStore>['store']) => store.changeConnection(github, NOBODY, {}, 0),
  deleteConnection: (store: ReturnType<typeof createStore>['store']) => store.deleteConnection(github, NOBODY),
}
for (const [name, write] of Object.entries(WRITES)) {
  describe(name, () => {
    for (const outcome of ['end', 'fail'] as const) {
      test(`makes everything be asked for anew, by whoever waits for its ${outcome}`, async () => {
        let found = [connection('before')]
        const { store, asked, writes } = createStore(() => found)
        void find(store, 'a')
        const writing = write(store)
        expect(find(store, 'a')).toEqual([connection('before')])
        found = [connection('after')]
        writes[0]![outcome]()
        await writing.catch(() => undefined)
        expect(find(store, 'a')).toEqual([connection('after')])
        expect(asked).toHaveLength(2)
      })
    }
  })
}

test('does not remember what was asked for before a write and answered after it', async () => {
  let answer: (found: readonly MatchedConnection[]) => void = () => undefined
  const { store, asked, writes } = createStore(() => new Promise((resolve) => (answer = resolve)))
  const first = find(store, 'a')
  const writing = store.deleteConnection(github, NOBODY)
  writes[0]!.end()
  await writing
  answer([connection('gone')])
  expect(await first).toEqual([connection('gone')])
  const second = find(store, 'a')
  answer([])
  expect(await second).toEqual([])
  expect(await find(store, 'a')).toEqual([])
  expect(asked).toHaveLength(2)
})

const notRemembered = [
  { name: 'a very long value', values: ['x'.repeat(10_000)], count: 1 },
  { name: 'several values', values: ['a', 'b'], count: 1 },
  { name: 'no value', values: [], count: 0 },
  { name: 'a long list of connections', values: ['a'], count: 100 },
]
for (const { name, values, count } of notRemembered) {
  test(`does not keep ${name} in memory`, () => {
    const { store, asked } = createStore(() => Array.from({ length: count }, (_, at) => connection(`c-${at}`)))
    for (let round = 0; round < 2; round += 1) {
      expect(store.findConnections({ integration: github, field: 'f', values }, 1_000)).toHaveLength(count)
    }
    expect(asked).toHaveLength(2)
  })
}

test('forgets the oldest of ten thousand', () => {
  const { store, asked } = createStore(() => [])
  for (let at = 0; at <= 10_000; at += 1) void find(store, `v-${at}`)
  void find(store, 'v-10000')
  void find(store, 'v-1')
  expect(asked).toHaveLength(10_001)
  void find(store, 'v-0')
  expect(asked).toHaveLength(10_002)
})
