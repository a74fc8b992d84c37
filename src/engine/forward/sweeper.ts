/**
 * Keeps the store from growing without bound: deletes what is past its retention, in small batches with pauses between them, so that
 * the writer's thread always has more time for requests than for this. Then gives unused pages back to the file system.
 */
import type { Clock, Journal, RetentionStore, Swept } from '../ports.ts'

/** How long each kind of thing is kept, in ms. */
export interface RetentionSettings {
  readonly acceptedMs: number
  readonly refusedMs: number
  readonly attemptsMs: number
  readonly heldMs: number
}

export interface Sweeper {
  start(): void
  /** Lets the batch under way end. */
  stop(): Promise<void>
}

/** Rows of a batch: some 3 ms of the writer's time. */
const BATCH = 50
const PAGES_PER_STEP = 64
const SHORTEST_PAUSE_MS = 10
/** After a batch that took 10 ms the next one waits 30: a quarter of the time at most. */
const PAUSE_PER_WORK = 3
const LONGEST_INTERVAL_MS = 600_000
const SHORTEST_INTERVAL_MS = 1_000

export function createSweeper(parts: {
  store: RetentionStore
  retention: () => RetentionSettings
  clock: Clock
  journal: Journal
}): Sweeper {
  const { store, retention, clock, journal } = parts
  let isStopped = false
  let underWay: Promise<void> = Promise.resolve()
  let timer: { cancel(): void } | null = null
  let wake: (() => void) | null = null

  function schedule(): void {
    if (isStopped) return
    const shortest = Math.min(...Object.values(retention())) / 2
    const delayMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(LONGEST_INTERVAL_MS, shortest))
    timer = clock.after(delayMs, () => {
      underWay = sweep().then(schedule)
    })
  }

  /** Rejects never: what could not be deleted now is found by the next sweep. */
  async function sweep(): Promise<void> {
    try {
      const { acceptedMs, refusedMs, attemptsMs, heldMs } = retention()
      const now = clock.now()
      const held = await expireHeld(now - heldMs, now)
      const refused = await inBatches((after) => {
        return store.deleteRequests({ kind: 'refused', before: now - refusedMs, after, limit: BATCH })
      })
      const accepted = await inBatches((after) => {
        return store.deleteRequests({ kind: 'accepted', before: now - acceptedMs, after, limit: BATCH })
      })
      const attempts = await inBatches((after) => {
        return store.deleteAttempts({ before: now - attemptsMs, after, limit: BATCH })
      })
      await shrink()
      const swept = { accepted, refused, attempts, held }
      if (accepted + refused + attempts + held > 0) journal.record('retention.swept', swept)
    } catch (error) {
      if (!isStopped) journal.warn('retention.unswept', { error })
    }
  }

  async function inBatches(next: (after: string | null) => Promise<Swept>): Promise<number> {
    let total = 0
    let after: string | null = null
    for (;;) {
      const swept: Swept = await paced(() => next(after))
      total += swept.deleted
      after = swept.next
      if (after === null || isStopped) return total
    }
  }

  async function expireHeld(before: number, now: number): Promise<number> {
    let total = 0
    for (;;) {
      const count = await paced(() => store.expireHeld({ before, now, limit: BATCH }))
      total += count
      if (count < BATCH || isStopped) return total
    }
  }

  async function shrink(): Promise<void> {
    for (;;) {
      if (isStopped || (await paced(() => store.shrink({ pages: PAGES_PER_STEP }))) === 0) return
    }
  }

  /** Does it, then waits as the work took. */
  async function paced<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = clock.now()
    const result = await work()
    if (!isStopped) await pause(Math.max(SHORTEST_PAUSE_MS, PAUSE_PER_WORK * (clock.now() - startedAt)))
    return result
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const pausing = clock.after(ms, end)
      wake = end
      function end(): void {
        pausing.cancel()
        wake = null
        resolve()
      }
    })
  }

  return {
    start: schedule,
    async stop() {
      isStopped = true
      timer?.cancel()
      wake?.()
      await underWay
    },
  }
}
