/**
 * The store as the API changes it: whatever a change may have set free is woken at once, instead of waiting for the next look at the
 * queue. A connection that appears sets free what was held for it, and begins its syncs.
 */
import type { Dispatcher } from '../engine/forward/dispatcher.ts'
import type { ConnectionStore, DeliveryQueue, LogReader } from '../engine/ports.ts'
import type { SyncEngine } from '../engine/sync/engine.ts'

type ReplayAndCancel = Pick<DeliveryQueue, 'replayDelivery' | 'cancelDelivery'>

export function wakingConnections(
  store: ConnectionStore,
  dispatcher: Pick<Dispatcher, 'wake'>,
  syncs: Pick<SyncEngine, 'connectionChanged'>,
): ConnectionStore {
  return {
    getConnection: (...request) => store.getConnection(...request),
    deleteConnection: (...request) => store.deleteConnection(...request),
    listConnections: (...request) => store.listConnections(...request),
    async putConnection(input, now) {
      const result = await store.putConnection(input, now)
      dispatcher.wake()
      await syncs.connectionChanged(result.connection.integration, result.connection.connectionId)
      return result
    },
    async changeConnection(integration, id, change, now) {
      const result = await store.changeConnection(integration, id, change, now)
      dispatcher.wake()
      if (result !== null) await syncs.connectionChanged(integration, id)
      return result
    },
  }
}

export function wakingQueue(
  store: ReplayAndCancel & Pick<LogReader, 'getDelivery'>,
  dispatcher: Pick<Dispatcher, 'wake' | 'kick'>,
): ReplayAndCancel {
  return {
    async replayDelivery(request) {
      const result = await store.replayDelivery(request)
      const delivery = result === 'replayed' ? await store.getDelivery(request.id) : null
      if (delivery !== null) dispatcher.kick(delivery.destination)
      return result
    },
    async cancelDelivery(request) {
      const result = await store.cancelDelivery(request)
      if (result === 'cancelled') dispatcher.wake() // it may have held up others
      return result
    },
  }
}
