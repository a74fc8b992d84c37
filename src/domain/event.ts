/** One fact taken from a verified request. Immutable; a request may carry several. */
import type { Identifier } from './connection.ts'
import type { ConnectionId, EventId } from './ids.ts'

export interface ReceivedEvent {
  readonly id: EventId
  /** Place in the request, from 0; for a batch the place in its array. */
  readonly position: number
  /** The provider's own name, or null where the spec names none or its expression failed. */
  readonly type: string | null
  /** By which a second arrival is recognised, scoped to the integration; null means never a duplicate. */
  readonly dedupeKey: string | null
  /** When it happened at the provider, ms since the epoch; null where unknown. */
  readonly occurredAt: number | null
  readonly match: EventMatch
}

export type EventMatch =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'matched'; readonly connections: readonly ConnectionId[]; readonly field: string }
  | {
      readonly kind: 'unmatched'
      readonly reason: 'no_connection' | 'no_identifier' | 'expression_failed' | 'body_unreadable'
      readonly detail?: string
      /** What was looked for without success, so that a held event finds its connection when it appears. */
      readonly identifiers?: readonly Identifier[]
    }
