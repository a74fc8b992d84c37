/** Providers whose signature is over the body and nothing else. */
import { createHmac } from 'node:crypto'
import { withBody, withHeaders } from '../../verify/verifying.ts'
import { type Conformity, headerOf, type Official, unlessThrown } from './conformity.ts'
import { CAPITALS } from './differences.ts'
import { loadCommonJs } from './loading.ts'

const SECONDS = 1_000

async function loadOctokit(): Promise<Official> {
  const { sign, verify } = await import('@octokit/webhooks-methods')
  return {
    sign: async ({ body }, { secret }) => ({ headers: { 'x-hub-signature-256': await sign(secret, body) } }),
    accepts: (request, { secret }) => verify(secret, request.body, headerOf(request, 'x-hub-signature-256')),
  }
}

async function loadNotion(): Promise<Official> {
  const { signWebhookPayload, verifyWebhookSignature } = await import('@notionhq/client')
  return {
    sign: async ({ body }, { secret: verificationToken }) => ({
      headers: { 'x-notion-signature': await signWebhookPayload({ body, verificationToken }) },
    }),
    accepts: (request, { secret: verificationToken }) =>
      verifyWebhookSignature({
        body: request.body,
        signature: headerOf(request, 'x-notion-signature'),
        verificationToken,
      }),
  }
}

async function loadLinear(): Promise<Official> {
  const { LinearWebhookClient } = await import('@linear/sdk/webhooks')
  return {
    accepts: (request, { secret }) =>
      new LinearWebhookClient(secret).verify(Buffer.from(request.body), headerOf(request, 'linear-signature')),
  }
}

async function loadRazorpay(): Promise<Official> {
  const { default: Razorpay } = await import('razorpay')
  return {
    accepts: (request, { secret }) =>
      Razorpay.validateWebhookSignature(request.body, headerOf(request, 'x-razorpay-signature'), secret),
  }
}

async function loadModernTreasury(): Promise<Official> {
  const { ModernTreasury } = await import('modern-treasury')
  const { webhooks } = new ModernTreasury({ apiKey: 'none', organizationID: 'none' })
  return {
    sign: ({ body }, { secret: key }) => ({ headers: { 'x-signature': webhooks.getSignature(body, { key }) } }),
    accepts: ({ body, headers }, { secret: key }) => webhooks.validateSignature(body, { ...headers }, { key }),
  }
}

async function loadOnfido(): Promise<Official> {
  const { WebhookEventVerifier } = await import('@onfido/api')
  return {
    accepts: (request, { secret }) =>
      unlessThrown(() =>
        new WebhookEventVerifier(secret).readPayload(request.body, headerOf(request, 'x-sha2-signature')),
      ),
  }
}

const PUSHER_KEY = 'test-key-of-the-app'

async function loadPusher(): Promise<Official> {
  const { default: Pusher } = await import('pusher')
  /** Not exported, but it is what the package itself signs with. */
  const Token = loadCommonJs<new (key: string, secret: string) => { sign(text: string): string }>('pusher/lib/token')
  return {
    sign: ({ body }, { secret }) => ({ headers: { 'x-pusher-signature': new Token(PUSHER_KEY, secret).sign(body) } }),
    accepts: ({ body: rawBody, headers }, { secret }) =>
      new Pusher({ appId: '1', key: PUSHER_KEY, secret, cluster: 'mt1' })
        .webhook({ headers: { ...headers }, rawBody })
        .isValid(),
  }
}

const NOW_IN_BODY = '"webhookTimestamp":1772445600000'

