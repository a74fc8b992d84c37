/** Secrets that no configuration names: those of single connections, and those a provider sends in a handshake. */
import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGatewayHome, eventually, type GatewayHome, type RunningGateway } from '../support/gateway.ts'
import { createReceiver, type Receiver } from '../support/receiver.ts'

const SPEC = `
provider: per-hook
name: Per hook
docs: https://docs.example.com
confidence: docs
secrets:
  hook_secret: { where: "made with the webhook", scope: connection }
verify:
  - scheme: hmac-sha256
    secret: hook_secret
    connection: { field: connection_config.hook_id, equals: body.hook }
    signature: { header: X-Signature }
    signed: "{body}"
    does_not_cover: [time]
event: { type: body.type, dedupe: body.id }
match:
  - { field: connection_config.hook_id, equals: body.hook }
examples:
  - name: something happens
    given:
      secrets: {}
      connections: [{ connection_id: a, connection_config: { hook_id: h1 }, secrets: { hook_secret: s } }]
    request: { json: { hook: h1, type: t, id: "1" } }
    expect: { events: [{ type: t, connections: [a] }] }
`

const CAPTURING = `
provider: capturing
name: Capturing
docs: https://docs.example.com
confidence: docs
secrets:
  hook_token: { where: "sent by the provider when the webhook is made" }
verify:
  - scheme: hmac-sha256
    secret: hook_token
    signature: { header: X-Signature }
    signed: "{body}"
    does_not_cover: [time]
handshakes:
  - name: token
    when: $exists(body.verification_token)
    verified: false
    because: The request carries the very key that would sign it.
    capture: { secret: hook_token, from: body.verification_token, replace: when_unset }
    answer: { status: 200 }
event: { type: body.type, dedupe: body.id }
match:
  - { field: connection_config.account, equals: body.account }
strip: [body.verification_token]
examples:
  - name: something happens
    given: { secrets: { hook_token: s } }
    request: { json: { type: t, id: "1" } }
    expect: { answer: 200 }
`

let home: GatewayHome
let gateway: RunningGateway
let receiver: Receiver

beforeAll(async () => {
  receiver = await createReceiver()
  home = createGatewayHome()
  const specs = join(home.folder, 'my-specs')
  mkdirSync(specs)
  writeFileSync(join(specs, 'per-hook.yaml'), SPEC)
  writeFileSync(join(specs, 'capturing.yaml'), CAPTURING)
  home.configure(`
specs: [${specs}]
destinations: { app: { url: "${receiver.url}/webhooks" } }
integrations:
  hooks: { provider: per-hook, forward: [app] }
  capturing: { provider: capturing, forward: [app] }
`)
  gateway = await home.start()
})

afterAll(async () => {
  await home.remove()
  await receiver.close()
})

async function post(integration: string, body: unknown, secret?: string): Promise<number> {
  const text = JSON.stringify(body)
  const headers: Record<string, string> =
    secret === undefined ? {} : { 'x-signature': createHmac('sha256', secret).update(text).digest('hex') }
  const answer = await fetch(`${gateway.url}/webhook/${integration}`, { method: 'POST', headers, body: text })
  await answer.arrayBuffer()
  return answer.status
}

async function connect(id: string, hook: string, secret: string): Promise<number> {
  const body = {
    connection_id: id,
    provider_config_key: 'hooks',
    connection_config: { hook_id: hook },
    secrets: { hook_secret: secret },
  }
  const answer = await gateway.api('/connections', { method: 'POST', body: JSON.stringify(body) })
  expect(await answer.text()).not.toContain(secret)
  return answer.status
}

