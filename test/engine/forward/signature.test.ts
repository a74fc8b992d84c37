import { createHash, createHmac } from 'node:crypto'
import { Nango } from '@nangohq/node'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import type { DeliveryId } from '../../../src/domain/ids.ts'
import { Secret } from '../../../src/domain/secret.ts'
import { createForwardSigner, standardWebhooksKey } from '../../../src/engine/forward/signature.ts'

const sign = createForwardSigner()
const id = 'dlv_018f3c2e' as DeliveryId
const text = '{"from":"github","payload":{"id": 12345678901234567890, "é":1}}'
const body = Buffer.from(text)
const timestamp = Math.floor(Date.now() / 1_000)

function signed(secrets: readonly string[], of: Buffer = body): Record<string, string> {
  return { ...sign({ secrets: secrets.map((each) => new Secret(each)), id, timestamp, body: of }) }
}

const secrets = [
  { name: 'with whsec_ and base64', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  { name: 'of plain base64', secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  { name: 'of base64 with padding', secret: Buffer.from('sixteen bytes!!!').toString('base64') },
  {
    name: 'of base64 without its padding',
    secret: Buffer.from('sixteen bytes!!!').toString('base64').replace(/=+$/, ''),
  },
  { name: 'of hex', secret: '0123456789abcdef0123456789abcdef' },
  { name: 'like those of the peer', secret: 'f4b2c6de-1a2b-4c3d-8e9f-001122334455' },
  { name: 'of words', secret: 'correct horse battery staple' },
  { name: 'of three letters', secret: 'abc' },
  { name: 'that only begins like one', secret: 'whsec_' },
  { name: 'with whsec_ and no base64', secret: 'whsec_not base64!' },
  { name: 'outside ASCII', secret: 'pässwörd' },
]

describe('Standard Webhooks', () => {
  for (const { name, secret } of secrets) {
    test(`the standardwebhooks package verifies a forward signed with a secret ${name}`, () => {
      const headers = signed([secret])
      expect(receiverOf(secret).verify(text, headers)).toEqual(JSON.parse(text))
      expect(() => receiverOf(secret).verify(`${text} `, headers)).toThrow('No matching signature')
    })
  }

  test('any secret that the package takes by itself gives the same key', () => {
    const base64ish = fc.string({ unit: fc.constantFrom(...'ABab01+/=-_ !'.split('')), maxLength: 12 })
    fc.assert(
      fc.property(
        fc.oneof(
          base64ish,
          base64ish.map((rest) => `whsec_${rest}`),
          fc.string(),
        ),
        (secret) => {
          fc.pre(secret !== '')
          expect(() => receiverOf(secret).verify(text, signed([secret]))).not.toThrow()
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('both secrets verify while a rotation lasts', () => {
    const [old, next] = ['whsec_b2xkIG9sZCBvbGQgb2xkIG9sZA==', 'whsec_bmV3IG5ldyBuZXcgbmV3IG5ldw==']
    const headers = signed([next, old])
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
    for (const secret of [old, next]) expect(() => new Webhook(secret).verify(text, headers)).not.toThrow()
    expect(() => new Webhook('whsec_b3RoZXIgb3RoZXIgb3RoZXI=').verify(text, headers)).toThrow('No matching signature')
  })

  test('the id is the delivery, and the time is in seconds', () => {
    expect(signed(['abc'])).toMatchObject({ 'webhook-id': id, 'webhook-timestamp': String(timestamp) })
  })

  test('the signature of the specification comes out', () => {
    // standard-webhooks/spec: the example message and secret
    const webhook = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const example = sign({
      secrets: [new Secret(webhook)],
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek' as DeliveryId,
      timestamp: 1_614_265_330,
      body: Buffer.from('{"test": 2432232314}'),
    })
    expect(example['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })
})

/** How a receiver builds his verifier: from the text of the secret; if the package does not take that, as raw bytes. */
function receiverOf(secret: string): Webhook {
  try {
    return new Webhook(secret)
  } catch {
    return new Webhook(Buffer.from(secret, 'utf8'), { format: 'raw' })
  }
}

describe("the peer's signatures", () => {
  for (const { name, secret } of secrets) {
    test(`the client of the peer verifies a forward signed with a secret ${name}`, () => {
      const client = new Nango({ secretKey: 'unused', webhookSigningKey: secret })
      const headers = signed([secret])
      expect(client.verifyIncomingWebhookRequest(text, headers)).toBe(true)
      expect(client.verifyIncomingWebhookRequest(`${text} `, headers)).toBe(false)
      expect(
        client.verifyIncomingWebhookRequest(text, {
          'X-Nango-Hmac-Sha256': headers['X-Nango-Hmac-Sha256']!.replace(/^./, 'x'),
        }),
      ).toBe(false)
    })
  }

  test('an old client verifies compact JSON by its deprecated signature', () => {
    const compact = '{"from":"github","payload":{"a":[1,"é"]}}'
    const client = new Nango({ secretKey: 'prod-secret' })
    const signature = signed(['prod-secret'], Buffer.from(compact))['X-Nango-Signature']!
    // eslint-disable-next-line typescript/no-deprecated -- it is what old clients call
    expect(client.verifyWebhookSignature(signature, JSON.parse(compact))).toBe(true)
  })

  test('are made with the first secret', () => {
    const headers = signed(['first', 'second'])
    expect(headers['X-Nango-Hmac-Sha256']).toBe(createHmac('sha256', 'first').update(body).digest('hex'))
    expect(headers['X-Nango-Signature']).toBe(createHash('sha256').update('first').update(body).digest('hex'))
  })
})

test('a forward is not sent unsigned', () => expect(() => signed([])).toThrow('needs a signing secret'))

test('the key of a secret that is no base64 is its text', () => {
  expect(standardWebhooksKey('not base64!').toString()).toBe('not base64!')
  expect(standardWebhooksKey('whsec_not base64!').toString()).toBe('whsec_not base64!')
})
