import { expect, test } from 'vitest'
import type { ProviderSpec, SyncDeclaration } from '../../src/domain/provider-spec.gen.ts'
import type { Remark } from '../../src/document/yaml-document.ts'
import { lintSyncExamples } from '../../src/spec/lint-sync-examples.ts'

const PROVEN: SyncDeclaration = { examples: [{ name: 'one', answers: [{ json: {} }] }] }
type Expected = NonNullable<ProviderSpec['examples'][number]['expect']['syncs']>

function findings(syncs: Record<string, SyncDeclaration>, expected: Expected = []): Remark[] {
  const found: Remark[] = []
  const spec: ProviderSpec = {
    provider: 'acme',
    name: 'Acme',
    docs: 'https://acme.example',
    confidence: 'docs',
    verify: [{ scheme: 'hmac-sha256' }],
    event: { type: 'body.type' },
    syncs,
    examples: [{ name: 'x', request: {}, expect: { syncs: expected } }],
  }
  lintSyncExamples(spec, (remark) => found.push(remark))
  return found
}

test('finds nothing wrong with a sync that is proven', () => {
  const expected: Expected = [{ sync: 'contacts', connection: 'acme', delete: ['1'] }]
  expect(findings({ contacts: PROVEN }, expected)).toEqual([])
})

test('warns of a sync without any example', () => {
  expect(findings({ contacts: PROVEN, deals: {} })).toMatchObject([
    { code: 'sync_without_example', severity: 'warning', path: ['syncs', 'deals'] },
  ])
})

test('finds two examples of one name', () => {
  const [example] = PROVEN.examples!
  expect(findings({ contacts: { examples: [example!, example!] } })).toMatchObject([
    { code: 'sync_ambiguous_example', path: ['syncs', 'contacts', 'examples', 1, 'name'] },
  ])
})

const wrong: { name: string; expected: Expected[number]; code: string }[] = [
  {
    name: 'a sync that is not there',
    expected: { sync: 'contact', connection: 'acme', run: true },
    code: 'sync_unknown',
  },
  { name: 'none of the four', expected: { sync: 'contacts', connection: 'acme' }, code: 'sync_ambiguous_expectation' },
  {
    name: 'two of the four',
    expected: { sync: 'contacts', connection: 'acme', run: true, fetch: ['1'] },
    code: 'sync_ambiguous_expectation',
  },
]
for (const { name, expected, code } of wrong) {
  test(`finds an expectation with ${name}`, () => {
    expect(findings({ contacts: PROVEN }, [expected])).toMatchObject([{ code }])
  })
}
