/**
 * Keeps syncs going: one timer for all of them. It claims what is due as far as there is room, runs it, renews the leases of what runs,
 * and sleeps until the store says that the next is due. Everything it knows is in the store; stopping it loses nothing.
 */
import type { Clock, Journal } from '../ports.ts'
import type { RunSync } from './run.ts'
import type { GapStore } from './ports/gap-store.ts'
import type { ScheduleStore, SyncLease } from './ports/schedule-store.ts'
import type { SyncObserver } from './ports/sync-observer.ts'
import type { TriggerStore } from './ports/trigger-store.ts'
import type { ApplyTriggers } from './webhook-run.ts'

export interface SchedulerDeps {
  readonly store: ScheduleStore & TriggerStore & GapStore
  readonly runSync: RunSync
  readonly applyTriggers: ApplyTriggers
  readonly clock: Clock
  readonly journal: Journal
  readonly observer?: SyncObserver
  /** Runs under way at once. */
  readonly concurrency: number
  readonly leaseMs: number
}

export interface Scheduler {
  /** Takes up what a crash has left, and begins. */
  start(): Promise<void>
  /** Says that something may be due. */
  wake(): void
  /** Lets runs end after the page under way, and gives their leases back. */
  stop(): Promise<void>
}

/** It looks at least so often, whatever the store has said. */
const MAX_SLEEP_MS = 60_000
/** After a fault of the store. */
const FAULT_PAUSE_MS = 1_000

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const { store, runSync, applyTriggers, clock, journal, concurrency, leaseMs } = deps
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const leases = new Map<SyncLease, AbortController>()
  let timer: { cancel(): void } | null = null
  let renewal: { cancel(): void } | null = null
  let looking: Promise<void> | null = null
  let isWoken = false
  let isStarted = false

  function wake(): void {
    if (!isStarted || stopping.signal.aborted) return
    isWoken = true
    looking ??= look().finally(() => {
      looking = null
      if (isWoken) wake() // woken between the last look and now
    })
  }

  async function look(): Promise<void> {
    while (isWoken && !stopping.signal.aborted) {
      isWoken = false
      timer?.cancel()
      timer = null
      try {
        await claim()
        for (const missed of await store.confirmMissedWebhooks({ now: clock.now(), limit: 100 })) {
          deps.observer?.webhookMissed(missed.key)
          journal.warn('webhook.missed', {
            ...keyFacts(missed.key),
            model: missed.model,
            record_id: missed.recordId,
            action: missed.action,
            run_id: missed.run,
          })
        }
        await sleep()
      } catch (error) {
        journal.error('sync.schedule_faulted', { error })
        timer = clock.after(FAULT_PAUSE_MS, wake)
      }
    }
  }

  async function claim(): Promise<void> {
    const room = concurrency - running.size
    if (room <= 0) return // whoever ends next wakes us
    const now = clock.now()
    const leaseUntil = now + leaseMs
    // Webhooks first: they are short, and somebody has just changed something.
    const triggers = await store.claimTriggers({ now, limit: room, leaseUntil })
    for (const claimed of triggers) begin(() => applyTriggers(claimed, stopping.signal))
    const left = concurrency - running.size
    if (left <= 0) return
    for (const claimed of await store.claimDueSyncs({ now, limit: left, leaseUntil })) {
      const own = new AbortController()
      const lease: SyncLease = { key: claimed.key, fence: claimed.fence }
      leases.set(lease, own)
      const signal = AbortSignal.any([own.signal, stopping.signal])
      begin(() => runSync(claimed, signal).finally(() => leases.delete(lease)))
    }
    if (leases.size > 0) renewal ??= clock.after(leaseMs / 3, () => void renew())
  }

  function begin(work: () => Promise<void>): void {
    const job = work()
      .catch((error: unknown) => {
        // Its lease lapses, and it is taken up again.
        if (!stopping.signal.aborted) journal.error('sync.faulted', { error })
      })
      .finally(() => {
        running.delete(job)
        wake()
      })
    running.add(job)
  }

  async function sleep(): Promise<void> {
    const [runDue, triggerDue] = await Promise.all([store.nextSyncDueAt(), store.nextTriggerDueAt()])
    if (stopping.signal.aborted) return
    const dueAt = Math.min(runDue ?? Infinity, triggerDue ?? Infinity)
    const hasRoom = running.size < concurrency
    const now = clock.now()
    // What is due but was not given out (a closed rate limit, no room) is looked at again in a second at the earliest.
    const delayMs = hasRoom ? Math.min(Math.max(dueAt - now, dueAt <= now ? 1_000 : 1), MAX_SLEEP_MS) : MAX_SLEEP_MS
    timer?.cancel()
    timer = clock.after(delayMs, wake)
  }

  async function renew(): Promise<void> {
    renewal = null
    for (const [lease, controller] of leases) {
      try {
        const isOurs = await store.renewSyncLease({ lease, leaseUntil: clock.now() + leaseMs })
        if (!isOurs && leases.has(lease)) controller.abort(new Error('the lease is lost'))
      } catch (error) {
        journal.error('sync.lease_faulted', { ...keyFacts(lease.key), error })
      }
    }
    if (leases.size > 0 && !stopping.signal.aborted) renewal ??= clock.after(leaseMs / 3, () => void renew())
  }

  return {
    async start() {
      const taken = await store.releaseSyncLeases({ now: clock.now() })
      if (taken > 0) journal.record('sync.resumed', { runs: taken })
      isStarted = true
      wake()
    },
    wake,
    async stop() {
      stopping.abort(new Error('the gateway stops'))
      timer?.cancel()
      renewal?.cancel()
      await looking
      await Promise.all(running)
      timer?.cancel()
      renewal?.cancel()
      if (isStarted) await store.releaseSyncLeases({ now: clock.now() })
    },
  }
}

function keyFacts(key: SyncLease['key']): Record<string, unknown> {
  return { integration: key.integration, connection_id: key.connectionId, sync: key.sync }
}
