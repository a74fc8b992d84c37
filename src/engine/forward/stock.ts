/**
 * How many deliveries a lane holds for each slot, so that it neither runs dry while the store answers a claim nor holds what it will
 * not come to soon. A slow destination gets few, whose leases outlast even attempts that all take the whole time; a quick one gets
 * what goes out within a fraction of a second, because a claim is a commit: a backlog of 6,000 took 181 claims
 * with 4 for each of 16 slots, and 46 this way.
 */
const LEAST_PER_SLOT = 4
const MOST_PER_SLOT = 32
const AHEAD_MS = 250
/** Share of the newest attempt in the average: one that times out ends the large stock at once. */
const WEIGHT = 1 / 8

export class Stock {
  #attemptMs: number | null = null

  attemptTook(durationMs: number): void {
    this.#attemptMs = this.#attemptMs === null ? durationMs : this.#attemptMs + (durationMs - this.#attemptMs) * WEIGHT
  }

  /** Waiting and under way; before anything was attempted, the least. */
  perSlot(): number {
    if (this.#attemptMs === null) return LEAST_PER_SLOT
    return Math.min(MOST_PER_SLOT, Math.max(LEAST_PER_SLOT, Math.floor(AHEAD_MS / Math.max(this.#attemptMs, 1))))
  }
}

/**
 * How long a lease must be for a delivery to pass through the lane of a slow destination. Where one is slow of a sudden, what its lease
 * is too short for goes back to the store.
 */
export function leaseMsFor(timeoutMs: number): number {
  return (LEAST_PER_SLOT + 1) * timeoutMs + LEASE_MARGIN_MS
}

const LEASE_MARGIN_MS = 30_000
