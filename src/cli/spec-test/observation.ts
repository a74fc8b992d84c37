/** What was seen when a case ran, in the terms of `expect`: nothing here is decided, it is only written down. */
import type { HttpAnswer } from '../../engine/receive/answer.ts'
import type { SentRequest } from './result.ts'
import type { SeenTrigger } from './sync/seen-triggers.ts'

export interface Observation {
  readonly request: SentRequest
  readonly outcome:
    | { readonly kind: 'accepted' }
    | { readonly kind: 'handshake'; readonly name: string }
    | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  /** The alternative that accepted or refused; null when none decided. */
  readonly scheme: string | null
  readonly answer: Pick<HttpAnswer, 'status' | 'headers' | 'body'>
  readonly events: readonly SeenEvent[]
  readonly forwarded: readonly SeenForward[]
  /** What was asked of syncs; null where the example says nothing of them, and nobody looked. */
  readonly syncs: readonly SeenTrigger[] | null
  /** The secret that a handshake captured, by its name. */
  readonly captured: Readonly<Record<string, string>>
  /** The URL that is to be visited after a handshake. */
  readonly confirms: string | null
  /** What the gateway would have logged beside it. */
  readonly problems: readonly string[]
}

export interface SeenEvent {
  readonly type: string | null
  readonly dedupe: string | null
  /** ISO 8601, in UTC */
  readonly time: string | null
  readonly skipped: boolean
  readonly connections: readonly string[]
}

export interface SeenForward {
  /** null where the events matched no connection */
  readonly connection: string | null
  /** Lower-case names; all headers of the forward. */
  readonly headers: Readonly<Record<string, string>>
  /** The payload as a value; integers beyond 2^53 are text with their exact digits. */
  readonly payload: unknown
  /** The payload, byte for byte. */
  readonly payloadText: string
}
