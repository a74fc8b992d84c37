import { expect, test } from 'vitest'
import { runSyncExample } from '../../../../src/cli/spec-test/sync/run-sync-example.ts'
import type { SyncExample } from '../../../../src/domain/provider-spec.gen.ts'
import { createSyncExpressionCompiler } from '../../../../src/expression/compile.ts'
import { compileSync } from '../../../../src/spec/compile-sync.ts'

const declaration = compileSync(
  'contacts',
  {
    model: 'Contact',
    request: {
      get: 'https://{connection.connection_config.subdomain}.example.com/contacts',
      query: { limit: 2, since: 'checkpoint.updated_at' },
    },
    pages: { next: 'response.body.next', into: 'query.after' },
    records: 'response.body.results.{ "id": id, "name": name, "updated_at": at }',
    checkpoint: { updated_at: '$max(records.updated_at)' },
    deletes: { from: 'response.body.gone' },
  },
  createSyncExpressionCompiler(),
)

const EXAMPLE: SyncExample = {
  name: 'two pages',
  given: { connection: { connection_config: { subdomain: 'acme' } }, checkpoint: { updated_at: '2026-01-01' } },
  answers: [
    {
      request: 'GET https://acme.example.com/contacts?since=2026-01-01&limit=2',
      json: { results: [{ id: 1, name: 'a', at: '2026-01-03' }], next: 'c2' },
    },
    { status: 429, headers: { 'Retry-After': '30' } },
    {
      request: 'GET https://acme.example.com/contacts?limit=2&since=2026-01-01&after=c2',
      json: { results: [{ id: 2, name: 'b', at: '2026-01-02' }], gone: ['9'] },
    },
  ],
  expect: {
    records: [
      { id: 1, name: 'a', updated_at: '2026-01-03' },
      { id: 2, name: 'b', updated_at: '2026-01-02' },
    ],
    deleted: ['9'],
    checkpoint: { updated_at: '2026-01-03' },
  },
}

test('passes an example whose requests, records, deletions and checkpoint are as it says', async () => {
  expect(await runSyncExample({ provider: 'acme', declaration, example: EXAMPLE })).toEqual([])
})

const [first, ...others] = EXAMPLE.answers
const last = { json: { results: [] } }
const wrong: { name: string; example: SyncExample; path: (string | number)[] }[] = [
  {
    name: 'a recording that nobody asks for',
    example: { ...EXAMPLE, answers: [first, ...others, last] },
    path: ['answers', 3],
  },
  {
    name: 'a request that has no recording',
    example: { ...EXAMPLE, answers: [first, others[0]!] },
    path: ['answers', 2, 'request'],
  },
  {
    name: 'another request than was recorded',
    example: { ...EXAMPLE, given: { ...EXAMPLE.given, checkpoint: {} } },
    path: ['answers', 0, 'request'],
  },
  { name: 'another record', example: { ...EXAMPLE, expect: { records: [] } }, path: ['expect', 'records'] },
  {
    name: 'another checkpoint',
    example: { ...EXAMPLE, expect: { checkpoint: { updated_at: '2026-01-02' } } },
    path: ['expect', 'checkpoint'],
  },
  {
    name: 'a failure that did not come',
    example: { ...EXAMPLE, expect: { failure: 'answer_not_json' } },
    path: ['expect', 'failure'],
  },
  {
    name: 'a failure that nobody expected',
    example: { ...EXAMPLE, answers: [{ text: '<html>' }] },
    path: ['expect', 'failure'],
  },
]
for (const { name, example, path } of wrong) {
  test(`fails an example for ${name}`, async () => {
    const found = await runSyncExample({ provider: 'acme', declaration, example })
    expect(found).toContainEqual(expect.objectContaining({ path }))
  })
}
