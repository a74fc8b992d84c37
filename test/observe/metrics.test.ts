import { expect, test } from 'vitest'
import type { ConnectionId, IntegrationKey, SyncName } from '../../src/domain/ids.ts'
import { createMetrics } from '../../src/observe/metrics.ts'

const deliveries = { pending: 3, in_flight: 1, delivered: 9, dead: 2, held: 0, cancelled: 0 }
const hooks = {
  version: '1.2.3',
  now: () => 10_000,
  queue: () => Promise.resolve({ deliveries, oldestPendingAt: 4_000 }),
}

test('counts requests by provider and outcome, and attempts by destination and outcome', async () => {
  const metrics = createMetrics(hooks)
  metrics.requestAnswered({ provider: 'acme', outcome: 'accepted', durationMs: 3 })
  metrics.requestAnswered({ provider: 'acme', outcome: 'accepted', durationMs: 30 })
  metrics.requestAnswered({ provider: 'acme', outcome: 'refused', durationMs: 1 })
  metrics.attemptMade({ destination: 'app', outcome: 'retryable', durationMs: 2_000 })
  const { contentType, text } = await metrics.render()
  expect(contentType).toContain('text/plain')
  for (const line of [
    'postern_requests_total{provider="acme",outcome="accepted"} 2',
    'postern_requests_total{provider="acme",outcome="refused"} 1',
    'postern_request_duration_seconds_bucket{le="0.005",provider="acme"} 2',
    'postern_delivery_attempts_total{destination="app",outcome="retryable"} 1',
    'postern_delivery_attempt_duration_seconds_sum{destination="app"} 2',
    `postern_build_info{version="1.2.3",node="${process.version}"} 1`,
  ]) {
    expect(text.split('\n')).toContain(line)
  }
})

test('counts sync runs by outcome, the records they changed, and webhooks that were missed', async () => {
  const metrics = createMetrics(hooks)
  const key = {
    integration: 'crm' as IntegrationKey,
    connectionId: 'acme' as ConnectionId,
    sync: 'contacts' as SyncName,
  }
  const counts = { added: 5, updated: 2, deleted: 0 }
  metrics.runEnded({ key, type: 'INITIAL', outcome: 'succeeded', counts, durationMs: 2_000 })
  metrics.runEnded({ key, type: 'WEBHOOK', outcome: 'failed', counts: { ...counts, added: 0 }, durationMs: 10 })
  metrics.webhookMissed(key)
  const { text } = await metrics.render()
  for (const line of [
    'postern_sync_runs_total{integration="crm",sync="contacts",type="INITIAL",outcome="succeeded"} 1',
    'postern_sync_runs_total{integration="crm",sync="contacts",type="WEBHOOK",outcome="failed"} 1',
    'postern_sync_records_total{integration="crm",sync="contacts",action="added"} 5',
    'postern_sync_records_total{integration="crm",sync="contacts",action="updated"} 4',
    'postern_sync_run_duration_seconds_bucket{le="5",integration="crm",sync="contacts"} 2',
    'postern_missed_webhooks_total{integration="crm",sync="contacts"} 1',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(text).not.toContain('acme')
})

test('asks for the queue when it is read', async () => {
  const { text } = await createMetrics(hooks).render()
  expect(text).toContain('postern_queue_depth{state="pending"} 3')
  expect(text).toContain('postern_queue_oldest_seconds 6')
})

test('an empty queue is zero seconds old', async () => {
  const { text } = await createMetrics({
    ...hooks,
    queue: () => Promise.resolve({ deliveries, oldestPendingAt: null }),
  }).render()
  expect(text).toContain('postern_queue_oldest_seconds 0')
})

test('tells the rest when the store does not answer', async () => {
  const metrics = createMetrics({ ...hooks, queue: () => Promise.reject(new Error('locked')) })
  metrics.requestAnswered({ provider: 'acme', outcome: 'unavailable', durationMs: 1 })
  const { text } = await metrics.render()
  expect(text).toContain('postern_requests_total{provider="acme",outcome="unavailable"} 1')
  expect(text).not.toContain('postern_queue_depth{')
})

test('two gateways in one process count for themselves', async () => {
  const one = createMetrics(hooks)
  const two = createMetrics(hooks)
  one.attemptMade({ destination: 'app', outcome: 'accepted', durationMs: 1 })
  expect((await two.render()).text).not.toContain('destination="app"')
})
