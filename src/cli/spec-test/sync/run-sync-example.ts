/**
 * Runs one example of a sync through the gateway's own code against its recorded answers, and compares what was asked, what records came
 * of it and where the checkpoint got to. Nothing goes over a network, and no time passes: what would be waited for is skipped.
 */
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../../domain/connection.ts'
import type { IntegrationKey } from '../../../domain/ids.ts'
import type { SyncExample } from '../../../domain/provider-spec.gen.ts'
import { Secret } from '../../../domain/secret.ts'
import type { Clock } from '../../../engine/ports.ts'
import type { ConnectionView } from '../../../engine/sync/ports.ts'
import { tryRun } from '../../../engine/sync/try-run.ts'
import type { CompiledSync } from '../../../spec/compiled-sync.ts'
import { createRecordedApi } from './recorded-api.ts'

export interface SyncMismatch {
  /** Below the example. */
  readonly path: readonly (string | number)[]
  readonly expected: unknown
  readonly seen: unknown
}

/** Credentials for every way to send them, where an example gives none. */
const CREDENTIALS: JsonObject = {
  access_token: 'example-token',
  apiKey: 'example-key',
  username: 'example-user',
  password: 'example-password',
}

/** None where all is as the example says. */
export async function runSyncExample(input: {
  provider: string
  declaration: CompiledSync
  example: SyncExample
}): Promise<SyncMismatch[]> {
  const { provider, declaration, example } = input
  const { given = {}, expect = {} } = example
  const api = createRecordedApi(example.answers)
  const records = new Map<string, unknown>()
  const deleted = new Set<string>()
  const result = await tryRun({
    active: {
      integration: provider as IntegrationKey,
      provider,
      declaration,
      options: given.options ?? {},
      secrets: new Map([['client_secret', [new Secret('example-client-secret')]]]),
      destinations: [],
    },
    connection: connectionOf(given.connection ?? {}),
    credentials: (given.credentials as JsonObject | undefined) ?? CREDENTIALS,
    checkpoint: (given.checkpoint as JsonObject | undefined) ?? {},
    client: api,
    clock: hurriedClock(Date.parse(given.now ?? '2026-01-01T00:00:00Z')),
    retry: { retries: 2, minTimeoutMs: 0, maxWaitMs: 60_000 },
    signal: new AbortController().signal,
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

function connectionOf(given: Readonly<Record<string, unknown>>): ConnectionView {
  const object = (name: string): JsonObject => (given[name] as JsonObject | undefined) ?? {}
  return {
    connection_id: typeof given['connection_id'] === 'string' ? given['connection_id'] : 'example',
    connection_config: object('connection_config'),
    metadata: object('metadata'),
    tags: object('tags') as Record<string, string>,
  }
}

/** Whoever waits is served at once, and the time goes on by what was waited. */
function hurriedClock(startAt: number): Clock {
  let now = startAt
  return {
    now: () => now,
    after(delayMs, callback) {
      now += delayMs
      const immediate = setImmediate(callback)
      return { cancel: () => clearImmediate(immediate) }
    },
  }
}
