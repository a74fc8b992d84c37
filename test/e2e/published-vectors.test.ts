/**
 * The claim of the whole product in one file: requests signed by others (published vectors, official SDKs) go over HTTP into a real
 * gateway, and what comes out is accepted by receivers' own libraries.
 */
import { Nango } from '@nangohq/node'
import Stripe from 'stripe'
import { Webhook } from 'standardwebhooks'
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import { sign as signGithub } from '@octokit/webhooks-methods'
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createGatewayHome,
  eventually,
  type GatewayHome,
  type RunningGateway,
  SIGNING_SECRET,
} from '../support/gateway.ts'
import { createReceiver, type Receiver } from '../support/receiver.ts'

const SLACK_SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
const GITHUB_SECRET = "It's a Secret to Everybody"
const STRIPE_SECRET = 'whsec_test_secret'

let home: GatewayHome
let gateway: RunningGateway
let receiver: Receiver

beforeAll(async () => {
  receiver = await createReceiver()
  home = createGatewayHome()
  home.configure(`
destinations: { app: { url: "${receiver.url}/webhooks" } }
integrations:
  github: { provider: github, secrets: { webhook_secret: ["another one", "${GITHUB_SECRET}"] }, forward: [app] }
  slack: { provider: slack, secrets: { signing_secret: ["${SLACK_SECRET}"] }, forward: [app] }
  stripe: { provider: stripe, secrets: { signing_secret: ["${STRIPE_SECRET}"] }, forward: [app] }
  twilio: { provider: twilio, secrets: { auth_token: ["12345"] }, forward: [app] }
`)
  gateway = await home.start()
  await gateway.api('/connections', {
    method: 'POST',
    body: '{"connection_id":"acme","provider_config_key":"github","connection_config":{"repository_id":12345678901234567890}}',
  })
  await gateway.api('/connections', {
    method: 'POST',
    body: '{"connection_id":"shop-7","provider_config_key":"stripe","connection_config":{"account_id":"acct_1PqRsT2eZvKYlo","stripe_account_id":"acct_1PqRsT2eZvKYlo"}}',
  })
})

afterAll(async () => {
  await home.remove()
  await receiver.close()
})

async function send(integration: string, headers: Record<string, string>, body: string, query = ''): Promise<Response> {
  return fetch(`${gateway.url}/webhook/${integration}${query}`, { method: 'POST', headers, body })
}

/** The forward that carries this text, verified as the receiving app would: Standard Webhooks and the peer's client. */
async function verifiedForward(containing: string): Promise<{ body: string; headers: Record<string, string> }> {
  const request = await receiver.waitFor((one) => one.body.toString().includes(containing))
  const body = request.body.toString()
  const { headers } = request
  new Webhook(SIGNING_SECRET).verify(body, headers, { jsonParse: false })
  expect(new Nango({ secretKey: SIGNING_SECRET, host: gateway.url }).verifyIncomingWebhookRequest(body, headers)).toBe(
    true,
  )
  expect(() => new Webhook(SIGNING_SECRET).verify(`${body} `, headers)).toThrow()
  return { body, headers }
}

test("takes GitHub's published vector, whose body is not JSON, and forwards it unattributed", async () => {
  const answer = await send(
    'github',
    {
      'x-github-event': 'push',
      'x-github-delivery': 'vector',
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
    'Hello, World!',
  )
  expect([answer.status, await answer.text()]).toEqual([200, '{"status":"success"}'])
  const { body } = await verifiedForward('Hello, World!')
  expect(body).toBe('Hello, World!')
})

test("takes what GitHub's own library signs and embeds the payload byte for byte, big integers included", async () => {
  const body = '{"repository": {"id": 12345678901234567890}, "b":1, "a":2,\t"n": 1.0}'
  const answer = await send(
    'github',
    {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': 'd1',
      'x-hub-signature-256': await signGithub(GITHUB_SECRET, body),
    },
    body,
  )
  expect(answer.status).toBe(200)
  const forward = await verifiedForward('12345678901234567890')
  expect(forward.body).toBe(
    `{"from":"github","providerConfigKey":"github","type":"forward","connectionId":"acme","payload":${body}}`,
  )
  expect(forward.headers['x-github-event']).toBe('push')
  expect(forward.headers['x-hub-signature-256']).toBeUndefined()
})

test("takes what Stripe's official library signs", async () => {
  const body = JSON.stringify({
    id: 'evt_1',
    object: 'event',
    account: 'acct_1PqRsT2eZvKYlo',
    created: 1763740800,
    type: 'invoice.paid',
    data: { object: {} },
  })
  const header = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: STRIPE_SECRET })
  expect((await send('stripe', { 'stripe-signature': header }, body)).status).toBe(200)
  const forward = await verifiedForward('evt_1')
  expect(JSON.parse(forward.body)).toMatchObject({ from: 'stripe', connectionId: 'shop-7' })
})

test("refuses Slack's published vector as expired and takes the same bytes signed now", async () => {
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
  const old = await send(
    'slack',
    {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
    body,
  )
  expect(old.status).toBe(401)
  // Refusals are kept beside the answer, not before it.
  const log = await eventually(
    async () =>
      (await (await gateway.api('/api/v1/requests?integration=slack&outcome=refused')).json()) as {
        requests: { refusal: { code: string } }[]
      },
    (seen) => seen.requests.length === 1,
  )
  expect(log.requests[0]?.refusal.code).toBe('signature_expired')

  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = `v0=${createHmac('sha256', SLACK_SECRET).update(`v0:${timestamp}:${body}`).digest('hex')}`
  expect(
    (await send('slack', { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature }, body)).status,
  ).toBe(200)
  const forward = await verifiedForward('webhook-collect')
  expect(forward.body).not.toContain('xyzz0WbapA4vBCDEFasx0q6G')
})

test("takes what Twilio's official library signs for the URL and the form", async () => {
  const parameters = { CallSid: 'CA1234567890ABCDE', Digits: '1234', From: '+14158675309', To: '+18005551212' }
  const url = `${gateway.url}/webhook/twilio?foo=1&bar=2`
  const signature = getExpectedTwilioSignature('12345', url, parameters)
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'x-twilio-signature': signature },
    body: new URLSearchParams(parameters),
  })
  expect(answer.status).toBe(200)
  await verifiedForward('CA1234567890ABCDE')
})

test('counts every accepted request as delivered and nothing as lost', async () => {
  const stats = await eventually(
    async () =>
      (await (await gateway.api('/api/v1/stats')).json()) as {
        requests: Record<string, number>
        deliveries: Record<string, number>
      },
    (seen) => seen.deliveries['delivered'] === seen.requests['accepted'],
  )
  expect(stats.deliveries['pending']).toBe(0)
  expect(stats.requests['accepted']).toBe(5)
})
