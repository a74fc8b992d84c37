/** Everything that calls the outside, each behind the guard of addresses: forwards, fetched keys and documents, the APIs of syncs. */
import type { OutboundSender } from '../engine/ports.ts'
import type { ApiClient } from '../engine/sync/ports/api-client.ts'
import { createApiClient } from './api-client.ts'
import { createFetchJson, type FetchJson } from './fetch-json.ts'
import { createSender } from './sender.ts'

export interface OutboundOptions {
  /** CIDRs that may be reached although they are not public. */
  readonly allowPrivate: () => readonly string[]
  readonly now: () => number
}

export interface Clients {
  readonly sender: OutboundSender
  readonly fetcher: Pick<FetchJson, 'fetchJson' | 'fetchDocument'>
  readonly client: ApiClient
  close(): Promise<void>
}

export function createClients({ allowPrivate, now }: OutboundOptions): Clients {
  const sender = createSender({ allowPrivate, now })
  const fetcher = createFetchJson({ allowPrivate })
  const client = createApiClient({ allowPrivate })
  return {
    sender,
    fetcher,
    client,
    async close() {
      await Promise.all([sender.close(), fetcher.close(), client.close()])
    },
  }
}
