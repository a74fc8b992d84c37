/** What requests are looked up by in `request_index`. The writer makes these keys and the reader asks for them. */
import type { RequestOutcome } from '../../engine/ports.ts'

export const ALL_REQUESTS = '*'

/** The block of subjects that most requests share; their entries grow at few places. */
export const UNDIVIDED = 0

/** Entries of connections stand in blocks of so many requests, see migration 6. */
export const REQUESTS_PER_BLOCK = 2 ** 15

export function blockOfConnections(requestSeq: number): number {
  return 1 + Math.floor(requestSeq / REQUESTS_PER_BLOCK)
}

export function subjectOfIntegration(integration: string): string {
  return `integration:${integration}`
}

export function subjectOfConnection(connectionId: string): string {
  return `connection:${connectionId}`
}

/** A `notice` is the gateway's own message to the app; no list of requests shows it. */
export type StoredOutcome = RequestOutcome | 'notice'

export const REQUEST_OUTCOMES: readonly RequestOutcome[] = ['accepted', 'duplicate', 'refused', 'handshake']
