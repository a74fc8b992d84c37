/**
 * The gateway's configuration as the program uses it: checked, with every default filled in, durations in ms, sizes in bytes, paths
 * absolute, secrets wrapped. Immutable; a reload makes a new one. Whether a provider exists is not known here.
 */
import type { BreakerSettings, RateLimit, RetrySchedule, Transport } from '../domain/delivery.ts'
import type { DestinationName, IntegrationKey } from '../domain/ids.ts'
import type { Secret } from '../domain/secret.ts'
import type { SyncOverrides } from './config.gen.ts'

export interface ResolvedConfig {
  /** Absolute path of the file it was read from; null on the embedded default. */
  readonly file: string | null
  /** No file was found: the gateway runs a trial on loopback, and each built-in provider gets an integration of its own name. */
  readonly isEmbeddedDefault: boolean
  readonly server: {
    readonly host: string
    readonly port: number
    /** Without a slash at the end. */
    readonly publicUrl: string | null
    readonly maxBodyBytes: number
  }
  readonly storage: { readonly kind: 'sqlite'; readonly file: string }
  /** Where the database and the instance's own secrets live. */
  readonly dataDirectory: string
  /** Empty where none are configured; then the instance's own take their place. */
  readonly apiKeys: readonly Secret[]
  readonly encryptionKeys: readonly Secret[]
  readonly signingSecrets: readonly Secret[]
  /** Absolute paths of folders and files. */
  readonly specs: readonly string[]
  readonly destinations: ReadonlyMap<DestinationName, ResolvedDestination>
  readonly integrations: ReadonlyMap<IntegrationKey, ResolvedIntegration>
  /** Where integrations forward that name no destination; only set by `POSTERN_FORWARD_URL`. */
  readonly defaultForward: readonly DestinationName[]
  readonly outbound: { readonly allowPrivate: readonly string[] }
  readonly retrySchedule: RetrySchedule
  readonly retention: RetentionConfig
  readonly ingest: {
    /** null recognises no duplicates */
    readonly dedupeWindowMs: number | null
    readonly maxPendingBytes: number
  }
  readonly log: { readonly level: LogLevel }
  /** Every value and where it came from, secrets masked, in the order of the file. */
  readonly entries: readonly ConfigEntry[]
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface ResolvedDestination {
  readonly name: DestinationName
  readonly url: string
  readonly timeoutMs: number
  readonly concurrency: number
  readonly headers: Readonly<Record<string, string>>
  /** null sets no limit */
  readonly rate: RateLimit | null
  /** null where it is off */
  readonly breaker: BreakerSettings | null
  readonly order: 'none' | 'connection'
  /** Source of an expression, not yet compiled. */
  readonly filter: string | null
  readonly body: 'wrapper' | 'raw'
  /** null goes the direct way without a certificate */
  readonly transport: Transport | null
}

/** How long each kind of thing is kept, in ms. */
export interface RetentionConfig {
  readonly acceptedMs: number
  readonly refusedMs: number
  readonly attemptsMs: number
  readonly heldMs: number
}

export interface ResolvedIntegration {
  readonly key: IntegrationKey
  readonly provider: string
  readonly secrets: ReadonlyMap<string, readonly Secret[]>
  readonly options: Readonly<Record<string, string>>
  readonly ingressTokens: readonly Secret[]
  readonly forward: readonly DestinationName[]
  readonly unmatched: 'raw' | 'wrapped' | 'hold' | 'drop'
  readonly dedupeWindowMs: number | null
  /** What its destinations get. */
  readonly deliver: 'both' | 'events' | 'syncs'
  /** As they are written; what they come to depends on the provider's spec. */
  readonly syncs: SyncOverrides
}

export interface ConfigEntry {
  /** Such as `integrations.billing.forward[0]`. */
  readonly path: string
  readonly value: string | number | boolean | null
  /** Such as `postern.yaml:3:5`, `POSTERN_PORT` or `default`. */
  readonly origin: string
}
