/** What the HTTP edge asks of the rest of the program. */
import type { JsonObject } from '../domain/connection.ts'
import type { ConnectionId, Ids, IntegrationKey } from '../domain/ids.ts'
import type { Clock, ConnectionStore, DeliveryQueue, Journal, LogReader } from '../engine/ports.ts'
import type { Keyring } from '../engine/keyring/keyring.ts'
import type { ExplainRequest } from '../engine/receive/explain.ts'
import type { Destinations } from '../engine/forward/destinations.ts'
import type { Replays } from '../engine/forward/replays.ts'
import type { SyncControl } from '../engine/sync/control.ts'
import type { SyncStore } from '../engine/sync/ports/sync-store.ts'
import type { ReceiveRequest } from '../engine/receive/receive.ts'
import type { SettingsSource } from '../engine/settings.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'

export interface HttpDependencies {
  readonly receive: ReceiveRequest
  readonly settings: SettingsSource
  readonly log: LogReader
  /** Says why a stored request was accepted or refused. */
  readonly explain: ExplainRequest
  readonly connections: ConnectionStore
  /** Besides storing, wakes whoever delivers. */
  readonly keyring: Pick<Keyring, 'list' | 'reveal' | 'forget' | 'setConnectionSecrets'>
  readonly queue: Pick<DeliveryQueue, 'replayDelivery' | 'cancelDelivery'>
  readonly destinations: Destinations
  readonly replays: Replays
  readonly syncs: {
    readonly control: SyncControl
    readonly store: Pick<
      SyncStore,
      'listRecords' | 'pruneRecords' | 'listSyncs' | 'listSyncRuns' | 'getSyncRun' | 'listMissedWebhooks'
    >
  }
  /** Whether the `Authorization` header carries one of the API keys; compares in constant time. */
  readonly authorize: (authorization: string | undefined) => boolean
  /** Every provider that has a spec, also those that no integration uses. */
  readonly providers: () => ReadonlyMap<string, CompiledSpec>
  /** Encrypts the credentials of a connection for the store. */
  readonly sealCredentials: (input: {
    integration: IntegrationKey
    connectionId: ConnectionId
    credentials: JsonObject
  }) => Uint8Array
  /** A name for a connection that was made without one. */
  readonly newConnectionId: () => string
  readonly readiness: () => Promise<Readiness>
  /** The metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
  readonly clock: Clock
  readonly ids: Ids
  readonly journal: Journal
}

export interface Readiness {
  readonly ready: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[]
}