test('verifies each request with the secret of the connection it names, and with no other', async () => {
  expect(await connect('anna', 'h1', 'secret-of-anna')).toBe(201)
  expect(await connect('bert', 'h2', 'secret-of-bert')).toBe(201)
  expect(await post('hooks', { hook: 'h1', type: 'made', id: '1' }, 'secret-of-anna')).toBe(200)
  expect(await post('hooks', { hook: 'h1', type: 'made', id: '2' }, 'secret-of-bert')).toBe(401)
  expect(await post('hooks', { hook: 'h3', type: 'made', id: '3' }, 'secret-of-anna')).toBe(401)
  const forward = await receiver.waitFor((one) => one.body.toString().includes('"hook":"h1"'))
  expect(JSON.parse(forward.body.toString())).toMatchObject({ connectionId: 'anna' })
})

test('answers a wrong hint and a wrong signature alike', async () => {
  const send = async (hook: string): Promise<string> => {
    const answer = await fetch(`${gateway.url}/webhook/hooks`, {
      method: 'POST',
      headers: { 'x-signature': '00'.repeat(32) },
      body: JSON.stringify({ hook }),
    })
    return `${answer.status} ${await answer.text()}`
  }
  expect(await send('h1')).toBe(await send('nobody'))
})

test('takes a secret away with its connection', async () => {
  await connect('carl', 'h9', 'secret-of-carl')
  expect(await post('hooks', { hook: 'h9', type: 'made', id: '9' }, 'secret-of-carl')).toBe(200)
  await gateway.api('/connections/carl?provider_config_key=hooks', { method: 'DELETE' })
  const list = (await (await gateway.api('/api/v1/secrets')).json()) as { secrets: { connection_id: string }[] }
  expect(list.secrets.map((one) => one.connection_id)).not.toContain('carl')
  expect(await post('hooks', { hook: 'h9', type: 'made', id: '10' }, 'secret-of-carl')).toBe(401)
})

test('refuses secrets that the spec does not name', async () => {
  const body = { connection_id: 'x', provider_config_key: 'hooks', secrets: { hook_secrt: 'v' } }
  const answer = await gateway.api('/connections', { method: 'POST', body: JSON.stringify(body) })
  expect(answer.status).toBe(400)
})

test('keeps a captured secret before it answers, believes it from then on, over kill -9 too, and never lets it be replaced', async () => {
  expect(await post('capturing', { type: 't', id: '1' }, 'tok-1')).toBe(401)
  expect(await post('capturing', { verification_token: 'tok-1' })).toBe(200)
  expect(await post('capturing', { type: 't', id: '2' }, 'tok-1')).toBe(200)
  expect(await post('capturing', { verification_token: 'tok-2' })).toBe(200)
  expect(await post('capturing', { type: 't', id: '3' }, 'tok-2')).toBe(401)
  await gateway.kill('SIGKILL')
  gateway = await home.start()
  expect(await post('capturing', { type: 't', id: '4' }, 'tok-1')).toBe(200)

  const list = (await (await gateway.api('/api/v1/secrets?integration=capturing')).json()) as {
    secrets: Record<string, unknown>[]
  }
  expect(list.secrets).toMatchObject([{ name: 'hook_token', connection_id: null, source: 'captured' }])
  const place = JSON.stringify({ integration: 'capturing', name: 'hook_token' })
  expect(await (await gateway.api('/api/v1/secrets/reveal', { method: 'POST', body: place })).json()).toEqual({
    value: 'tok-1',
  })
  expect(gateway.output()).not.toContain('tok-1')
  const log = await eventually(
    async () => (await gateway.api('/api/v1/requests?integration=capturing')).text(),
    (text) => text.includes('token'),
  )
  expect(log).not.toContain('tok-1')
})

test('forgets a captured secret when a person says so, and captures the next one', async () => {
  const place = JSON.stringify({ integration: 'capturing', name: 'hook_token' })
  expect((await gateway.api('/api/v1/secrets/forget', { method: 'POST', body: place })).status).toBe(200)
  expect(await post('capturing', { type: 't', id: '5' }, 'tok-1')).toBe(401)
  expect(await post('capturing', { verification_token: 'tok-3' })).toBe(200)
  expect(await post('capturing', { type: 't', id: '6' }, 'tok-3')).toBe(200)
})
