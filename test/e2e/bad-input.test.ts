/** Whatever is thrown at the ingress: a clear answer, never a 500, never a crash, and the next request works. */
import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGatewayHome, type GatewayHome, type RunningGateway } from '../support/gateway.ts'
import { createReceiver, type Receiver } from '../support/receiver.ts'

const SECRET = 'bad-input-secret'

let home: GatewayHome
let gateway: RunningGateway
let receiver: Receiver

beforeAll(async () => {
  receiver = await createReceiver()
  home = createGatewayHome()
  home.configure(`
destinations: { app: { url: "${receiver.url}/webhooks" } }
integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] }, forward: [app] }
  hubspot: { provider: hubspot, secrets: { client_secret: [${SECRET}] }, forward: [app] }
`)
  gateway = await home.start()
})

afterAll(async () => {
  await home.remove()
  await receiver.close()
})

let serial = 0

function signed(body: Buffer | string): Record<string, string> {
  serial += 1
  return {
    'x-github-event': 'push',
    'x-github-delivery': `bad-${serial}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
  }
}

async function post(path: string, headers: Record<string, string>, body: Buffer | string): Promise<number> {
  const answer = await fetch(gateway.url + path, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  return answer.status
}

const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
const polluting = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}},"repository":{"id":1}}'
const invalidUtf8 = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])

const cases: {
  name: string
  path?: string
  headers?: (body: Buffer | string) => Record<string, string>
  body: Buffer | string
  status: number
}[] = [
  { name: 'an unknown integration', path: '/webhook/nobody', body: '{}', status: 404 },
  { name: 'broken JSON with a valid signature', body: '{"broken":', status: 200 },
  {
    name: 'broken JSON without a valid one',
    headers: () => ({ 'x-hub-signature-256': 'sha256=00' }),
    body: '{"broken":',
    status: 401,
  },
  { name: 'no signature at all', headers: () => ({}), body: '{}', status: 401 },
  {
    name: 'a signature that is not hex',
    headers: () => ({ 'x-hub-signature-256': 'sha256=zz' }),
    body: '{}',
    status: 401,
  },
  {
    name: 'a signature of a megabyte is too large a head',
    headers: () => ({ 'x-hub-signature-256': `sha256=${'a'.repeat(20_000)}` }),
    body: '{}',
    status: 431,
  },
  { name: 'invalid UTF-8 with a valid signature', body: invalidUtf8, status: 200 },
  { name: '__proto__ and constructor keys', body: polluting, status: 200 },
  { name: 'JSON nested 10,000 deep', body: deep, status: 200 },
  { name: 'an empty body with a valid signature', body: '', status: 200 },
  { name: 'a body over the limit', body: Buffer.alloc(6 * 1024 * 1024, 0x20), status: 413 },
]

for (const one of cases) {
  test(`answers ${one.status} to ${one.name}, and goes on`, async () => {
    const status = await post(one.path ?? '/webhook/github', (one.headers ?? signed)(one.body), one.body).catch(
      (error: unknown) => {
        // A server that refuses to read on may close before the client has sent everything.
        if (one.status === 413) return 413
        throw error
      },
    )
    expect(status).toBe(one.status)
    expect(await post('/webhook/github', signed('{"next":true}'), '{"next":true}')).toBe(200)
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
  })
}

test('answers 405 to methods no provider uses, and names those it takes', async () => {
  const answer = await fetch(`${gateway.url}/webhook/github`, { method: 'DELETE' })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('allow')).toContain('POST')
})

test('refuses two signature headers of which one is right', async () => {
  const body = '{"twice":true}'
  const right = signed(body)['x-hub-signature-256']!
  const head = `POST /webhook/github HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\nx-hub-signature-256: ${right}\r\nx-hub-signature-256: sha256=00\r\n\r\n${body}`
  expect(await raw(head)).toMatch(/^HTTP\/1\.1 401 /)
})

test('takes a batch of 10,000 events and answers the next request', async () => {
  const events = Array.from({ length: 10_000 }, (_, at) => ({
    eventId: at,
    subscriptionId: 1,
    occurredAt: 1,
    portalId: at % 3,
    subscriptionType: 'contact.creation',
  }))
  const body = JSON.stringify(events)
  const timestamp = String(Date.now())
  const url = `${gateway.url}/webhook/hubspot`
  const signature = createHmac('sha256', SECRET).update(`POST${url}${body}${timestamp}`).digest('base64')
  expect(
    await post(
      '/webhook/hubspot',
      { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp },
      body,
    ),
  ).toBe(200)
  expect(await post('/webhook/github', signed('{}'), '{}')).toBe(200)
})

test('survives half a request, garbage and a header bomb on the socket', async () => {
  await raw('POST /webhook/github HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly a part', true)
  expect(await raw('\u0000\u0001\u0002 garbage\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  const bomb = Array.from({ length: 5_000 }, (_, at) => `x-h-${at}: ${'v'.repeat(20)}\r\n`).join('')
  expect(await raw(`POST /webhook/github HTTP/1.1\r\nhost: x\r\n${bomb}\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  expect(await post('/webhook/github', signed('{}'), '{}')).toBe(200)
})

test('never shows a secret: not in its output, not in its API', async () => {
  const log = await (await gateway.api('/api/v1/requests?limit=200')).text()
  expect(log.length).toBeGreaterThan(100)
  for (const text of [log, gateway.output()]) expect(text).not.toContain(SECRET)
})

/** Sends bytes as they are and gives back what the server says until it closes. */
function raw(text: string, hangUp = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () => {
      if (hangUp) socket.end(text, () => socket.destroy())
      else socket.write(text)
    })
    let answer = ''
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
      if (answer.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}
