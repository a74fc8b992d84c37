/**
 * Brings the outcome of attempts into the store, and does not let go of one because the store is out for a moment: it tries again
 * until it is written, the lease turns out to be lost, or the gateway stops. Losing an outcome would not lose the delivery (its lease
 * lapses and it is attempted again), but the app would see it twice.
 */
import type { Clock, DeliveryQueue, Journal } from '../ports.ts'
import type { MadeAttempt } from './attempt.ts'

/** The part of a lease that a claim may renew while the attempt is under way. */
export interface Lease {
  fence: number
}

export interface Recorder {
  /**
   * Resolves when there is nothing left to do for this outcome: with the fence it was written under, or with null when it was given up;
   * never rejects.
   */
  record(lease: Lease, attempt: MadeAttempt): Promise<number | null>
  /** So many outcomes wait for the store that no further attempt should be made. */
  isFull(): boolean
  waiting(): number
  /** Gives up what is not written; the leases of these deliveries bring them back. */
  abandon(): void
}

/** An outcome holds at most 1 KB of the answer, so this many take some 10 MB. */
const MAX_WAITING = 4_096
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

export function createRecorder(parts: {
  queue: DeliveryQueue
  clock: Clock
  journal: Journal
  /** Called when the recorder is no longer full. */
  onRoom: () => void
}): Recorder {
  const { queue, clock, journal, onRoom } = parts
  let waiting = 0
  let isAbandoned = false
  const sleeping = new Set<() => void>()

  async function record(lease: Lease, attempt: MadeAttempt): Promise<number | null> {
    waiting += 1
    try {
      return await write(lease, attempt)
    } finally {
      waiting -= 1
      if (waiting === MAX_WAITING - 1) onRoom()
    }
  }

  async function write(lease: Lease, attempt: MadeAttempt): Promise<number | null> {
    let waitMs = FIRST_WAIT_MS
    for (;;) {
      if (isAbandoned) return null
      const { fence } = lease
      try {
        if (await queue.recordAttempt({ ...attempt, fence })) return fence
        if (lease.fence !== fence) continue // our own lapsed lease came back to us meanwhile
        journal.warn('delivery.lease_lost', { delivery_id: attempt.deliveryId, attempt_id: attempt.id, fence })
        return null
      } catch (error) {
        journal.warn('attempt.unrecorded', { delivery_id: attempt.deliveryId, attempt_id: attempt.id, error })
      }
      await sleep(waitMs)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }

  /** Ends early, or does not begin, when waiting has become pointless. */
  function sleep(ms: number): Promise<void> {
    if (isAbandoned) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = clock.after(ms, wake)
      function wake(): void {
        timer.cancel()
        sleeping.delete(wake)
        resolve()
      }
      sleeping.add(wake)
    })
  }

  return {
    record,
    isFull: () => waiting >= MAX_WAITING,
    waiting: () => waiting,
    abandon() {
      isAbandoned = true
      for (const wake of sleeping) wake()
    },
  }
}
