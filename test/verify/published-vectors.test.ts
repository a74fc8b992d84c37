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
  {
    name: 'Jira and Bitbucket: SHA-256 in the header of SHA-1',
    source: 'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Hub-Signature', prefix: 'sha256=' },
      signed: '{body}',
    },
    secrets: { secret: "It's a Secret to Everybody" },
    request: {
      headers: { 'x-hub-signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9' },
      body: 'Hello World!',
    },
    signature: 'x-hub-signature',
  },
  {
    name: 'PagerDuty: a version, and a secret that looks like base64',
    source: 'https://github.com/PagerDuty/go-pagerduty',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-PagerDuty-Signature', format: 'v1={signature}' },
      signed: '{body}',
    },
    secrets: { secret: 'lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK' },
    request: {
      headers: { 'x-pagerduty-signature': 'v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd' },
      body: '{"event":{"id":"01BWDWL3NYY7LUFPZCC28QUCMK","event_type":"incident.priority_updated","resource_type":"incident","occurred_at":"2021-04-26T17:36:27.458Z","agent":{"html_url":"https://acme.pagerduty.com/users/PLH1HKV","id":"PLH1HKV","self":"https://api.pagerduty.com/users/PLH1HKV","summary":"Tenex Engineer","type":"user_reference"},"client":null,"data":{"id":"PGR0VU2","type":"incident","self":"https://api.pagerduty.com/incidents/PGR0VU2","html_url":"https://acme.pagerduty.com/incidents/PGR0VU2","number":2,"status":"triggered","title":"A little bump in the road","service":{"html_url":"https://acme.pagerduty.com/services/PF9KMXH","id":"PF9KMXH","self":"https://api.pagerduty.com/services/PF9KMXH","summary":"API Service","type":"service_reference"},"assignees":[{"html_url":"https://acme.pagerduty.com/users/PTUXL6G","id":"PTUXL6G","self":"https://api.pagerduty.com/users/PTUXL6G","summary":"User 123","type":"user_reference"}],"escalation_policy":{"html_url":"https://acme.pagerduty.com/escalation_policies/PUS0KTE","id":"PUS0KTE","self":"https://api.pagerduty.com/escalation_policies/PUS0KTE","summary":"Default","type":"escalation_policy_reference"},"teams":[{"html_url":"https://acme.pagerduty.com/teams/PFCVPS0","id":"PFCVPS0","self":"https://api.pagerduty.com/teams/PFCVPS0","summary":"Engineering","type":"team_reference"}],"priority":{"html_url":"https://acme.pagerduty.com/account/incident_priorities","id":"PSO75BM","self":"https://api.pagerduty.com/priorities/PSO75BM","summary":"P1","type":"priority_reference"},"urgency":"high","conference_bridge":{"conference_number":1000,"conference_url":"https://example.com"},"resolve_reason":null}}}',
    },
    signature: 'x-pagerduty-signature',
  },
  {
    name: 'Razorpay: bare hex',
    source: 'https://github.com/razorpay/razorpay-node/blob/master/test/utils/razorpay-utils.spec.js',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Razorpay-Signature' },
      signed: '{body}',
    },
    secrets: { secret: '123456' },
    request: {
      headers: { 'x-razorpay-signature': '2fe04e22977002e6c7cb553adab8b460cb9e2a4970d5953cb27a8472752e3bbc' },
      body: '{"a":1,"b":2,"c":{"d":3}}',
    },
    signature: 'x-razorpay-signature',
  },
  {
    name: 'Coinbase Commerce: bare hex',
    source: 'https://github.com/coinbase/coinbase-commerce-node/blob/master/test/testWebhook.spec.js',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-CC-Webhook-Signature' },
      signed: '{body}',
    },
    secrets: { secret: '30291a20-0bd1-4267-9b0f-e6e7b123c0bf' },
    request: {
      headers: { 'x-cc-webhook-signature': '8be7742c7d372f08a6a3224edadf18a22b65fa9e28f3f2de97376cdaa092590d' },
      body: '{"id":1,"scheduled_for":"2017-01-31T20:50:02Z","attempt_number":1,"event":{"id":"24934862-d980-46cb-9402-43c81b0cdba6","type":"charge:created","api_version":"2018-03-22","created_at":"2017-01-31T20:49:02Z","data":{"code":"66BEOV2A","name":"The Sovereign Individual","description":"Mastering the Transition to the Information Age","hosted_url":"https://commerce.coinbase.com/charges/66BEOV2A","created_at":"2017-01-31T20:49:02Z","expires_at":"2017-01-31T21:04:02Z","timeline":[{"time":"2017-01-31T20:49:02Z","status":"NEW"}],"metadata":{},"pricing_type":"no_price","payments":[],"addresses":{"bitcoin":"0000000000000000000000000000000000","ethereum":"0x0000000000000000000000000000000000000000","litecoin":"3000000000000000000000000000000000","bitcoincash":"bitcoincash:000000000000000000000000000000000000000000"}}}}',
    },
    signature: 'x-cc-webhook-signature',
  },
  {
    name: 'Modern Treasury: bare hex',
    source: 'https://github.com/Modern-Treasury/modern-treasury-node/blob/main/tests/api-resources/webhooks.test.ts',
    alternative: { scheme: 'hmac-sha256', secret: 'secret', signature: { header: 'X-Signature' }, signed: '{body}' },
    secrets: { secret: 'foo' },
    request: {
      headers: { 'x-signature': '57e14f6f354543f0101fb06ea24df7731d90087b76651e3497345e22a3622940' },
      body: '{"foo":"bar"}',
    },
    signature: 'x-signature',
  },
  {
    name: 'Onfido: bare hex',
    source: 'https://github.com/onfido/onfido-node/blob/master/test/classic-webhook-event-verifier.test.ts',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-SHA2-Signature' },
      signed: '{body}',
    },
    secrets: { secret: '_ABC123abc123ABC123abc123ABC123_' },
    request: {
      headers: { 'x-sha2-signature': 'a0082d7481f9f0a2907583dbe1f344d6d4c0d9989df2fd804f98479f60cd760e' },
      body: '{"payload":{"resource_type":"check","action":"check.completed","object":{"id":"check-123","status":"complete","completed_at_iso8601":"2020-01-01T00:00:00Z","href":"https://api.onfido.com/v3/checks/check-123"}}}',
    },
    signature: 'x-sha2-signature',
  },
  {
    name: 'Pusher: bare hex',
    source: 'https://github.com/pusher/pusher-http-node/blob/master/tests/integration/webhook.js',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Pusher-Signature' },
      signed: '{body}',
    },
    secrets: { secret: 'tofu' },
    request: {
      headers: { 'x-pusher-signature': 'c17257e92037cd7de407ebc1ed174ceb7b2e518db127f44411b9ffc4f5b28cc5' },
      body: '{"time_ms":1403175510755,"events":[{"channel":"test_channel","name":"channel_vacated"}]}',
    },
    signature: 'x-pusher-signature',
  },
  {
    name: 'Dropbox: bare hex',
    source: 'test',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'X-Dropbox-Signature' },
      signed: '{body}',
    },
    secrets: { secret: 'the_secret' },
    request: {
      headers: { 'x-dropbox-signature': '0a8c16b085420b960dc78664279fe09e936a2a01b1f91064869d9e77dfd64529' },
      body: '{"delta": {"users": [12345]}}',
    },
    signature: 'x-dropbox-signature',
  },
  {
    name: 'Sinch Numbers: SHA-1',
    source:
      'https://github.com/sinch/sinch-sdk-node/blob/main/packages/sdk-client/tests/utils/authorization.helper.test.ts',
    alternative: {
      scheme: 'hmac-sha1',
      secret: 'secret',
      signature: { header: 'X-Sinch-Signature' },
      signed: '{body}',
    },
    secrets: { secret: 'my-callback-secret' },
    request: {
      headers: { 'x-sinch-signature': 'b93021e0182c2772dbcdf4e8983ae8f409e78c3b' },
      body: '{"eventId":"01hpa0mww4m79q8j2dwn3ggbgz","timestamp":"2024-02-10T17:22:09.412722588","projectId":"37b62a7b-0177-abcd-efgh-e10f848de123","resourceId":"+17818510001","resourceType":"ACTIVE_NUMBER","eventType":"DEPROVISIONING_FROM_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null}',
    },
    signature: 'x-sinch-signature',
  },
  {
    name: 'Metronome: the date, a line break, the body',
    source: 'https://github.com/Metronome-Industries/metronome-node/blob/main/tests/api-resources/webhooks.test.ts',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'Metronome-Webhook-Signature' },
      signed: '{timestamp}\n{body}',
      timestamp: { header: 'X-Metronome-Date', aliases: ['Date'], unit: 'http_date' },
    },
    secrets: { secret: 'correct-horse-battery-staple' },
    request: {
      headers: {
        'x-metronome-date': 'Mon, 02 Jan 2006 22:04:05 GMT',
        'metronome-webhook-signature': 'b82652fa2246cf1d8a27e591f155c865f68b46c19b9213fd9c052f2419b4742b',
      },
      body: '{\n  "id": "b2c9e307-624e-4e7d-a5a4-1b74107d78c4",\n  "type": "widget_created",\n  "properties": {\n    "customer_id": "5f794d50-085a-4db6-8d15-286e518b7225",\n    "widget_id": "0891458d-b6f0-4fdd-a41e-380aae1a1e38"\n  }\n}',
    },
    signature: 'metronome-webhook-signature',
    now: 1136239445_000,
  },
  {
    name: 'Increase: a composite with an ISO time',
    source: 'https://github.com/Increase/increase-python',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secret',
      signature: { header: 'Increase-Webhook-Signature', format: 't={timestamp},v1={signature}' },
      signed: '{timestamp}.{body}',
      timestamp: { part: 'timestamp', unit: 'iso8601' },
    },
    secrets: { secret: 'whsec_zlFsbBZ8Xcodlpcu6NDTdSzZRLSdhkst' },
    request: {
      headers: {
        'increase-webhook-signature':
          't=2022-01-31T23:59:59Z,v1=3f9c3dcc820ca3adfae8e196d05b09dfef63b91db5ce5ac1407090f2aa424a6f',
      },
      body: '{"id":"event_123abc","created_at":"2020-01-31T23:59:59Z"}',
    },
    signature: 'increase-webhook-signature',
    now: 1643673599_000,
  },
  {
    name: 'Svix: the same scheme under its own header names',
    source: 'https://github.com/svix/svix-webhooks/blob/main/javascript/src/webhook.test.ts',
    alternative: {
      ...standardWebhooks,
      signature: { header: 'svix-signature', format: 'v1,{signature}', separator: ' ', encoding: 'base64' },
      signed: '{header:svix-id}.{timestamp}.{body}',
      timestamp: { header: 'svix-timestamp', unit: 's' },
    },
    secrets: { signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    request: {
      headers: {
        'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'svix-timestamp': '1614265330',
        'svix-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
    },
    signature: 'svix-signature',
    now: 1614265330_000,
  },
  {
    name: 'Box: the second key, and the version and algorithm that must be ours',
    source: 'https://github.com/box/box-node-sdk/blob/main/docs/webhooks.md',
    alternative: {
      scheme: 'hmac-sha256',
      secret: 'secondary_key',
      signature: { header: 'BOX-SIGNATURE-SECONDARY', encoding: 'base64' },
      signed: '{body}{timestamp}',
      timestamp: { header: 'BOX-DELIVERY-TIMESTAMP', unit: 'iso8601' },
      tolerance: '10m',
      require: ['headers.`box-signature-version` = "1" and headers.`box-signature-algorithm` = "HmacSHA256"'],
    },
    secrets: { secondary_key: 'SampleSecondaryKey' },
    request: {
      headers: {
        'box-delivery-timestamp': '2020-01-01T00:00:00-07:00',
        'box-signature-algorithm': 'HmacSHA256',
        'box-signature-version': '1',
        'box-signature-secondary': 'v+1CD1Jdo3muIcbpv5lxxgPglOqMfsNHPV899xWYydo=',
      },
      body: '{"type":"webhook_event","webhook":{"id":"1234567890"},"trigger":"FILE.UPLOADED","source":{"id":"1234567890","type":"file","name":"Test.txt"}}',
    },
    signature: 'box-signature-secondary',
    now: 1577862000_000,
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
