/**
 * Makes one attempt of a delivery: builds and signs the forward, sends it, decides what follows, and writes the one line that tells
 * of it. It always comes back with a record, whatever happened; keeping that record is the recorder's part, and when to attempt at
 * all the lane's.
 */
import { nextStep } from '../../domain/delivery.ts'
import type { ClaimedDelivery, NextStep, Outcome } from '../../domain/delivery.ts'
import type { Ids } from '../../domain/ids.ts'
import type { AttemptRecord, Clock, Journal, OutboundSender, Random } from '../ports.ts'
import type { DestinationSettings, Settings } from '../settings.ts'
import { exactRequestOf, forwardBody } from './body.ts'
import { forwardedHeaders, signatureHeaders } from './headers.ts'
import { createForwardSigner } from './signature.ts'

/** An attempt that was made and is not yet written; the fence comes in when it is. */
export type MadeAttempt = Omit<AttemptRecord, 'fence'>

/** What observers learn of an attempt, for counting. */
export interface AttemptFacts {
  readonly delivery: ClaimedDelivery
  readonly outcome: Outcome
  readonly next: NextStep
}

export type MakeAttempt = (
  delivery: ClaimedDelivery,
  destination: DestinationSettings,
  settings: Settings,
) => Promise<MadeAttempt>

export interface AttemptParts {
  readonly sender: OutboundSender
  readonly clock: Clock
  readonly random: Random
  readonly ids: Ids
  readonly journal: Journal
  readonly onAttempt?: (facts: AttemptFacts) => void
}

/** A delivery of a large batch carries thousands of events; the line names the first ones and how many there are. */
const MAX_LISTED_EVENTS = 20

export function createAttemptMaker(parts: AttemptParts): MakeAttempt {
  const { sender, clock, random, ids, journal, onAttempt } = parts
  const sign = createForwardSigner()

  function send(
    delivery: ClaimedDelivery,
    destination: DestinationSettings,
    settings: Settings,
    now: number,
    url: string,
  ) {
    const body = forwardBody(delivery)
    if (body === null) return unsendable('the items of this delivery are not in the stored payload')
    const received = exactRequestOf(delivery)
    const forwarded = forwardedHeaders(delivery.payload.headers, destination.headers)
    const names = settings.integrations.get(delivery.integration)?.signatureHeaders ?? []
    const headers = received === null ? forwarded : { ...signatureHeaders(received.headers, names), ...forwarded }
    headers['user-agent'] ??= 'Postern'
    headers['content-type'] = body.contentType
    const timestamp = Math.floor(now / 1_000)
    Object.assign(headers, sign({ secrets: settings.signingSecrets, id: delivery.id, timestamp, body: body.bytes }))
    const { timeoutMs, transport } = destination
    const call = { url, headers, body: body.bytes, timeoutMs }
    return sender.send(transport === undefined ? call : { ...call, transport })
  }

  return async (delivery, destination, settings) => {
    const startedAt = clock.now()
    const url = delivery.urlOverride ?? destination.url
    let outcome: Outcome
    try {
      outcome = await send(delivery, destination, settings, startedAt, url)
    } catch (error) {
      // A fault of ours must not end a delivery: it is tried again, and dies by schedule with this as its reason.
      outcome = unsendable(error instanceof Error ? error.message : 'unknown fault')
      journal.error('attempt.faulted', { delivery_id: delivery.id, error })
    }
    const next = nextStep({
      outcome,
      attemptCount: delivery.attemptCount + 1,
      now: clock.now(),
      schedule: settings.retrySchedule,
      random: random(),
    })
    const attempt: MadeAttempt = {
      id: ids.next('attempt'),
      deliveryId: delivery.id,
      startedAt,
      trigger: delivery.trigger ?? 'auto',
      url: withoutUser(url),
      outcome,
      next,
    }
    if (outcome.kind !== 'accepted') journal.warn('delivery.attempted', factsOf(delivery, attempt))
    else if (journal.keeps?.('record') !== false) journal.record('delivery.attempted', factsOf(delivery, attempt))
    onAttempt?.({ delivery, outcome, next })
    return attempt
  }
}

function unsendable(detail: string): Outcome {
  return { kind: 'retryable', reason: 'network', durationMs: 0, responseHead: '', detail: `not sent: ${detail}` }
}

/** The URL as it may be stored and shown: a password in it is used, and never repeated. */
function withoutUser(url: string): string {
  return url.includes('@') ? url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1') : url
}

function factsOf(delivery: ClaimedDelivery, attempt: MadeAttempt): Record<string, unknown> {
  const { outcome, next } = attempt
  return {
    delivery_id: delivery.id,
    attempt_id: attempt.id,
    request_id: delivery.requestId,
    event_ids: delivery.eventIds.slice(0, MAX_LISTED_EVENTS),
    events: delivery.eventIds.length,
    integration: delivery.integration,
    provider: delivery.provider,
    connection_id: delivery.connectionId,
    destination: delivery.destination,
    attempt: delivery.attemptCount + 1,
    trigger: attempt.trigger,
    outcome: outcome.kind,
    status: outcome.status,
    duration_ms: outcome.durationMs,
    age_ms: attempt.startedAt - delivery.receivedAt,
    next: next.kind,
    ...(outcome.kind === 'accepted' ? {} : { reason: outcome.reason, detail: outcome.detail }),
    ...(next.kind === 'retry' ? { retry_at: next.dueAt, retry_reason: next.reason } : {}),
    ...(next.kind === 'dead' ? { death_reason: next.reason } : {}),
  }
}
