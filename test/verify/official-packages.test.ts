/**
 * The providers' own packages as judges: what they sign we accept, what we sign they accept, and what they refuse we refuse. They
 * are development dependencies only.
 */
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import twilio from 'twilio'
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { inbound, NOW, sign, verify, withBody, withHeaders } from './verifying.ts'

const BODIES = ['{}', '{"a":"ü€😀","n":12345678901234567890}', 'plain text', '{ "spaced" : [ 1, 2 ] }\n']

describe('octokit webhooks-methods', () => {
  const alternative: Alternative = {
    scheme: 'hmac-sha256',
    secret: 'webhook_secret',
    signature: { header: 'X-Hub-Signature-256', prefix: 'sha256=' },
    signed: '{body}',
  }
  const secret = "It's a Secret to Everybody"
  const given = { secrets: { webhook_secret: secret } }
  for (const body of BODIES) {
    test(`agrees on ${JSON.stringify(body)}`, async () => {
      const theirs = inbound({ body, headers: { 'x-hub-signature-256': await octokitSign(secret, body) } })
      expect(await verify(alternative, theirs, given)).toMatchObject({ kind: 'accepted' })
      const ours = await sign(alternative, inbound({ body }), given)
      expect(await octokitVerify(secret, body, ours.headers.get('x-hub-signature-256')!)).toBe(true)
      expect(await verify(alternative, withBody(theirs, `${body} `), given)).toMatchObject({
        code: 'signature_mismatch',
      })
    })
  }
})

describe('standardwebhooks', () => {
  const alternative: Alternative = {
    scheme: 'hmac-sha256',
    secret: 'signing_secret',
    key: { strip_prefix: 'whsec_', encoding: 'base64' },
    signature: { header: 'webhook-signature', format: 'v1,{signature}', separator: ' ', encoding: 'base64' },
    signed: '{header:webhook-id}.{timestamp}.{body}',
    timestamp: { header: 'webhook-timestamp', unit: 's' },
  }
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const now = Date.now() // the package reads the machine's clock
  const given = { secrets: { signing_secret: secret }, now }
  const webhook = new Webhook(secret)
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now / 1_000)) }

  for (const body of BODIES) {
    test(`agrees on ${JSON.stringify(body)}`, async () => {
      const signature = webhook.sign('msg_1', new Date(now), body)
      const theirs = inbound({ body, headers: { ...headers, 'webhook-signature': signature } })
      expect(await verify(alternative, theirs, given)).toMatchObject({ kind: 'accepted' })
      if (!body.startsWith('{')) return // the package also parses the body
      const ours = await sign(alternative, inbound({ body, headers }), given)
      expect(() => webhook.verify(body, ours.headers.toRecord())).not.toThrow()
    })
  }
  test('any of several signatures will do, and other versions are passed over', async () => {
    const good = webhook.sign('msg_1', new Date(now), '{}')
    const value = `v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== v1,${'A'.repeat(43)}= ${good}`
    const request = inbound({ body: '{}', headers: { ...headers, 'webhook-signature': value } })
    expect(await verify(alternative, request, given)).toMatchObject({ kind: 'accepted' })
    expect(() => webhook.verify('{}', request.headers.toRecord())).not.toThrow()
  })
  test('both refuse a changed id', async () => {
    const signature = webhook.sign('msg_1', new Date(now), '{}')
    const request = inbound({
      body: '{}',
      headers: { ...headers, 'webhook-id': 'msg_2', 'webhook-signature': signature },
    })
    expect(await verify(alternative, request, given)).toMatchObject({ code: 'signature_mismatch' })
    expect(() => webhook.verify('{}', request.headers.toRecord())).toThrow()
  })
})

