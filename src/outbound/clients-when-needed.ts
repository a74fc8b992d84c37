/**
 * The same clients, loaded when the first call goes out: the HTTP client behind them is 18 MB of memory and a tenth of a second that
 * a gateway need not have before it listens.
 */
import type { Clients, OutboundOptions } from './clients.ts'

export function createClientsWhenNeeded(options: OutboundOptions): Clients {
  let loaded: Clients | null = null
  let loading: Promise<Clients> | null = null
  let isClosed = false

  async function load(): Promise<Clients> {
    const { createClients } = await import('./clients.ts')
    loaded = createClients(options)
    if (isClosed) await loaded.close()
    return loaded
  }
  const clients = (): Promise<Clients> => (loading ??= load())

  return {
    sender: {
      // On the way of every forward, so without a promise of its own once there is something to send with.
      send: (call) => (loaded === null ? clients().then(({ sender }) => sender.send(call)) : loaded.sender.send(call)),
    },
    fetcher: {
      fetchJson: async (...request) => (await clients()).fetcher.fetchJson(...request),
      fetchDocument: async (...request) => (await clients()).fetcher.fetchDocument(...request),
    },
    client: { call: async (call) => (await clients()).client.call(call) },
    async close() {
      isClosed = true
      await (await loading)?.close()
    },
  }
}
