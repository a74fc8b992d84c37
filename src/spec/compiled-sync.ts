/** A sync made ready for the engine: every expression compiled, every default filled in, nothing left to look up. */
import type { SyncExpression } from '../domain/expression.ts'
import type { SyncName } from '../domain/ids.ts'

export interface CompiledSync {
  readonly name: SyncName
  readonly model: string
  readonly everyMs: number
  /** null begins anew only on request */
  readonly fullEveryMs: number | null
  readonly startsByItself: boolean
  readonly auth: CompiledAuth
  readonly request: CompiledRequest
  /** null: one page */
  readonly pages: CompiledPages | null
  readonly records: CompiledRecords
  /** What is wrong with a record by the model's schema; null where nothing is. Null without schema. */
  readonly complaintAbout: ((record: unknown) => string | null) | null
  readonly checkpoint: readonly { readonly name: string; readonly value: SyncExpression; readonly isMaximum: boolean }[]
  readonly deletes: { readonly kind: 'none' | 'missing' } | { readonly kind: 'from'; readonly from: SyncExpression }
  readonly fetch: CompiledFetch | null
  readonly triggers: readonly CompiledTrigger[]
  readonly coalesceMs: number
  /** A run leaves alone what a webhook wrote after the page was asked for. */
  readonly keepsFresher: boolean
  readonly rate: { readonly calls: number; readonly perMs: number } | null
  readonly rateLimit: CompiledRateLimit | null
  readonly notify: {
    readonly changes: boolean
    readonly empty: boolean
    readonly failures: 'first' | 'all' | 'none'
  }
}

/** Fixed text and expressions in turn. */
export type Template = readonly (string | SyncExpression)[]

/** A value as it is, or computed. */
export type CompiledValue = string | SyncExpression

export interface CompiledRequest {
  readonly method: 'GET' | 'POST'
  readonly url: Template
  readonly query: readonly NamedValue[]
  /** Lower-case names. */
  readonly headers: readonly { readonly name: string; readonly value: Template }[]
  readonly body:
    | { readonly kind: 'none' }
    | { readonly kind: 'json'; readonly value: SyncExpression }
    | { readonly kind: 'form'; readonly fields: readonly NamedValue[] }
  readonly timeoutMs: number
}

export interface NamedValue {
  readonly name: string
  readonly value: CompiledValue
}

export type CompiledAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'query'; readonly name: string }
  | {
      readonly kind: 'oauth2'
      readonly tokenUrl: Template
      /** Names of the option and the secret that hold them where the credentials do not. */
      readonly clientIdOption: string
      readonly clientSecret: string
      readonly clientAuth: 'basic' | 'body'
      readonly scope: string | null
      readonly header: string
      readonly prefix: string
    }

export interface Place {
  readonly part: 'url' | 'query' | 'form' | 'body'
  /** Member names; one for a query or form; none for the URL. */
  readonly path: readonly string[]
}

export type PageAdvance =
  | { readonly kind: 'next'; readonly value: SyncExpression; readonly into: Place }
  | { readonly kind: 'link'; readonly relation: string }
  | { readonly kind: 'offset'; readonly into: Place }
  | { readonly kind: 'number'; readonly into: Place; readonly first: number }

export interface CompiledPages {
  readonly advance: PageAdvance
  readonly size: number | null
  readonly more: SyncExpression | null
  /** Lower case, with the port where it is not the scheme's own. */
  readonly hosts: ReadonlySet<string>
  readonly max: number
}

export type CompiledRecords =
  | { readonly kind: 'page'; readonly value: SyncExpression }
  | {
      readonly kind: 'items'
      readonly list: SyncExpression
      readonly id: SyncExpression | null
      readonly map: SyncExpression | null
    }

export interface CompiledFetch {
  readonly request: CompiledRequest
  readonly item: SyncExpression | null
  readonly record: SyncExpression | null
}

export interface CompiledTrigger {
  readonly pattern: string
  readonly fits: (eventType: string) => boolean
  readonly action:
    | { readonly kind: 'run' }
    | { readonly kind: 'fetch' | 'upsert'; readonly value: SyncExpression; readonly forwardsResult: boolean }
    | { readonly kind: 'delete'; readonly value: SyncExpression }
}

export interface CompiledRateLimit {
  readonly remaining: string
  readonly reset: string
  readonly unit: 'seconds' | 'milliseconds' | 'epoch_seconds' | 'epoch_milliseconds'
  readonly statuses: ReadonlySet<number>
}
