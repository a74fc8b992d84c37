/** `postern explain` on a running gateway: the decision on a stored request and the mistake behind it, without the expected signature. */
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { API_KEY, createGatewayHome, eventually, type GatewayHome, type RunningGateway } from '../support/gateway.ts'

const SECRET = 'the secret of the explanation'

let home: GatewayHome
let gateway: RunningGateway

beforeAll(async () => {
  home = createGatewayHome()
  home.configure(`integrations:
  github: { provider: github, secrets: { webhook_secret: [${SECRET}] } }
`)
  gateway = await home.start()
})

afterAll(() => home.remove())

async function refusedId(body: string, signature: string): Promise<string> {
  const answer = await fetch(`${gateway.url}/webhook/github`, {
    method: 'POST',
    headers: { 'x-github-event': 'push', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  })
  expect(answer.status).toBe(401)
  const list = async (): Promise<{ id: string; body_bytes: number }[]> =>
    (
      (await (await gateway.api('/api/v1/requests?outcome=refused')).json()) as {
        requests: { id: string; body_bytes: number }[]
      }
    ).requests
  const found = await eventually(list, (requests) => requests[0]?.body_bytes === Buffer.byteLength(body))
  return found[0]!.id
}

const sign = (body: string): string => createHmac('sha256', SECRET).update(body).digest('hex')

test('names the mistake behind a stored refusal, by the API and by the command', async () => {
  const id = await refusedId('{"a": 1, "b": [2]}', sign('{"a":1,"b":[2]}'))
  const answer = await gateway.api(`/api/v1/requests/${id}/explanation`)
  expect(await answer.json()).toMatchObject({
    request_id: id,
    outcome: 'refused',
    refusal: { code: 'signature_mismatch' },
    verified: false,
    likely_mistake: { code: 'body_reserialized' },
    configured_secrets: [{ name: 'webhook_secret' }],
  })
  const { stdout } = await promisify(execFile)(process.execPath, [
    'dist/main.js',
    'explain',
    id,
    '--url',
    gateway.url,
    '--api-key',
    API_KEY,
  ])
  expect(stdout).toContain('parsed and serialised on its way')
  expect(stdout).not.toContain(SECRET)
})

test('shows neither the secret nor the signature that was expected', async () => {
  const body = '{"forged":true,"padding":"x"}'
  const id = await refusedId(body, '00'.repeat(32))
  const text = await (await gateway.api(`/api/v1/requests/${id}/explanation`)).text()
  expect(JSON.parse(text)).toMatchObject({ likely_mistake: null })
  expect(text).not.toContain(sign(body))
  expect(text).not.toContain(SECRET)
})

test('says that there is no such request', async () => {
  expect((await gateway.api('/api/v1/requests/req_unknown/explanation')).status).toBe(404)
})
