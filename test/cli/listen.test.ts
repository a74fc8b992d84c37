import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listen } from '../../src/cli/listen.ts'
import type { DeliveryId } from '../../src/domain/ids.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createForwardSigner } from '../../src/engine/forward/signature.ts'
import { createMemoryIo, type MemoryIo } from './memory-io.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const BODY =
  '{"from":"github","providerConfigKey":"gh","type":"forward","connectionId":"acme","payload":{"id":12345678901234567890}}'

let io: MemoryIo
let signals: EventEmitter
let ended: Promise<number>

async function start(options: { json?: boolean; secret?: string } = {}): Promise<string> {
  ended = listen(
    { port: 0, host: '127.0.0.1', secret: [options.secret ?? SECRET], json: options.json ?? false },
    io,
    signals,
  )
  await Promise.race([ended, until(() => io.stderr() !== '')])
  return /http:\/\/127\.0\.0\.1:\d+/.exec(io.stderr())![0]
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

beforeEach(() => {
  io = createMemoryIo()
  signals = new EventEmitter()
})
afterEach(async () => {
  signals.emit('SIGINT')
  await ended
})

function send(url: string, body: string, secret = SECRET): Promise<Response> {
  const timestamp = Math.floor(Date.now() / 1_000)
  const secrets = [new Secret(secret)]
  const headers = createForwardSigner()({ secrets, id: 'dlv_1' as DeliveryId, timestamp, body: Buffer.from(body) })
  return fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body })
}

test('prints who a forward is for, that it verified, and its body with every digit', async () => {
  const answer = await send(await start(), BODY)
  expect([answer.status, await answer.json()]).toEqual([200, { received: true }])
  await until(() => io.stdout() !== '')
  expect(io.stdout()).toMatch(/^\d\d:\d\d:\d\d {2}gh → acme {2}verified {2}dlv_1\n\{\n/)
  expect(io.stdout()).toContain('"id": 12345678901234567890')
})

test('answers 401 to what another secret signed, and says which signature is wrong', async () => {
  const answer = await send(await start(), BODY, 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD')
  expect(answer.status).toBe(401)
  await until(() => io.stdout() !== '')
  expect(io.stdout()).toContain('NOT VERIFIED (webhook-signature mismatch, X-Nango-Hmac-Sha256 mismatch)')
  expect(io.stdout()).not.toContain('v1,')
})

test('takes what is not wrapped and what is no JSON, and lets no control character through', async () => {
  const url = await start()
  expect((await send(url, '{"a":1}')).status).toBe(200)
  expect((await send(url, 'plain \u001B[2J text')).status).toBe(200)
  expect((await fetch(url)).status).toBe(401)
  await until(() => io.stdout().split('unattributed').length === 4)
  expect(io.stdout()).toContain('plain [2J text')
})

test('prints one JSON document per line with --json', async () => {
  const url = await start({ json: true })
  await send(url, BODY)
  await send(url, '{"a":1}')
  await until(() => io.stdout().includes('\n'))
  const lines = io.stdout().split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { verified: true, body: BODY, signatures: { standard: 'verified', hmac: 'verified' } },
    { verified: true, body: '{"a":1}' },
  ])
})

test('refuses a body without end, and goes on', async () => {
  const url = await start()
  await send(url, 'x'.repeat(33 * 1024 * 1024)).catch(() => null)
  expect((await send(url, BODY)).status).toBe(200)
})

test('says so when the port is taken', async () => {
  await start()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  await expect(
    listen({ port, host: '127.0.0.1', secret: [SECRET] }, createMemoryIo(), new EventEmitter()),
  ).rejects.toMatchObject({
    code: 'usage_invalid',
    hint: expect.stringContaining('--port 0') as string,
  })
  taken.close()
})
