/**
 * What the engine knows of the configuration: one immutable snapshot, swapped whole when the configuration is reloaded. A request
 * or an attempt reads it once and keeps to it.
 */
import type { DestinationName, IntegrationKey, SyncName } from '../domain/ids.ts'
import type { BreakerSettings, RateLimit, RetrySchedule, Transport } from '../domain/delivery.ts'
import type { CompiledExpression } from '../domain/expression.ts'
import type { Secret } from '../domain/secret.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import type { CompiledSync } from '../spec/compiled-sync.ts'

export interface Settings {
  readonly integrations: ReadonlyMap<string, IntegrationSettings>
  /** Keys of the integrations that have syncs. */
  readonly syncing?: readonly IntegrationKey[]
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
  /** Where its events go. */
  readonly forward: readonly DestinationName[]
  /** Where word of its sync runs, and what syncs make of events, goes; absent stands for `forward`. */
  readonly syncNotices?: readonly DestinationName[]
  readonly unmatched: 'raw' | 'wrapped' | 'hold' | 'drop'
  /** null recognises no duplicates */
  readonly dedupeWindowMs: number | null
  /** Lower-case names of the headers its provider signs with; they go along with a body that is `exact`. */
  readonly signatureHeaders?: readonly string[]
  /** Absent where it has none, as most have. */
  readonly syncs?: ReadonlyMap<SyncName, CompiledSync>
}

export interface DestinationSettings {
  readonly name: DestinationName
  readonly url: string
  readonly timeoutMs: number
  readonly concurrency: number
  /** Static headers of the operator. */
  readonly headers: Readonly<Record<string, string>>
  /** Attempts per time; absent sets no limit. */
  readonly rate?: RateLimit
  /** Absent leaves every attempt to the retry schedule alone. */
  readonly breaker?: BreakerSettings
  /** Deliveries of one connection go out one after the other, in the order of their requests. */
  readonly order?: 'connection'
  /** Which events it takes; absent takes all. Sees what the spec's expressions see, and `type`. */
  readonly filter?: CompiledExpression
  /** `exact` sends the request's own bytes; absent sends the envelope, or what `unmatched` says. */
  readonly body?: 'exact'
  readonly transport?: Transport
}

/** Where the engine reads the snapshot in force. */
export interface SettingsSource {
  current(): Settings
}
