/**
 * Secrets, requests and signatures that providers, or their own libraries' tests, publish. They prove that what we compute is what
 * the world computes, which no amount of signing and verifying with our own code could.
 */
import { describe, expect, test } from 'vitest'
import type { Alternative } from '../../src/domain/provider-spec.gen.ts'
import { inbound, type RequestParts, type SecretTexts, verify, withBody, withHeaders } from './verifying.ts'

interface Vector {
  readonly name: string
  readonly source: string
  readonly alternative: Alternative
  readonly secrets: SecretTexts
  readonly request: RequestParts & { readonly headers: Readonly<Record<string, string>>; readonly body: string }
  readonly signature: string
  readonly now?: number
}

const standardWebhooks: Alternative = {
  scheme: 'hmac-sha256',
  secret: 'signing_secret',
  key: { strip_prefix: 'whsec_', encoding: 'base64' },
  signature: { header: 'webhook-signature', format: 'v1,{signature}', separator: ' ', encoding: 'base64' },
  signed: '{header:webhook-id}.{timestamp}.{body}',
  timestamp: { header: 'webhook-timestamp', unit: 's' },
}

const vectors: readonly Vector[] = [
  {
    name: 'GitHub: hex with a prefix over the body',
    source: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'webhook_secret',
      signature: { header: 'X-Hub-Signature-256', prefix: 'sha256=' },
      signed: '{body}',
    },
    secrets: { webhook_secret: "It's a Secret to Everybody" },
    request: {
      headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      body: 'Hello, World!',
    },
    signature: 'x-hub-signature-256',
  },
  {
    name: 'Slack: a version, the timestamp and a form body',
    source: 'https://docs.slack.dev/authentication/verifying-requests-from-slack/',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'signing_secret',
      signature: { header: 'X-Slack-Signature', prefix: 'v0=' },
      signed: 'v0:{timestamp}:{body}',
      timestamp: { header: 'X-Slack-Request-Timestamp', unit: 's' },
      tolerance: '5m',
    },
    secrets: { signing_secret: '8f742231b10e8888abcd99yyyzzz85a5' },
    request: {
      headers: {
        'x-slack-request-timestamp': '1531420618',
        'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      },
      body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    },
    signature: 'x-slack-signature',
    now: 1_531_420_618_000,
  },
  {
    name: 'Twilio: the URL and the sorted form',
    source: 'https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py',
    alternative: {
      scheme: 'hmac-sha1',
      secret: 'auth_token',
      signature: { header: 'X-Twilio-Signature', encoding: 'base64' },
      signed: '{url}{sorted_form}',
      url: { port: 'either' },
    },
    secrets: { auth_token: '12345' },
    request: {
      url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
      headers: { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' },
      body: 'CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309',
    },
    signature: 'x-twilio-signature',
  },
  {
    name: 'Twilio: the URL with the digest of a JSON body',
    source: 'https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py',
    alternative: {
      scheme: 'hmac-sha1',
      secret: 'auth_token',
      signature: { header: 'X-Twilio-Signature', encoding: 'base64' },
      signed: '{url}',
      body_hash: { query: 'bodySHA256', digest: 'sha256', encoding: 'hex' },
    },
    secrets: { auth_token: '12345' },
    request: {
      url: 'https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620',
      headers: { 'x-twilio-signature': 'a9nBmqA0ju/hNViExpshrM61xv4=' },
      body: '{"property": "value", "boolean": true}',
    },
    signature: 'x-twilio-signature',
  },
  {
    name: 'Standard Webhooks: id, timestamp and body with a base64 key',
    source: 'https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries',
    alternative: standardWebhooks,
    secrets: { signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    request: {
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
    },
    signature: 'webhook-signature',
    now: 1_614_265_330_000,
  },
  {
    name: 'OpenAI: Standard Webhooks with blanks in the body',
    source: 'https://github.com/openai/openai-node/blob/master/tests/api-resources/webhooks.test.ts',
    alternative: standardWebhooks,
    secrets: { signing_secret: 'whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=' },
    request: {
      headers: {
        'webhook-id': 'wh_685c059ae39c8190af8c71ed1022a24d',
        'webhook-timestamp': '1750861210',
        'webhook-signature': 'v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY=',
      },
      body: '{"id": "evt_685c059ae3a481909bdc86819b066fb6", "object": "event", "created_at": 1750861210, "type": "response.completed", "data": {"id": "resp_123"}}',
    },
    signature: 'webhook-signature',
    now: 1_750_861_210_000,
  },
  {
    name: 'Svix: an Ed25519 entry of the same header',
    source: 'https://github.com/svix/svix-webhooks/blob/main/server/svix-server/src/worker.rs',
    alternative: {
      scheme: 'ed25519',
      secret: 'public_key',
      key: { strip_prefix: 'whpk_', encoding: 'base64' },
      signature: { header: 'webhook-signature', format: 'v1a,{signature}', separator: ' ', encoding: 'base64' },
      signed: '{header:webhook-id}.{timestamp}.{body}',
      timestamp: { header: 'webhook-timestamp', unit: 's' },
    },
    secrets: { public_key: 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=' },
    request: {
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature':
          'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
      },
      body: '{"test": 2432232314}',
    },
    signature: 'webhook-signature',
    now: 1_614_265_330_000,
  },
  {
    name: 'Recurly: a positional composite in milliseconds',
    source: 'https://github.com/recurly/recurly-client-ruby/blob/v3-v2021-02-25/spec/recurly/webhooks_spec.rb',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret_key',
      signature: { header: 'recurly-signature', format: '{timestamp},{signature}' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 'ms' },
    },
    secrets: { secret_key: '354fab5bd35f5a0d50845ee7e30165244468b13c2c343f104e4e730a59326d9d' },
    request: {
      headers: {
        'recurly-signature': '1663103925004,ad24699f3beaa24c9af2cc7ada3ce4c835da0090194241b9d3add83d27f14bc3',
      },
      body: '{"id":"rjxwmwedwqug","object_type":"account","site_id":"qc326l1hl8k9","event_type":"created","event_time":"2022-09-13T21:18:40Z","account_code":"adfas23zzz14123"}',
    },
    signature: 'recurly-signature',
    now: 1_663_103_925_000,
  },
  {
    name: 'Box: the body and an ISO timestamp',
    source: 'https://github.com/box/box-node-sdk/blob/main/docs/webhooks.md',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'primary_key',
      signature: { header: 'box-signature-primary', encoding: 'base64' },
      signed: '{body}{timestamp}',
      timestamp: { header: 'box-delivery-timestamp', unit: 'iso8601' },
    },
    secrets: { primary_key: 'SamplePrimaryKey' },
    request: {
      headers: {
        'box-delivery-timestamp': '2020-01-01T00:00:00-07:00',
        'box-signature-primary': '6TfeAW3A1PASkgboxxA5yqHNKOwFyMWuEXny/FPD5hI=',
      },
      body: '{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","source":{"id":"1234567890","type":"file","name":"Test.txt"}}',
    },
    signature: 'box-signature-primary',
    now: 1_577_862_000_000,
  },
  {
    name: 'Cloudinary: a plain digest with the secret at the end',
    source: 'https://github.com/cloudinary/cloudinary_npm/blob/master/test/utils/utils_spec.js',
    alternative: {
      scheme: 'digest-sha1',
      secret: 'api_secret',
      signature: { header: 'x-cld-signature' },
      signed: '{body}{timestamp}{secret}',
      timestamp: { header: 'x-cld-timestamp', unit: 's' },
    },
    secrets: { api_secret: 'shhh' },
    request: {
      headers: { 'x-cld-signature': 'bac927006d3ce039ef7632e2c03189348d02924a', 'x-cld-timestamp': '1417727468' },
      body: '{"public_id":"117e5550-7bfa-11e4-80d7-f962166bd3be","version":1417727468}',
    },
    signature: 'x-cld-signature',
    now: 1_417_727_468_000,
  },
  {
    name: 'Sinch: the body, a nonce and the timestamp',
    source:
      'https://github.com/sinch/sinch-sdk-node/blob/main/packages/sdk-client/tests/utils/authorization.helper.test.ts',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'webhook_secret',
      signature: { header: 'x-sinch-webhook-signature', encoding: 'base64' },
      signed: '{body}.{header:x-sinch-webhook-signature-nonce}.{timestamp}',
      timestamp: { header: 'x-sinch-webhook-signature-timestamp', unit: 's' },
    },
    secrets: { webhook_secret: 'foo_secret1234' },
    request: {
      headers: {
        'x-sinch-webhook-signature': '6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=',
        'x-sinch-webhook-signature-nonce': '01FJA8B4A7BM43YGWSG9GBV067',
        'x-sinch-webhook-signature-timestamp': '1634579353',
      },
      body: '{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4","contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}',
    },
    signature: 'x-sinch-webhook-signature',
    now: 1_634_579_353_000,
  },
  {
    name: 'Viber: bare hex over a body with an integer beyond 2^53',
    source: 'https://github.com/Viber/viber-bot-node/blob/master/test/message/message-validator-test.js',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'auth_token',
      signature: { header: 'X-Viber-Content-Signature' },
      signed: '{body}',
    },
    secrets: { auth_token: '44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3' },
    request: {
      headers: { 'x-viber-content-signature': 'd21b343448c8aee33b8e93768ef6ceb64a6ba6163099973a2b8bd028fea510ef' },
      body: '{"event":"webhook","timestamp":4977069964384421269,"message_token":1478683725125}',
    },
    signature: 'x-viber-content-signature',
  },
]

