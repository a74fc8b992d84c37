/**
 * The numbers of one gateway, for Prometheus. Labels are names from the configuration and closed lists of words, never ids or URLs, so
 * that the number of series is bounded by the configuration.
 */
import type { DeliveryState, Outcome } from '../domain/delivery.ts'
import type { RequestOutcome } from '../engine/ports.ts'
import type { SyncObserver } from '../engine/sync/ports/sync-observer.ts'
import { CONTENT_TYPE, Counter, exposition, Gauge, Histogram } from './series.ts'

export interface Metrics extends SyncObserver {
  requestAnswered(request: { provider: string; outcome: RequestOutcome | 'unavailable'; durationMs: number }): void
  attemptMade(attempt: { destination: string; outcome: Outcome['kind']; durationMs: number }): void
  /** In the text format of Prometheus; asks the hooks for the state of the queue. */
  render(): Promise<{ contentType: string; text: string }>
}

export interface MetricsHooks {
  readonly version: string
  readonly now: () => number
  /** Asked at each scrape. A rejection leaves the numbers out. */
  readonly queue: () => Promise<{ deliveries: Readonly<Record<DeliveryState, number>>; oldestPendingAt: number | null }>
}

/** Seconds. Accepting takes milliseconds, an attempt up to its timeout. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const SYNC_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200]
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60]

export function createMetrics(hooks: MetricsHooks): Metrics {
  const requests = new Counter({
    name: 'postern_requests_total',
    help: 'Requests from providers, by what became of them.',
    labels: ['provider', 'outcome'],
  })
  const requestSeconds = new Histogram({
    name: 'postern_request_duration_seconds',
    help: 'Time from the first byte of a request to the decision on it.',
    labels: ['provider'],
    buckets: REQUEST_BUCKETS,
  })
  const attempts = new Counter({
    name: 'postern_delivery_attempts_total',
    help: 'Attempts to deliver, by outcome.',
    labels: ['destination', 'outcome'],
  })
  const attemptSeconds = new Histogram({
    name: 'postern_delivery_attempt_duration_seconds',
    help: 'Time an attempt took.',
    labels: ['destination'],
    buckets: ATTEMPT_BUCKETS,
  })
  const syncRuns = new Counter({
    name: 'postern_sync_runs_total',
    help: 'Sync runs that ended, by type and outcome.',
    labels: ['integration', 'sync', 'type', 'outcome'],
  })
  const syncSeconds = new Histogram({
    name: 'postern_sync_run_duration_seconds',
    help: 'Time a sync run took, with its waits.',
    labels: ['integration', 'sync'],
    buckets: SYNC_BUCKETS,
  })
  const records = new Counter({
    name: 'postern_sync_records_total',
    help: 'Records that sync runs changed, by what became of them.',
    labels: ['integration', 'sync', 'action'],
  })
  const missed = new Counter({
    name: 'postern_missed_webhooks_total',
    help: 'Changes that only the schedule found although a webhook should have told of them.',
    labels: ['integration', 'sync'],
  })
  const depth = new Gauge({
    name: 'postern_queue_depth',
    help: 'Deliveries in the store, by state.',
    labels: ['state'],
  })
  const oldest = new Gauge({
    name: 'postern_queue_oldest_seconds',
    help: 'Age of the oldest pending delivery; 0 when there is none.',
  })
  const memory = new Gauge({ name: 'postern_resident_memory_bytes', help: 'Memory of the process.' })
  const build = new Gauge({
    name: 'postern_build_info',
    help: 'Always 1; the labels say what is running.',
    labels: ['version', 'node'],
  })
  build.set([hooks.version, process.version], 1)
  const all = [
    requests,
    requestSeconds,
    attempts,
    attemptSeconds,
    syncRuns,
    syncSeconds,
    records,
    missed,
    depth,
    oldest,
    memory,
    build,
  ]

  return {
    requestAnswered({ provider, outcome, durationMs }) {
      requests.count([provider, outcome])
      requestSeconds.observe([provider], durationMs / 1_000)
    },
    attemptMade({ destination, outcome, durationMs }) {
      attempts.count([destination, outcome])
      attemptSeconds.observe([destination], durationMs / 1_000)
    },
    runEnded({ key: { integration, sync }, type, outcome, counts, durationMs }) {
      syncRuns.count([integration, sync, type, outcome])
      syncSeconds.observe([integration, sync], durationMs / 1_000)
      records.count([integration, sync, 'added'], counts.added)
      records.count([integration, sync, 'updated'], counts.updated)
      records.count([integration, sync, 'deleted'], counts.deleted)
    },
    webhookMissed({ integration, sync }) {
      missed.count([integration, sync])
    },
    async render() {
      memory.set([], process.memoryUsage.rss())
      depth.reset()
      oldest.reset()
      try {
        const { deliveries, oldestPendingAt } = await hooks.queue()
        for (const [state, count] of Object.entries(deliveries)) depth.set([state], count)
        oldest.set([], oldestPendingAt === null ? 0 : Math.max(0, hooks.now() - oldestPendingAt) / 1_000)
      } catch {
        // The other numbers are worth having most when the store is in trouble.
      }
      return { contentType: CONTENT_TYPE, text: exposition(all) }
    },
  }
}
