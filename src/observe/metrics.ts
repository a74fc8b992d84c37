/**
 * The numbers of one gateway, for Prometheus. Labels are names from the configuration and closed lists of words, never ids or URLs, so
 * that the number of series is bounded by the configuration.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DeliveryState, Outcome } from '../domain/delivery.ts'
import type { RequestOutcome } from '../engine/ports.ts'
import type { SyncObserver } from '../engine/sync/ports/sync-observer.ts'

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
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'postern_requests_total',
    help: 'Requests from providers, by what became of them.',
    labelNames: ['provider', 'outcome'],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'postern_request_duration_seconds',
    help: 'Time from the first byte of a request to the decision on it.',
    labelNames: ['provider'],
    buckets: REQUEST_BUCKETS,
    registers,
  })
  const attempts = new Counter({
    name: 'postern_delivery_attempts_total',
    help: 'Attempts to deliver, by outcome.',
    labelNames: ['destination', 'outcome'],
    registers,
  })
  const attemptSeconds = new Histogram({
    name: 'postern_delivery_attempt_duration_seconds',
    help: 'Time an attempt took.',
    labelNames: ['destination'],
    buckets: ATTEMPT_BUCKETS,
    registers,
  })
  const syncRuns = new Counter({
    name: 'postern_sync_runs_total',
    help: 'Sync runs that ended, by type and outcome.',
    labelNames: ['integration', 'sync', 'type', 'outcome'],
    registers,
  })
  const syncSeconds = new Histogram({
    name: 'postern_sync_run_duration_seconds',
    help: 'Time a sync run took, with its waits.',
    labelNames: ['integration', 'sync'],
    buckets: SYNC_BUCKETS,
    registers,
  })
  const records = new Counter({
    name: 'postern_sync_records_total',
    help: 'Records that sync runs changed, by what became of them.',
    labelNames: ['integration', 'sync', 'action'],
    registers,
  })
  const missed = new Counter({
    name: 'postern_missed_webhooks_total',
    help: 'Changes that only the schedule found although a webhook should have told of them.',
    labelNames: ['integration', 'sync'],
    registers,
  })
  const depth = new Gauge({
    name: 'postern_queue_depth',
    help: 'Deliveries in the store, by state.',
    labelNames: ['state'],
    registers,
  })
  const oldest = new Gauge({
    name: 'postern_queue_oldest_seconds',
    help: 'Age of the oldest pending delivery; 0 when there is none.',
    registers,
  })
  const memory = new Gauge({ name: 'postern_resident_memory_bytes', help: 'Memory of the process.', registers })
  const build = new Gauge({
    name: 'postern_build_info',
    help: 'Always 1; the labels say what is running.',
    labelNames: ['version', 'node'],
    registers,
  })
  build.labels(hooks.version, process.version).set(1)

  return {
    requestAnswered({ provider, outcome, durationMs }) {
      requests.labels(provider, outcome).inc()
      requestSeconds.labels(provider).observe(durationMs / 1_000)
    },
    attemptMade({ destination, outcome, durationMs }) {
      attempts.labels(destination, outcome).inc()
      attemptSeconds.labels(destination).observe(durationMs / 1_000)
    },
    runEnded({ key: { integration, sync }, type, outcome, counts, durationMs }) {
      syncRuns.labels(integration, sync, type, outcome).inc()
      syncSeconds.labels(integration, sync).observe(durationMs / 1_000)
      records.labels(integration, sync, 'added').inc(counts.added)
      records.labels(integration, sync, 'updated').inc(counts.updated)
      records.labels(integration, sync, 'deleted').inc(counts.deleted)
    },
    webhookMissed({ integration, sync }) {
      missed.labels(integration, sync).inc()
    },
    async render() {
      memory.set(process.memoryUsage.rss())
      depth.reset()
      oldest.reset()
      try {
        const { deliveries, oldestPendingAt } = await hooks.queue()
        for (const [state, count] of Object.entries(deliveries)) depth.labels(state).set(count)
        oldest.set(oldestPendingAt === null ? 0 : Math.max(0, hooks.now() - oldestPendingAt) / 1_000)
      } catch {
        // The other numbers are worth having most when the store is in trouble.
      }
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