describe('stripe', () => {
  const alternative: Alternative = {
    scheme: 'hmac-sha256',
    secret: 'signing_secret',
    signature: { header: 'Stripe-Signature', format: 't={timestamp},v1={signature}' },
    signed: '{timestamp}.{body}',
    timestamp: { part: 'timestamp', unit: 's' },
    tolerance: '5m',
  }
  const secret = 'whsec_test_secret'
  const given = { secrets: { signing_secret: secret } }
  const timestamp = NOW / 1_000
  const header = (payload: string): string => Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })

  for (const body of BODIES) {
    test(`agrees on ${JSON.stringify(body)}`, async () => {
      const theirs = inbound({ body, headers: { 'stripe-signature': header(body) } })
      expect(await verify(alternative, theirs, given)).toMatchObject({ kind: 'accepted', clockSkewMs: 0 })
      if (!body.startsWith('{')) return // the package also parses the body
      const ours = await sign(alternative, inbound({ body }), given)
      const value = ours.headers.get('stripe-signature')!
      expect(() => Stripe.webhooks.constructEvent(body, value, secret, undefined, undefined, NOW)).not.toThrow()
    })
  }
  test('a test event’s v0 beside the v1 changes nothing, and alone it is refused', async () => {
    const theirs = inbound({ body: '{}', headers: { 'stripe-signature': `${header('{}')},v0=${'ab'.repeat(32)}` } })
    expect(await verify(alternative, theirs, given)).toMatchObject({ kind: 'accepted' })
    const alone = withHeaders(theirs, { 'stripe-signature': header('{}').replace('v1=', 'v0=') })
    expect(await verify(alternative, alone, given)).toMatchObject({ code: 'signature_malformed' })
  })
  test('a second timestamp is ambiguous, in whichever order', async () => {
    const value = header('{}')
    for (const doubled of [`t=1,${value}`, `${value},t=1`]) {
      const request = inbound({ body: '{}', headers: { 'stripe-signature': doubled } })
      expect(await verify(alternative, request, given)).toMatchObject({ code: 'signature_ambiguous' })
    }
  })
})

describe('twilio', () => {
  const form: Alternative = {
    name: 'form',
    scheme: 'hmac-sha1',
    secret: 'auth_token',
    signature: { header: 'X-Twilio-Signature', encoding: 'base64' },
    signed: '{url}{sorted_form}',
    url: { port: 'either' },
  }
  const json: Alternative = {
    ...form,
    name: 'json',
    signed: '{url}',
    body_hash: { query: 'bodySHA256', digest: 'sha256', encoding: 'hex' },
    when: 'query.bodySHA256',
  }
  const given = { secrets: { auth_token: '12345' } }
  const url = 'https://hooks.example.com/webhook/twilio?x=1%202'

  const forms: Record<string, string | string[]>[] = [
    { From: '+14158675309', Body: 'schöne Grüße €', Empty: '' },
    { b: ['2', '1', '2'], B: 'upper', a: 'first' },
    { Emoji: '😀', '\ufffd': 'last before the emoji', '😀': 'name' },
    {},
  ]
  for (const params of forms) {
    test(`agrees on the form ${JSON.stringify(params)}`, async () => {
      const fields = new URLSearchParams()
      for (const [name, values] of Object.entries(params))
        for (const value of [values].flat()) fields.append(name, value)
      const body = fields.toString()
      const ours = await sign(form, inbound({ url, body }), given)
      const value = ours.headers.get('x-twilio-signature')!
      // The package sorts names by UTF-16 unit, which differs from byte order only beyond the basic plane.
      if (!Object.hasOwn(params, '😀')) expect(twilio.validateRequest('12345', value, url, params)).toBe(true)
      const withPort = url.replace('example.com', 'example.com:443')
      const theirs = twilio.getExpectedTwilioSignature('12345', withPort, params)
      const request = inbound({ url, body, headers: { 'x-twilio-signature': theirs } })
      if (!Object.hasOwn(params, '😀'))
        expect(await verify([json, form], request, given)).toMatchObject({ scheme: 'form', kind: 'accepted' })
    })
  }
  test('agrees on the digest of a JSON body', async () => {
    const body = '{"property": "value"}'
    const ours = await sign([json, form], inbound({ url, body }), { ...given, alternative: 'json' })
    const value = ours.headers.get('x-twilio-signature')!
    expect(twilio.validateRequestWithBody('12345', value, ours.url, body)).toBe(true)
    expect(await verify([json, form], ours, given)).toMatchObject({ kind: 'accepted', scheme: 'json' })
    expect(await verify([json, form], withBody(ours, `${body} `), given)).toMatchObject({
      code: 'body_hash_mismatch',
      scheme: 'json',
    })
  })
})
