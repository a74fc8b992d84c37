import { expect, onTestFinished, test } from 'vitest'
import { createClientsWhenNeeded } from '../../src/outbound/clients-when-needed.ts'
import { createReceiver } from '../support/receiver.ts'

function createClients() {
  return createClientsWhenNeeded({ allowPrivate: () => ['127.0.0.0/8'], now: Date.now })
}

test('makes calls, the first ones at once too, and closes what it has opened', async () => {
  const receiver = await createReceiver()
  onTestFinished(() => receiver.close())
  const clients = createClients()
  const call = { url: receiver.url, headers: {}, body: Buffer.from('{}'), timeoutMs: 5_000 }
  const outcomes = await Promise.all([clients.sender.send(call), clients.sender.send(call)])
  expect(outcomes).toMatchObject([{ kind: 'accepted' }, { kind: 'accepted' }])
  expect(await clients.sender.send(call)).toMatchObject({ kind: 'accepted' })
  const asked = { method: 'GET', url: receiver.url, headers: {}, body: null, timeoutMs: 5_000, maxBytes: 100 } as const
  expect(await clients.client.call(asked)).toMatchObject({ kind: 'answered' })
  await clients.close()
  await expect(clients.fetcher.fetchJson('http://127.0.0.1/keys')).rejects.toThrow('https only')
})

test('can be closed before anything was called', async () => {
  await expect(createClients().close()).resolves.toBeUndefined()
})
