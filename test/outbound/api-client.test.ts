import { afterEach, expect, test } from 'vitest'
import type { ApiCall } from '../../src/engine/sync/ports/api-client.ts'
import { createApiClient } from '../../src/outbound/api-client.ts'
import { createReceiver, hang, type Receiver, reset } from '../support/receiver.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(): Promise<{
  receiver: Receiver
  call: (given?: Partial<ApiCall>) => ReturnType<typeof client.call>
}> {
  const receiver = await createReceiver()
  closing.push(() => receiver.close())
  const call = (given: Partial<ApiCall> = {}) =>
    client.call({
      method: 'GET',
      url: receiver.url,
      headers: {},
      body: null,
      timeoutMs: 2_000,
      maxBytes: 1_000,
      ...given,
    })
  const client = createApiClient({ allowPrivate: () => ['127.0.0.0/8'] })
  closing.push(() => client.close())
  return { receiver, call }
}

test('gives status, headers and body of whatever is answered', async () => {
  const { receiver, call } = await start()
  receiver.answerWith({ status: 404, headers: { 'X-Thing': 'a' }, body: 'no' })
  const answer = await call({ method: 'POST', body: Buffer.from('{}'), headers: { 'x-own': 'b' } })
  expect(answer).toMatchObject({ kind: 'answered', status: 404, isCut: false, headers: { 'x-thing': 'a' } })
  expect(answer.kind === 'answered' && Buffer.from(answer.body).toString()).toBe('no')
  expect(receiver.requests[0]).toMatchObject({ method: 'POST', headers: { 'x-own': 'b' } })
})

test('reads no more than it is told to', async () => {
  const { receiver, call } = await start()
  receiver.answerWith({ body: 'x'.repeat(5_000) })
  const answer = await call()
  expect(answer).toMatchObject({ kind: 'answered', isCut: true })
  expect(answer.kind === 'answered' && answer.body.length).toBe(1_000)
})

test('does not follow a redirect', async () => {
  const { receiver, call } = await start()
  receiver.answerWith({ status: 302, headers: { location: '/elsewhere' } })
  expect(await call()).toMatchObject({ kind: 'answered', status: 302 })
  expect(receiver.requests).toHaveLength(1)
})

test('says why there is no answer', async () => {
  const { receiver, call } = await start()
  receiver.answerWith(hang)
  expect(await call({ timeoutMs: 50 })).toMatchObject({ kind: 'unanswered', reason: 'timeout' })
  receiver.answerWith(reset)
  expect(await call()).toMatchObject({ kind: 'unanswered', reason: 'network' })
  expect(await call({ url: 'http://10.0.0.1/' })).toMatchObject({ kind: 'unanswered', reason: 'blocked_address' })
  expect(await call({ url: 'ftp://127.0.0.1/' })).toMatchObject({ kind: 'unanswered', reason: 'invalid_url' })
})

test('does not wait longer than told for the rest of a body', async () => {
  const { receiver, call } = await start()
  receiver.answerWith((_request, response) => void response.writeHead(200).write('{'))
  expect(await call({ timeoutMs: 80 })).toMatchObject({ kind: 'unanswered', reason: 'timeout' })
})
