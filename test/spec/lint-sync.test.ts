import { expect, test } from 'vitest'
import type { SyncDeclaration } from '../../src/domain/provider-spec.gen.ts'
import type { Remark } from '../../src/document/yaml-document.ts'
import { lintSyncs } from '../../src/spec/lint-sync.ts'

const GOOD: SyncDeclaration = {
  model: 'Contact',
  every: '30s',
  request: {
    post: 'https://{connection.connection_config.subdomain}.example.com/search',
    body: '{ "since": checkpoint.updated_at, "page": page.number }',
    headers: { 'x-account': '{connection.metadata.account}' },
  },
  auth: { oauth2: { token_url: 'https://example.com/oauth/token' } },
  pages: { next: 'response.body.next', into: 'body.cursor' },
  records: { list: 'response.body.results', id: 'item.uuid', map: '{ "id": item.uuid }' },
  checkpoint: { updated_at: '$max(records.updated_at)' },
  deletes: 'missing_on_full_run',
  full_every: '1d',
  fetch: { request: { get: 'https://example.com/contacts/{id}' } },
  on: { 'contact.*': { fetch: 'event.objectId' }, other: { upsert: 'body' }, third: 'run' },
}

function findings(syncs: Record<string, SyncDeclaration>): Remark[] {
  const found: Remark[] = []
  lintSyncs(syncs, ['syncs'], (remark) => found.push(remark))
  return found
}

test('finds nothing wrong with a declaration that uses every part', () => {
  expect(findings({ contacts: GOOD })).toEqual([])
})

const { model: _model, records: _records, ...unnamed } = GOOD

const wrong: { name: string; declaration: SyncDeclaration; path: (string | number)[]; code: string }[] = [
  {
    name: 'no model',
    declaration: { ...unnamed, records: 'response.body', fetch: { ...GOOD.fetch!, record: 'response.body' } },
    path: ['syncs', 'contacts'],
    code: 'sync_incomplete',
  },
  {
    name: 'an interval of 5 s',
    declaration: { ...GOOD, every: '5s' },
    path: ['syncs', 'contacts', 'every'],
    code: 'sync_too_often',
  },
  {
    name: 'both get and post',
    declaration: { ...GOOD, request: { ...GOOD.request!, get: 'https://example.com' } },
    path: ['syncs', 'contacts', 'request'],
    code: 'sync_ambiguous_request',
  },
  {
    name: 'a name that is nowhere',
    declaration: { ...GOOD, records: 'respons.body', fetch: { ...GOOD.fetch!, record: 'response.body' } },
    path: ['syncs', 'contacts', 'records'],
    code: 'spec_invalid_expression',
  },
  {
    name: 'a name out of place',
    declaration: { ...GOOD, request: { get: 'https://example.com/{response.body.x}' }, pages: { link: 'next' } },
    path: ['syncs', 'contacts', 'request', 'get'],
    code: 'spec_name_out_of_place',
  },
  {
    name: 'a name of webhooks in a request',
    declaration: {
      ...GOOD,
      request: { get: 'https://example.com/', query: { x: 'event.id' } },
      pages: { link: 'next' },
    },
    path: ['syncs', 'contacts', 'request', 'query', 'x'],
    code: 'spec_name_out_of_place',
  },
  {
    name: 'a brace that stays open',
    declaration: { ...GOOD, request: { get: 'https://example.com/{connection.x' }, pages: { link: 'next' } },
    path: ['syncs', 'contacts', 'request', 'get'],
    code: 'sync_invalid_template',
  },
  {
    name: 'a cursor that goes nowhere',
    declaration: { ...GOOD, pages: { next: 'response.body.next' } },
    path: ['syncs', 'contacts', 'pages'],
    code: 'sync_incomplete',
  },
  {
    name: 'two ways to the next page',
    declaration: { ...GOOD, pages: { link: 'next', number: 'query.page' } },
    path: ['syncs', 'contacts', 'pages'],
    code: 'sync_ambiguous_pages',
  },
  {
    name: 'a page in a body that is not there',
    declaration: { ...GOOD, request: { get: 'https://example.com/' } },
    path: ['syncs', 'contacts', 'pages'],
    code: 'sync_page_without_place',
  },
  {
    name: 'deletions that are never found',
    declaration: { ...unnamed, model: 'Contact', records: GOOD.records!, full_every: undefined as never },
    path: ['syncs', 'contacts', 'deletes'],
    code: 'sync_deletes_rarely',
  },
  {
    name: 'deletions by counted pages',
    declaration: { ...GOOD, pages: { number: 'query.page' } },
    path: ['syncs', 'contacts', 'deletes'],
    code: 'sync_deletes_by_counting',
  },
  {
    name: 'a schema that is none',
    declaration: { ...GOOD, schema: { type: 'objekt' } },
    path: ['syncs', 'contacts', 'schema'],
    code: 'sync_invalid_schema',
  },
  {
    name: 'an event that fetches nobody knows how',
    declaration: { ...unnamed, model: 'Contact', records: GOOD.records!, fetch: undefined as never },
    path: ['syncs', 'contacts', 'on', 'contact.*'],
    code: 'sync_incomplete',
  },
]
for (const { name, declaration, path, code } of wrong) {
  test(`finds ${name}`, () => {
    expect(findings({ contacts: declaration })).toContainEqual(expect.objectContaining({ path, code }))
  })
}

test('finds two syncs of one model', () => {
  expect(findings({ contacts: GOOD, people: GOOD })).toMatchObject([
    { code: 'sync_shared_model', path: ['syncs', 'people', 'model'] },
  ])
})
