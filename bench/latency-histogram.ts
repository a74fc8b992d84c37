/**
 * Latencies counted in buckets of 10 us, up to 10 s: a million of them cost one increment each and no sorting, because the load
 * generator shares the cores with what it measures.
 */
const BUCKETS_PER_MS = 100
const BUCKET_COUNT = 10_000 * BUCKETS_PER_MS

export interface LatencySummary {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export class LatencyHistogram {
  readonly #buckets = new Uint32Array(BUCKET_COUNT)
  #count = 0
  #maxMs = 0

  add(ms: number): void {
    const bucket = Math.min(BUCKET_COUNT - 1, Math.max(0, Math.floor(ms * BUCKETS_PER_MS)))
    this.#buckets[bucket]! += 1
    this.#count += 1
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
      maxMs: Number(this.#maxMs.toFixed(2)),
    }
  }

  /** The upper end of the bucket in which this share is reached. */
  #quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket += 1) {
      seen += this.#buckets[bucket]!
      if (seen >= wanted) return (bucket + 1) / BUCKETS_PER_MS
    }
    return 0
  }
}
