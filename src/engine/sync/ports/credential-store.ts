/** The credentials of connections, which calls are made with and refreshed tokens replace. */
import type { ConnectionId, IntegrationKey } from '../../../domain/ids.ts'

export interface CredentialStore {
  /** Sealed bytes as `putConnection` was given, with the version that replacing them names; null without connection or credentials. */
  readCredentials(integration: IntegrationKey, connectionId: ConnectionId): Promise<SealedCredentials | null>
  /** Replaces them if nobody did so meanwhile. The connection's `updatedAt` stays. */
  replaceCredentials(request: {
    integration: IntegrationKey
    connectionId: ConnectionId
    expectedVersion: number
    sealed: Uint8Array
  }): Promise<boolean>
}

export interface SealedCredentials {
  readonly sealed: Uint8Array
  readonly version: number
}
