import { describe, expect, test } from 'vitest'
import type { ReceivedEvent } from '../../../src/domain/event.ts'
import type { RequestView } from '../../../src/domain/expression.ts'
import type { EventId } from '../../../src/domain/ids.ts'
import type { SyncDeclaration } from '../../../src/domain/provider-spec.gen.ts'
import { ACME, CONTACTS, INTEGRATION, startSyncing, type Syncing, until } from './syncing.ts'

const HOUR = 3_600_000
let eventCount = 0

/** One accepted event of `acme`, as the receiving side hands it over. */
async function accept(
  syncing: Syncing,
  type: string,
  event: Record<string, unknown> = {},
  isDuplicate = false,
): Promise<void> {
  const received: ReceivedEvent = {
    id: `evt_${(eventCount += 1)}` as EventId,
    position: 0,
    type,
    dedupeKey: null,
    occurredAt: null,
    match: { kind: 'matched', connections: [ACME], field: 'connection_id' },
  }
  const view: RequestView = {
    method: 'POST',
    url: '',
    path: '',
    headers: {},
    query: {},
    body: event,
    raw: '',
    event,
    options: {},
    now: 0,
  }
  const duplicates = new Set(isDuplicate ? [received.id] : [])
  await syncing.engine.onAccepted({ integration: INTEGRATION, events: [received], views: [view], duplicates })
}

describe('runs', () => {
  test('makes one run of 400 events within the window, after the last of them', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
    await syncing.untilEnded(1)
    for (let at = 0; at < 400; at += 1) await accept(syncing, 'contact.creation', { objectId: at })
    syncing.apis.put(3, '2026-03-02T10:02:00.000Z')
    const [run] = await syncing.untilEnded(2)
    expect(run).toMatchObject({ cause: 'webhook', triggers: 400, type: 'INCREMENTAL', counters: { added: 1 } })
    syncing.clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await syncing.runs()).toHaveLength(2)
    expect(syncing.journal.find(({ facts }) => facts['triggers'] === 400)).toMatchObject({ name: 'sync.finished' })
  })

  test('makes exactly one more run of all that comes during a run', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(7) })
    await syncing.untilEnded(1)
    let isInside = false
    syncing.apis.beforeAnswer(() => {
      if (isInside) return
      isInside = true
      for (let at = 0; at < 5; at += 1) void accept(syncing, 'contact.creation')
    })
    await accept(syncing, 'contact.creation')
    const runs = await syncing.untilEnded(3)
    expect(runs.map(({ triggers }) => triggers)).toEqual([5, 1, 0])
    syncing.clock.advance(60_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await syncing.runs()).toHaveLength(3)
  })

  test('leaves the schedule where it was', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS } })
    await syncing.untilEnded(1)
    const status = async () =>
      (await syncing.engine.control.status({ integration: INTEGRATION, connectionId: null, syncs: null }))[0]!.nextDueAt
    const before = await status()
    await accept(syncing, 'contact.creation')
    await syncing.untilEnded(2)
    expect(await status()).toBe(before)
  })

  test('does nothing for events that no pattern names, nor for unmatched ones', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS } })
    await syncing.untilEnded(1)
    await accept(syncing, 'deal.creation')
    expect(await syncing.store.nextTriggerDueAt()).toBeNull()
  })
})

