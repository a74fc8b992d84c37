/** What requests are looked up by in `request_index`. The writer makes these keys and the reader asks for them. */
import type { RequestOutcome } from '../../engine/ports.ts'

export const ALL_REQUESTS = '*'

export function subjectOfIntegration(integration: string): string {
  return `integration:${integration}`
}

export function subjectOfConnection(connectionId: string): string {
  return `connection:${connectionId}`
}

/** A `notice` is the gateway's own message to the app; no list of requests shows it. */
export type StoredOutcome = RequestOutcome | 'notice'

export const REQUEST_OUTCOMES: readonly RequestOutcome[] = ['accepted', 'duplicate', 'refused', 'handshake']
