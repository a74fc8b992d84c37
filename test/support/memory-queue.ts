/**
 * A delivery queue in memory, for tests of what stands on top of the port. It keeps the port's promises (leases, fences, order) in
 * the plainest way, and can be told to be out of order itself.
 */
import type { ClaimedDelivery, DeathReason } from '../../src/domain/delivery.ts'
import type {
  ConnectionId,
  DeliveryId,
  DestinationName,
  EventId,
  IntegrationKey,
  RequestId,
} from '../../src/domain/ids.ts'
import type {
  AttemptRecord,
  Clock,
  DeliveryQueue,
  DestinationControl,
  DestinationPause,
} from '../../src/engine/ports.ts'

export interface QueuedDelivery {
  readonly delivery: ClaimedDelivery
  state: 'pending' | 'in_flight' | 'delivered' | 'dead' | 'cancelled'
  dueAt: number
  leaseUntil: number
  fence: number
  attempts: AttemptRecord[]
  deathReason: DeathReason | null
}

export interface MemoryQueue extends DeliveryQueue, DestinationControl {
  readonly rows: Map<DeliveryId, QueuedDelivery>
  /** Stores a delivery as pending and due now. */
  add(delivery: ClaimedDelivery): void
  /** Stores a delivery as leased, for the hand-off. */
  addLeased(delivery: ClaimedDelivery, leaseUntil: number): void
  state(id: DeliveryId): QueuedDelivery['state'] | undefined
  countOf(state: QueuedDelivery['state']): number
  /** While set, every verb rejects with it. */
  failWith(error: Error | null): void
  readonly claimCount: number
}

export function createMemoryQueue(clock: Pick<Clock, 'now'>): MemoryQueue {
  const rows = new Map<DeliveryId, QueuedDelivery>()
  let failure: Error | null = null
  let claimCount = 0
  const pauses = new Map<DestinationName, DestinationPause>()

  function put(delivery: ClaimedDelivery, state: 'pending' | 'in_flight', leaseUntil: number): void {
    const { fence } = delivery
    rows.set(delivery.id, { delivery, state, dueAt: clock.now(), leaseUntil, fence, attempts: [], deathReason: null })
  }

  async function available(): Promise<void> {
    await Promise.resolve()
    if (failure !== null) throw failure
  }

  return {
    rows,
    add: (delivery) => put(delivery, 'pending', 0),
    addLeased: (delivery, leaseUntil) => put(delivery, 'in_flight', leaseUntil),
    state: (id) => rows.get(id)?.state,
    countOf: (state) => [...rows.values()].filter((row) => row.state === state).length,
    failWith(error) {
      failure = error
    },
    get claimCount() {
      return claimCount
    },

    async claimDueDeliveries({ destination, now, limit, leaseUntil }) {
      await available()
      claimCount += 1
      const due = [...rows.values()]
        .filter((row) => row.delivery.destination === destination)
        .filter(
          (row) =>
            (row.state === 'pending' && row.dueAt <= now) || (row.state === 'in_flight' && row.leaseUntil <= now),
        )
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
      return due.map((row) => {
        row.state = 'in_flight'
        row.leaseUntil = leaseUntil
        row.fence += 1
        return { ...row.delivery, fence: row.fence, attemptCount: row.attempts.length }
      })
    },

    async nextDueTimes() {
      await available()
      const times = new Map<DestinationName, number>()
      for (const row of rows.values()) {
        const at = row.state === 'pending' ? row.dueAt : row.state === 'in_flight' ? row.leaseUntil : null
        if (at !== null) times.set(row.delivery.destination, Math.min(at, times.get(row.delivery.destination) ?? at))
      }
      return times
    },

    async recordAttempt(attempt) {
      await available()
      const row = rows.get(attempt.deliveryId)
      if (row === undefined || row.state !== 'in_flight' || row.fence !== attempt.fence) return false
      row.attempts.push(attempt)
      row.state = attempt.next.kind === 'done' ? 'delivered' : attempt.next.kind === 'dead' ? 'dead' : 'pending'
      if (attempt.next.kind === 'retry') row.dueAt = attempt.next.dueAt
      if (attempt.next.kind === 'dead') row.deathReason = attempt.next.reason
      return true
    },

    async releaseLeases() {
      await available()
      const leased = [...rows.values()].filter((row) => row.state === 'in_flight')
      for (const row of leased) {
        row.state = 'pending'
        row.fence += 1
      }
      return leased.length
    },

    async shiftDueTimes({ byMs, now }) {
      await available()
      const later = [...rows.values()].filter((row) => row.state === 'pending' && row.dueAt > now)
      for (const row of later) row.dueAt -= byMs
      return later.length
    },

    async returnDeliveries({ deliveries, now }) {
      await available()
      let count = 0
      for (const { id, fence } of deliveries) {
        const row = rows.get(id)
        if (row === undefined || row.state !== 'in_flight' || row.fence !== fence) continue
        row.state = 'pending'
        row.dueAt = now
        count += 1
      }
      return count
    },

    async cancelDelivery({ id, states }) {
      await available()
      const row = rows.get(id)
      if (row === undefined) return 'unknown'
      if (row.state === 'in_flight') return 'in_flight'
      if (!states.includes(row.state)) return 'other_state'
      row.state = 'cancelled'
      return 'cancelled'
    },

    async keepOrderOf() {
      await available()
      return 0
    },

    async pauseDestination({ destination, reason, now }) {
      await available()
      const pause = pauses.get(destination) ?? { destination, since: now, reason }
      pauses.set(destination, pause)
      return pause
    },

    async resumeDestination(destination) {
      await available()
      return pauses.delete(destination)
    },

    async listPauses() {
      await available()
      return [...pauses.values()]
    },

    async replayDelivery({ id, now }) {
      await available()
      const row = rows.get(id)
      if (row === undefined) return 'unknown'
      if (row.state === 'in_flight') return 'in_flight'
      row.state = 'pending'
      row.dueAt = now
      return 'replayed'
    },
  }
}

/** A delivery of one event of connection `acme`, with what a test does not care about filled in. */
export function someDelivery(
  given: Partial<ClaimedDelivery> & { id: DeliveryId; destination: DestinationName },
): ClaimedDelivery {
  return {
    connectionId: 'acme' as ConnectionId,
    body: 'wrapped',
    eventIds: ['evt_1' as EventId],
    positions: null,
    urlOverride: null,
    requestId: 'req_1' as RequestId,
    integration: 'github-prod' as IntegrationKey,
    provider: 'github',
    attemptCount: 0,
    fence: 1,
    receivedAt: 0,
    payload: {
      kind: 'json',
      bytes: Buffer.from('{"a":1}'),
      batchPath: null,
      contentType: 'application/json',
      headers: {},
    },
    ...given,
  }
}
