/** The sync store that tests of the engine run on promises what the real ones do. */
import type { Connection } from '../../../src/domain/connection.ts'
import type { ClaimedDelivery } from '../../../src/domain/delivery.ts'
import { createMemorySyncStore, type MemorySyncStore } from '../../support/memory-sync-store.ts'
import { describeSyncStore } from './sync-describe.ts'
import type { OpenedSyncStore, SyncTestStore } from './sync-given.ts'

describeSyncStore('memory', async () => openedOn(createMemorySyncStore()))

/** It has no file: opened again it is what it was. */
function openedOn(memory: MemorySyncStore): OpenedSyncStore {
  const claimed = new Set<string>()
  const around: Omit<SyncTestStore, keyof MemorySyncStore> = {
    putConnection(input, now) {
      const { integration, connectionId, credentials, ...rest } = input
      memory.addConnection(integration, connectionId, credentials ?? undefined)
      const connection: Connection = { integration, connectionId, ...rest, createdAt: now, updatedAt: now }
      return Promise.resolve({ connection, isNew: true, released: 0 } as never)
    },
    changeConnection(integration, connectionId, { credentials }) {
      if (credentials != null) memory.addConnection(integration, connectionId, credentials)
      return Promise.resolve(null)
    },
    deleteConnection(integration, connectionId) {
      memory.removeConnection(integration, connectionId)
      return Promise.resolve(true)
    },
    claimDueDeliveries({ destination, limit }) {
      const due = memory.notices.filter((notice) => notice.destination === destination && !claimed.has(notice.id))
      for (const { id } of due.slice(0, limit)) claimed.add(id)
      const shape = { body: 'raw', eventIds: [], positions: null } as const
      return Promise.resolve(
        due.slice(0, limit).map((notice) => ({ ...notice, ...shape }) as unknown as ClaimedDelivery),
      )
    },
    listRequests: () => Promise.resolve({ items: [], nextCursor: null }),
    getRequest: () => Promise.resolve(null),
    listDeliveries: ({ integration }) =>
      Promise.resolve({
        items: memory.notices.filter((notice) => notice.integration === integration) as never[],
        nextCursor: null,
      }),
  }
  return {
    store: { ...memory, ...around },
    reopen: () => Promise.resolve(openedOn(memory)),
    dispose: () => Promise.resolve(),
  }
}
