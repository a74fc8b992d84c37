/**
 * Expressions of a spec, as the rest of the program sees them: compiled once, evaluated over a view of one request, within hard
 * bounds. A failure is a value, because an event whose expression fails is still kept.
 */
import type { Secret } from './secret.ts'

export interface CompiledExpression {
  readonly source: string
  /** Answers at once for simple paths and comparisons; a promise only where the full language is needed. Never throws or rejects. */
  evaluate(scope: RequestView, extra?: EvaluationExtra): MaybePromise<ExpressionResult>
}

/** What only some evaluations may use. */
export interface EvaluationExtra {
  /** Live secrets of this name, the current one first, for `$secret(name)`. Without it that function fails. */
  readonly secrets?: ((name: string) => readonly Secret[]) | undefined
}

export type ExpressionResult =
  | { readonly ok: true; /** undefined where the expression found nothing */ readonly value: unknown }
  | { readonly ok: false; readonly reason: 'failed' | 'bound_exceeded'; readonly detail: string }

/** What an expression sees. Members are computed when first read; objects coming from outside are plain data. */
export interface RequestView {
  readonly method: string
  readonly url: string
  /** Path of the URL. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** A repeated parameter is an array. */
  readonly query: Readonly<Record<string, string | readonly string[]>>
  /** The decoded body; undefined when it could not be decoded. Integers beyond 2^53 are text with their exact digits. */
  readonly body: unknown
  /** The body as text. */
  readonly raw: string
  /** One item of a batch, or the body. */
  readonly event?: unknown
  /** The item under check, where a verify clause says `each`. */
  readonly item?: unknown
  /** Claims of a verified token. */
  readonly claims?: unknown
  /** What the placeholders of the signature's format stand for, in the clauses of verification. */
  readonly parts?: unknown
  /** The published key that made the signature, in `require`. */
  readonly jwk?: unknown
  /** The items of outer arrays around an event, from the outside in, where a batch is nested. */
  readonly outer?: unknown
  /** The name of the member whose array holds the event, where a batch is an object of arrays. */
  readonly list?: unknown
  /** Place of an event in its batch, from 0. */
  readonly position?: unknown
  readonly options: Readonly<Record<string, string>>
  /** ms since the epoch */
  readonly now: number
}

/** What the expressions of a sync see. Which members there are hangs on the place; see the schema of syncs. */
export interface SyncView {
  /** `connection_id`, `connection_config`, `metadata`, `tags`. */
  readonly connection: unknown
  readonly options: Readonly<Record<string, string>>
  /** ms since the epoch */
  readonly now: number
  /** What the last run reached; empty at first. */
  readonly checkpoint?: unknown
  /** `number`, from 1, and `items`, the count of those before it. */
  readonly page?: unknown
  /** `status`, `headers` and `body` of the provider's answer. */
  readonly response?: unknown
  /** The records made from the answer. */
  readonly records?: unknown
  /** One item of an answer. */
  readonly item?: unknown
  /** The event that triggers, and the request it came with. */
  readonly event?: unknown
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The id of the object that is fetched. */
  readonly id?: unknown
}

/** An expression over the scope of syncs; otherwise as every expression. */
export interface SyncExpression {
  readonly source: string
  evaluate(scope: SyncView): MaybePromise<ExpressionResult>
}

/** What the filter of a destination sees. */
export interface FilterView extends RequestView {
  readonly event: unknown
  /** The provider's name of the event; undefined where it has none. */
  readonly type: string | undefined
}

/** What every scope has, and what some have. */
export type ExpressionScope = { readonly [Name in Exclude<keyof FilterView | keyof SyncView, 'now'>]?: unknown } & {
  readonly now: number
}

export type MaybePromise<T> = T | Promise<T>

/** Goes on with a value that may not be there yet, without a promise where it is: the way of a simple spec stays synchronous. */
export function andThen<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** JSONata's own notion of truth for a condition: what `$boolean` says of the values that conditions give. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isTruthy)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}
