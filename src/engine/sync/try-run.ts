/**
 * Runs a declaration without keeping anything: for `postern sync try`, and for the examples of a spec. The pages go to the caller one
 * by one; nothing is stored and nobody is told.
 */
import type { JsonObject } from '../../domain/connection.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import type { Checkpoint, SyncFailure } from '../../domain/sync.ts'
import type { Clock } from '../ports.ts'
import { createApi, type RetryPolicy } from './api.ts'
import { createCredentialKeeper } from './credentials.ts'
import type { ActiveSync } from './directory.ts'
import { createPace } from './pace.ts'
import type { ConnectionView } from './connection-view.ts'
import type { ApiClient } from './ports/api-client.ts'
import { noProgress, type PulledPage, pullPages } from './pull.ts'
import { createTokenRequester } from './token-request.ts'

export interface TryInput {
  readonly active: ActiveSync
  readonly connection: ConnectionView
  readonly credentials: JsonObject
  readonly checkpoint: Checkpoint
  readonly client: ApiClient
  readonly clock: Clock
  readonly retry: RetryPolicy
  readonly signal: AbortSignal
  /** False stops. */
  readonly onPage: (page: PulledPage) => boolean | Promise<boolean>
}

export interface TryResult {
  readonly checkpoint: Checkpoint
  readonly pages: number
  readonly requests: number
  readonly failure: SyncFailure | null
  /** The provider asked to wait until then. */
  readonly waitUntil: number | null
}

export async function tryRun(input: TryInput): Promise<TryResult> {
  const { active, connection, client, clock, retry } = input
  let kept: Uint8Array = Buffer.from(JSON.stringify(input.credentials))
  const credentials = createCredentialKeeper({
    store: {
      readCredentials: () => Promise.resolve({ sealed: kept, version: 1 }),
      replaceCredentials({ sealed }) {
        kept = sealed
        return Promise.resolve(true)
      },
    },
    vault: { seal: (text) => Buffer.from(text), open: (sealed) => Buffer.from(sealed).toString('utf8') },
    requestToken: createTokenRequester({ client, clock, retry }),
    clock,
    journal: { record() {}, warn() {}, error() {} },
  })
  const ask = createApi({ client, credentials, pace: createPace(clock), clock, retry })
  let progress = noProgress(input.checkpoint)
  const end = await pullPages(ask, {
    active,
    connectionId: connection.connection_id as ConnectionId,
    connection,
    checkpoint: input.checkpoint,
    from: progress,
    signal: input.signal,
    now: () => clock.now(),
    async onPage(page) {
      progress = page.progress
      return await input.onPage(page)
    },
  })
  return {
    checkpoint: progress.checkpoint,
    pages: progress.pages,
    requests: progress.requests,
    failure: end.kind === 'failed' ? end.failure : null,
    waitUntil: end.kind === 'wait' ? end.until : null,
  }
}
