/** Secrets that are kept in the store because no configuration names them: those of single connections, and those a provider sent. */
import type { IdentifierQuery } from '../../domain/connection.ts'
import type { MaybePromise } from '../../domain/expression.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'

export interface KeptSecret {
  readonly integration: IntegrationKey
  /** Null for one that serves the whole integration. */
  readonly connectionId: ConnectionId | null
  /** By the provider's own term, as in its spec. */
  readonly name: string
  /** Live ones of the same name in their order; 0 is the current one. */
  readonly position: number
  /** Encrypted before it comes here. */
  readonly sealed: Uint8Array
  /** Given through the API, or captured from a handshake. */
  readonly source: 'given' | 'captured'
  /** ms since the epoch */
  readonly createdAt: number
}

export interface SecretStore {
  /** Keeps a captured secret unless there is one of this name already; false then, and nothing is changed. */
  keepCapturedSecret(secret: KeptSecret): Promise<boolean>
  /** Replaces all secrets of these names that the connection has; deletes those of a name without any. */
  replaceConnectionSecrets(request: {
    integration: IntegrationKey
    connectionId: ConnectionId
    names: readonly string[]
    secrets: readonly KeptSecret[]
  }): Promise<void>
  /** Deletes the secrets of this name; says how many there were. */
  deleteSecrets(request: {
    integration: IntegrationKey
    connectionId: ConnectionId | null
    name: string
  }): Promise<number>
  /** All of an integration, or all there are; by integration, connection, name and position. */
  listSecrets(integration: IntegrationKey | null): Promise<readonly KeptSecret[]>
  /** Secrets of this name of the connections that have the identifier, at most `limit` connections. */
  findConnectionSecrets(query: IdentifierQuery, name: string, limit: number): MaybePromise<readonly KeptSecret[]>
}
