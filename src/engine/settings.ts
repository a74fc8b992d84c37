/**
 * What the engine knows of the configuration: one immutable snapshot, swapped whole when the configuration is reloaded. A request
 * or an attempt reads it once and keeps to it.
 */
import type { DestinationName, IntegrationKey } from '../domain/ids.ts'
import type { RetrySchedule } from '../domain/delivery.ts'
import type { Secret } from '../domain/secret.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'

export interface Settings {
  readonly integrations: ReadonlyMap<string, IntegrationSettings>
  readonly destinations: ReadonlyMap<string, DestinationSettings>
  /** Scheme, host and path prefix under which providers reach us, without a slash at the end; null takes the request's Host. */
  readonly publicUrl: string | null
  /** The first signs the peer's headers, all sign `webhook-signature`. At least one. */
  readonly signingSecrets: readonly Secret[]
  readonly retrySchedule: RetrySchedule
  readonly maxBodyBytes: number
}

export interface IntegrationSettings {
  readonly key: IntegrationKey
  readonly spec: CompiledSpec
  readonly secrets: ReadonlyMap<string, readonly Secret[]>
  readonly options: Readonly<Record<string, string>>
  /** When not empty, one of these must stand in the URL. Never empty for a spec that verifies nothing. */
  readonly ingressTokens: readonly Secret[]
  readonly forward: readonly DestinationName[]
  readonly unmatched: 'raw' | 'wrapped' | 'hold' | 'drop'
  /** null recognises no duplicates */
  readonly dedupeWindowMs: number | null
}

export interface DestinationSettings {
  readonly name: DestinationName
  readonly url: string
  readonly timeoutMs: number
  readonly concurrency: number
  /** Static headers of the operator. */
  readonly headers: Readonly<Record<string, string>>
}

/** Where the engine reads the snapshot in force. */
export interface SettingsSource {
  current(): Settings
}