for (const vector of vectors) {
  describe(vector.name, () => {
    const request = inbound(vector.request)
    const given = { secrets: vector.secrets, ...(vector.now === undefined ? {} : { now: vector.now }) }
    const code = async (changed: typeof request, other = given): Promise<unknown> => {
      const result = await verify(vector.alternative, changed, other)
      return result.kind === 'refused' ? result.code : result.kind
    }

    test('accepts the published signature', async () => {
      expect(await verify(vector.alternative, request, given)).toMatchObject({
        kind: 'accepted',
        scheme: vector.alternative.scheme,
        secret: { name: vector.alternative.secret },
        ...(vector.now === undefined ? {} : { clockSkewMs: expect.any(Number) }),
      })
    })
    test('refuses a body changed by one byte', async () => {
      const changed = withBody(request, `${vector.request.body}x`)
      expect(['signature_mismatch', 'body_hash_mismatch']).toContain(await code(changed))
    })
    test('refuses the request without the signature', async () => {
      expect(await code(withHeaders(request, { [vector.signature]: undefined }))).toBe('signature_missing')
    })
    test('refuses a signature sent twice', async () => {
      const value = vector.request.headers[vector.signature]!
      expect(await code(withHeaders(request, { [vector.signature]: [value, value] }))).toBe('signature_ambiguous')
    })
    test('refuses a truncated signature', async () => {
      const value = vector.request.headers[vector.signature]!.replace(/=+$/, '') // padding may be missing
      for (const cut of [1, 2, 4, 8]) {
        const refusal = await code(withHeaders(request, { [vector.signature]: value.slice(0, -cut) }))
        expect(['signature_malformed', 'signature_mismatch']).toContain(refusal)
      }
    })
    test('refuses when no secret is configured', async () => {
      expect(await code(request, { ...given, secrets: {} })).toBe('secret_missing')
    })
    if (vector.now !== undefined) {
      test('refuses the same request an hour later and an hour earlier', async () => {
        expect(await code(request, { ...given, now: vector.now! + 3_600_000 })).toBe('signature_expired')
        expect(await code(request, { ...given, now: vector.now! - 3_600_000 })).toBe('signature_premature')
      })
    }
  })
}