describe('single objects', () => {
  test('fetches the object that an event names, and deletes it where the provider knows it no more', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
    await syncing.untilEnded(1)
    syncing.apis.put(1, '2026-03-02T10:02:00.000Z', 'renamed')
    syncing.apis.items.delete('2')
    await accept(syncing, 'contact.propertyChange', { objectId: 1 })
    await accept(syncing, 'contact.propertyChange', { objectId: 2 })
    await until(async () => (await syncing.records()).some(({ action }) => action === 'DELETED'))
    expect(await syncing.records()).toMatchObject([
      { id: '1', action: 'UPDATED', payload: { name: 'renamed' } },
      { id: '2', action: 'DELETED' },
    ])
    expect(syncing.told().at(-1)).toMatchObject({ type: 'sync', syncType: 'WEBHOOK', success: true })
  })

  test('takes the record from the event, and forwards the result where it is told to', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS } })
    await syncing.untilEnded(1)
    await accept(syncing, 'contact.merge', { objectId: 77, name: 'merged' })
    await until(() => syncing.told().length === 2)
    expect(syncing.told()).toMatchObject([
      { type: 'sync', syncType: 'WEBHOOK', responseResults: { added: 1, updated: 0, deleted: 0 } },
      {
        from: 'hubspot',
        type: 'forward',
        providerConfigKey: 'crm-prod',
        connectionId: 'acme',
        payload: { id: 77, name: 'merged' },
      },
    ])
  })

  test('fetches anew instead of taking an old record from an event that came before', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
    await syncing.untilEnded(1)
    await accept(syncing, 'contact.merge', { objectId: 1, name: 'stale' }, true)
    const [run] = await syncing.untilEnded(2)
    expect(run).toMatchObject({ cause: 'webhook', counters: { added: 0, updated: 0 } })
    expect((await syncing.records()).map(({ payload }) => payload['name'])).not.toContain('stale')
  })

  test('applies events of one object in their order', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS } })
    await syncing.untilEnded(1)
    await Promise.all([
      accept(syncing, 'contact.merge', { objectId: 1, name: 'first' }),
      accept(syncing, 'contact.deletion', { objectId: 1 }),
      accept(syncing, 'contact.merge', { objectId: 1, name: 'last' }),
    ])
    await until(
      async () => (await syncing.records()).length === 1 && (await syncing.records())[0]?.payload['name'] === 'last',
    )
  })

  test('runs instead where an event has no id to fetch, and where fetching fails', async () => {
    const syncing = await startSyncing({ syncs: { contacts: CONTACTS }, setUp: (apis) => apis.fill(2) })
    await syncing.untilEnded(1)
    await accept(syncing, 'contact.propertyChange', {})
    expect((await syncing.untilEnded(2))[0]).toMatchObject({ cause: 'webhook', type: 'INCREMENTAL' })
    syncing.apis.failNext({ status: 400, body: '{}' })
    await accept(syncing, 'contact.propertyChange', { objectId: 1 })
    await until(async () => {
      syncing.clock.advance(1_000)
      return (await syncing.runs()).filter(({ state }) => state === 'succeeded').length === 3
    })
    expect((await syncing.runs()).some(({ type, state }) => type === 'WEBHOOK' && state === 'failed')).toBe(true)
  })

  test.each([
    ['ignore_if_modified_after', 'from the webhook', 1],
    ['override', 'item 1', 0],
  ] as const)('keeps to %s when a webhook writes while a page is under way', async (conflict, name, ignored) => {
    const declaration: SyncDeclaration = {
      ...CONTACTS,
      conflict,
      records: 'response.body.results.{ "id": id, "name": properties.firstname }',
      checkpoint: {},
    }
    const syncing = await startSyncing({ syncs: { contacts: declaration }, setUp: (apis) => apis.fill(1) })
    await syncing.untilEnded(1)
    // The page is asked for; while the provider holds it back, the webhook writes; then the page comes with the older state.
    const page = syncing.apis.holdNext()
    await syncing.engine.control.trigger({
      integration: INTEGRATION,
      connectionId: ACME,
      syncs: null,
      isFull: true,
      emptiesCache: false,
    })
    await page.isAsked
    syncing.clock.advance(1_000)
    await accept(syncing, 'contact.merge', { objectId: 1, name: 'from the webhook' })
    await until(async () => (await syncing.records())[0]?.payload['name'] === 'from the webhook')
    page.release()
    const runs = await syncing.untilEnded(3)
    expect(runs.find(({ cause }) => cause === 'request')?.counters).toMatchObject({ ignored })
    expect((await syncing.records())[0]?.payload['name']).toBe(name)
  })
})

describe('the gap detector', () => {
  const events: SyncDeclaration = { ...CONTACTS, on: { 'contact.propertyChange': { fetch: 'event.objectId' } } }
  const missed = async (syncing: Syncing) =>
    (await syncing.store.listMissedWebhooks({}, { limit: 10, after: null })).items.map(({ recordId, action }) => ({
      recordId,
      action,
    }))

  /** After a first run and one event, so that it is known that events come. */
  async function subscribed(): Promise<Syncing> {
    const syncing = await startSyncing({ syncs: { contacts: events }, setUp: (apis) => apis.fill(3) })
    await syncing.untilEnded(1)
    await accept(syncing, 'contact.propertyChange', { objectId: 1 })
    await until(async () =>
      (await syncing.runs()).some(({ type, state }) => type === 'WEBHOOK' && state === 'succeeded'),
    )
    return syncing
  }

  test('reports a change that the schedule found and no webhook announced', async () => {
    const syncing = await subscribed()
    syncing.apis.put(2, '2026-03-02T10:30:00.000Z', 'changed in silence')
    syncing.clock.advance(HOUR * 1.1)
    await syncing.untilEnded(3)
    expect(await missed(syncing)).toEqual([])
    await until(async () => {
      syncing.clock.advance(10_000)
      return (await missed(syncing)).length > 0
    })
    expect(await missed(syncing)).toEqual([{ recordId: '2', action: 'UPDATED' }])
    expect(syncing.journal.find(({ name }) => name === 'webhook.missed')?.facts).toMatchObject({ record_id: '2' })
  })

  test('takes the suspicion back when the webhook is only late', async () => {
    const syncing = await subscribed()
    syncing.apis.put(2, '2026-03-02T10:30:00.000Z', 'changed')
    syncing.clock.advance(HOUR * 1.1)
    await syncing.untilEnded(3)
    await accept(syncing, 'contact.propertyChange', { objectId: 2 })
    syncing.clock.advance(HOUR / 4)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await missed(syncing)).toEqual([])
  })

  test('suspects nothing where no event has ever come', async () => {
    const syncing = await startSyncing({ syncs: { contacts: events }, setUp: (apis) => apis.fill(3) })
    await syncing.untilEnded(1)
    syncing.apis.put(2, '2026-03-02T10:30:00.000Z', 'changed')
    syncing.clock.advance(HOUR * 1.1)
    await syncing.untilEnded(2)
    syncing.clock.advance(HOUR / 4)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await missed(syncing)).toEqual([])
  })
})
