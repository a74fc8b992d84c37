import { expect, test } from 'vitest'
import type { ReceivedEvent } from '../../../src/domain/event.ts'
import type { EventId } from '../../../src/domain/ids.ts'
import { ACME, CONTACTS, INTEGRATION, startSyncing } from './syncing.ts'

const EVENT: ReceivedEvent = {
  id: 'evt_1' as EventId,
  position: 0,
  type: 'contact.creation',
  dedupeKey: null,
  occurredAt: null,
  match: { kind: 'matched', connections: [ACME], field: 'connection_id' },
}

test('keeps nothing of events for a sync that nobody has started, and takes them once it is', async () => {
  const syncing = await startSyncing({ syncs: { contacts: { ...CONTACTS, auto_start: false } } })
  const { engine, store } = syncing
  const accept = () =>
    engine.onAccepted({ integration: INTEGRATION, events: [EVENT], views: [], duplicates: new Set() })
  const triggeredAt = async () =>
    (await store.syncStatus({ integration: INTEGRATION, connectionId: null, syncs: null }))[0]
  const asked: number[] = []
  const addTriggers = store.addTriggers.bind(store)
  Object.assign(store, {
    addTriggers(request: Parameters<typeof addTriggers>[0]) {
      asked.push(request.triggers.length)
      return addTriggers(request)
    },
  })
  await accept()
  expect(asked).toEqual([])
  expect(await triggeredAt()).toMatchObject({ isPaused: true, lastRun: null })

  await engine.control.start({ integration: INTEGRATION, connectionId: ACME, syncs: null })
  await syncing.untilEnded(1)
  await accept()
  expect(asked).toEqual([1])
  await syncing.untilEnded(2)
})
