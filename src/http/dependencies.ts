/** What the HTTP edge asks of the rest of the program. */
import type { JsonObject } from '../domain/connection.ts'
import type { ConnectionId, Ids, IntegrationKey } from '../domain/ids.ts'
import type { Clock, ConnectionStore, DeliveryQueue, Journal, LogReader } from '../engine/ports.ts'
import type { ReceiveRequest } from '../engine/receive/receive.ts'
import type { SettingsSource } from '../engine/settings.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'

export interface HttpDependencies {
  readonly receive: ReceiveRequest
  readonly settings: SettingsSource
  readonly log: LogReader
  readonly connections: ConnectionStore
  /** Besides storing, wakes whoever delivers. */
  readonly queue: Pick<DeliveryQueue, 'replayDelivery'>
  /** Whether the `Authorization` header carries one of the API keys; compares in constant time. */
  readonly authorize: (authorization: string | undefined) => boolean
  /** Every provider that has a spec, also those that no integration uses. */
  readonly providers: () => readonly CompiledSpec[]
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