export const BODY_SIGNATURES: readonly Conformity[] = [
  {
    provider: 'github',
    package: '@octokit/webhooks-methods',
    alternative: 'hmac-sha256',
    secrets: { webhook_secret: "It's a Secret to Everybody" },
    signature: { name: 'x-hub-signature-256', follows: 'sha256=', encoding: 'hex' },
    load: loadOctokit,
    exceptions: CAPITALS,
  },
  {
    provider: 'github-app',
    package: '@octokit/webhooks-methods',
    secrets: { webhook_secret: "It's a Secret to Everybody" },
    signature: { name: 'x-hub-signature-256', follows: 'sha256=', encoding: 'hex' },
    load: loadOctokit,
    exceptions: CAPITALS,
  },
  {
    provider: 'notion',
    package: '@notionhq/client',
    secrets: { verification_token: 'secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl' },
    signature: { name: 'x-notion-signature', follows: 'sha256=', encoding: 'hex' },
    load: loadNotion,
    exceptions: {
      'a signature in capital letters': { accepts: 'both', because: 'both read hex of either case' },
    },
  },
  {
    provider: 'linear',
    package: '@linear/sdk',
    secrets: { signing_secret: 'lin_wh_UeWpfoS3zHnQYjE1H2Xm7' },
    bodies: [
      `{${NOW_IN_BODY}}`,
      `{"type":"Issue","title":"ü€😀","n":12345678901234567890,${NOW_IN_BODY}}`,
      `{ "spaced" : [ 1, 2.0 ], ${NOW_IN_BODY} }\n`,
    ],
    signature: { name: 'linear-signature', encoding: 'hex' },
    time: { goodForMs: 60 * SECONDS },
    load: loadLinear,
    exceptions: CAPITALS,
    changes: [
      {
        name: 'a signed body without its time, which a header tells instead',
        variants: ({ request, keys }) => [
          {
            request: withHeaders(withBody(request, '{}'), {
              'linear-timestamp': '1772445600000',
              'linear-signature': createHmac('sha256', keys.secret).update('{}').digest('hex'),
            }),
          },
        ],
      },
    ],
  },
  {
    provider: 'razorpay',
    package: 'razorpay',
    secrets: { webhook_secret: '123456' },
    signature: { name: 'x-razorpay-signature', encoding: 'hex' },
    load: loadRazorpay,
    exceptions: CAPITALS,
  },
  {
    provider: 'modern-treasury',
    package: 'modern-treasury',
    secrets: { webhook_key: 'whk_4fmDAWmpXWhBnKjtfLqdFMXn' },
    signature: { name: 'x-signature', encoding: 'hex' },
    load: loadModernTreasury,
    exceptions: CAPITALS,
  },
  {
    provider: 'onfido',
    package: '@onfido/api',
    secrets: { webhook_token: '_ABC123abc' },
    signature: { name: 'x-sha2-signature', encoding: 'hex' },
    load: loadOnfido,
    exceptions: {
      'a signature in capital letters': { accepts: 'both', because: 'both compare the bytes' },
      'a stray mark after the signature': { accepts: 'they', because: 'we want nothing but the signature' },
    },
  },
  {
    provider: 'pusher',
    package: 'pusher',
    secrets: { secret: 'tofu' },
    options: { app_key: PUSHER_KEY },
    request: { headers: { 'content-type': 'application/json', 'x-pusher-key': PUSHER_KEY } },
    signature: { name: 'x-pusher-signature', encoding: 'hex' },
    load: loadPusher,
    changes: [
      {
        name: 'the key of another app',
        variants: ({ request }) => [{ request: withHeaders(request, { 'x-pusher-key': 'another' }) }],
      },
      {
        name: 'no key of an app',
        variants: ({ request }) => [{ request: withHeaders(request, { 'x-pusher-key': undefined }) }],
      },
      {
        name: 'another content type',
        variants: ({ request }) => [
          { request: withHeaders(request, { 'content-type': 'application/json; charset=utf-8' }) },
          { request: withHeaders(request, { 'content-type': 'text/plain' }) },
        ],
      },
    ],
    exceptions: {
      ...CAPITALS,
      'another content type': { accepts: 'we', because: 'the sender does not decide how a body is read' },
    },
  },
]
