/**
 * Pulls what an example of a sync has recorded, through the gateway's own code. Nothing goes over a network, and no time passes: what
 * would be waited for is skipped.
 */
import type { JsonObject } from '../../../domain/connection.ts'
import type { SyncExample } from '../../../domain/provider-spec.gen.ts'
import type { Clock } from '../../../engine/ports.ts'
import type { ActiveSync } from '../../../engine/sync/directory.ts'
import type { ConnectionView } from '../../../engine/sync/connection-view.ts'
import { type TryInput, type TryResult, tryRun } from '../../../engine/sync/try-run.ts'
import { createRecordedApi, type RecordedApi } from './recorded-api.ts'

/** Credentials for every way to send them, where an example gives none. */
const CREDENTIALS: JsonObject = {
  access_token: 'example-token',
  apiKey: 'example-key',
  username: 'example-user',
  password: 'example-password',
}

export interface ExampleRun {
  readonly result: TryResult
  /** Knows what was asked for otherwise than recorded, and what was not asked for at all. */
  readonly api: RecordedApi
}

/** `active` without the options of the example, which are added. */
export async function tryExample(input: {
  active: ActiveSync
  example: Pick<SyncExample, 'answers' | 'given'>
  onPage: TryInput['onPage']
}): Promise<ExampleRun> {
  const { active, example, onPage } = input
  const { given = {} } = example
  const api = createRecordedApi(example.answers)
  const result = await tryRun({
    active: { ...active, options: { ...active.options, ...given.options } },
    connection: connectionOf(given.connection ?? {}),
    credentials: (given.credentials as JsonObject | undefined) ?? CREDENTIALS,
    checkpoint: (given.checkpoint as JsonObject | undefined) ?? {},
    client: api,
    clock: hurriedClock(Date.parse(given.now ?? '2026-01-01T00:00:00Z')),
    retry: { retries: 2, minTimeoutMs: 0, maxWaitMs: 60_000 },
    signal: new AbortController().signal,
    onPage,
  })
  return { result, api }
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
