/**
 * Runs one example of a sync against its recorded answers, and compares what was asked, what records came of it and where the
 * checkpoint got to.
 */
import { isDeepStrictEqual } from 'node:util'
import type { IntegrationKey } from '../../../domain/ids.ts'
import type { SyncExample } from '../../../domain/provider-spec.gen.ts'
import { Secret } from '../../../domain/secret.ts'
import type { CompiledSync } from '../../../spec/compiled-sync.ts'
import { tryExample } from './try-example.ts'

export interface SyncMismatch {
  /** Below the example. */
  readonly path: readonly (string | number)[]
  readonly expected: unknown
  readonly seen: unknown
}

/** None where all is as the example says. */
export async function runSyncExample(input: {
  provider: string
  declaration: CompiledSync
  example: SyncExample
}): Promise<SyncMismatch[]> {
  const { provider, declaration, example } = input
  const { expect = {} } = example
  const records = new Map<string, unknown>()
  const deleted = new Set<string>()
  const { result, api } = await tryExample({
    active: {
      integration: provider as IntegrationKey,
      provider,
      declaration,
      options: {},
      secrets: new Map([['client_secret', [new Secret('example-client-secret')]]]),
      destinations: [],
    },
    example,
    onPage({ records: page }) {
      for (const { id, payload } of page.writes) {
        records.set(id, JSON.parse(Buffer.from(payload).toString('utf8')))
        deleted.delete(id)
      }
      for (const id of page.deletedIds) deleted.add(id)
      return true
    },
  })
  const mismatches: SyncMismatch[] = api.mismatches.map(({ at, expected, seen }) => ({
    path: ['answers', at, 'request'],
    expected,
    seen,
  }))
  for (const at of api.unused()) {
    mismatches.push({ path: ['answers', at], expected: 'to be asked for', seen: 'never asked for' })
  }
  const compare = (name: string, expected: unknown, seen: unknown): void => {
    if (!isDeepStrictEqual(expected, seen)) mismatches.push({ path: ['expect', name], expected, seen })
  }
  const failure = result.failure?.code ?? (result.waitUntil === null ? undefined : 'rate_limited')
  compare('failure', expect.failure, failure)
  if (expect.records !== undefined) compare('records', expect.records, [...records.values()])
  if (expect.deleted !== undefined) compare('deleted', expect.deleted.toSorted(), [...deleted].toSorted())
  if (expect.checkpoint !== undefined) compare('checkpoint', expect.checkpoint, result.checkpoint)
  return mismatches
}
