/** Providers whose signature is over the body and the time, each in a way of its own. */
import { withHeaders } from '../../verify/verifying.ts'
import { textOf } from './editing.ts'
import { type Conformity, headerOf, inSeconds, type Official, type Seen, unlessThrown } from './conformity.ts'
import { CAPITALS, LEADING_ZERO, PAST_ONLY } from './differences.ts'

const MINUTES = 60_000
const HOURS = 60 * MINUTES

const asHttpDate = (ms: number): string => new Date(ms).toUTCString()

async function loadStripe(): Promise<Official> {
  const { default: Stripe } = await import('stripe')
  const { webhooks } = Stripe
  return {
    sign: ({ body: payload }, { secret }, now) => ({
      headers: {
        'stripe-signature': webhooks.generateTestHeaderString({ payload, secret, timestamp: Math.floor(now / 1_000) }),
      },
    }),
    accepts: (request, { secret }) =>
      unlessThrown(() => webhooks.constructEvent(request.body, headerOf(request, 'stripe-signature'), secret)),
  }
}

async function loadMetronome(): Promise<Official> {
  const { Metronome } = await import('@metronome/sdk')
  const { webhooks } = new Metronome({ bearerToken: 'none' })
  return {
    accepts: ({ body, headers }, { secret }) => unlessThrown(() => webhooks.unwrap(body, { ...headers }, secret)),
  }
}

const loadCloudinary = (algorithm: 'sha1' | 'sha256') => async (): Promise<Official> => {
  const { v2: cloudinary } = await import('cloudinary')
  return {
    sign: ({ body }, { secret }, now) => ({
      headers: {
        'x-cld-timestamp': inSeconds(now),
        'x-cld-signature': cloudinary.utils.webhook_signature(body, Math.floor(now / 1_000), {
          api_secret: secret,
          signature_algorithm: algorithm,
        }),
      },
    }),
    accepts: (request, { secret }) => {
      cloudinary.config({ api_secret: secret, signature_algorithm: algorithm })
      return cloudinary.utils.verifyNotificationSignature(
        request.body,
        Number(headerOf(request, 'x-cld-timestamp')),
        headerOf(request, 'x-cld-signature'),
      )
    },
  }
}

function cloudinary(algorithm: 'sha1' | 'sha256'): Conformity {
  return {
    provider: 'cloudinary',
    package: 'cloudinary',
    alternative: algorithm,
    secrets: { api_secret: 'X7qLTrsES31MzxxkxPPA-pAGGfU' },
    options: { signature_algorithm: algorithm },
    signature: { name: 'x-cld-signature', encoding: 'hex' },
    time: { goodForMs: 2 * HOURS, place: { header: 'x-cld-timestamp', write: inSeconds } },
    load: loadCloudinary(algorithm),
    changes: [
      {
        name: 'a signature by the other algorithm',
        variants: async (genuine) => {
          const other = await loadCloudinary(algorithm === 'sha1' ? 'sha256' : 'sha1')()
          const { method, url, headers } = genuine.request
          const seen: Seen = { method, url, headers: headers.toRecord(), body: textOf(genuine.request) }
          const secret = genuine.conformity.secrets!['api_secret']!
          const signed = await other.sign!(seen, { secret, published: {} }, genuine.now)
          return [{ request: withHeaders(genuine.request, signed.headers ?? {}) }]
        },
      },
    ],
    exceptions: { ...CAPITALS, ...LEADING_ZERO, ...PAST_ONLY },
  }
}

export const TIMED_SIGNATURES: readonly Conformity[] = [
  {
    provider: 'stripe',
    package: 'stripe',
    secrets: { signing_secret: 'whsec_test_secret' },
    signature: { name: 'stripe-signature', follows: 't=…,v1=', encoding: 'hex' },
    time: {
      goodForMs: 5 * MINUTES,
      place: { header: 'stripe-signature', find: /(?<=t=)\d+/, write: inSeconds },
    },
    load: loadStripe,
    changes: [
      {
        name: 'a signature that claims version 0',
        variants: ({ request }) => {
          const value = request.headers.get('stripe-signature')!
          return [{ request: withHeaders(request, { 'stripe-signature': value.replace('v1=', 'v0=') }) }]
        },
      },
      {
        name: 'a right signature after a wrong one',
        accepted: true,
        variants: ({ request }) => {
          const value = request.headers.get('stripe-signature')!
          const wrong = '0'.repeat(64)
          return [{ request: withHeaders(request, { 'stripe-signature': value.replace('v1=', `v1=${wrong},v1=`) }) }]
        },
      },
      {
        name: 'another time before the right one',
        variants: ({ request }) => {
          const value = request.headers.get('stripe-signature')!
          return [{ request: withHeaders(request, { 'stripe-signature': `t=1,${value}` }) }]
        },
      },
    ],
    exceptions: {
      ...CAPITALS,
      ...LEADING_ZERO,
      ...PAST_ONLY,
      'another time before the right one': { accepts: 'they', because: 'we do not guess which of two times is meant' },
    },
  },
  {
    provider: 'metronome',
    package: '@metronome/sdk',
    secrets: { webhook_secret: 'correct-horse-battery-staple' },
    signature: { name: 'metronome-webhook-signature', encoding: 'hex' },
    time: { goodForMs: 5 * MINUTES, place: { header: 'x-metronome-date', write: asHttpDate } },
    load: loadMetronome,
    changes: [
      {
        name: 'the same time in the header Date',
        variants: ({ request }) => [
          {
            request: withHeaders(request, {
              date: request.headers.get('x-metronome-date'),
              'x-metronome-date': undefined,
            }),
          },
        ],
      },
      {
        name: 'the right time in the header Date beside a wrong one',
        variants: ({ request, now }) => [
          {
            request: withHeaders(request, {
              date: request.headers.get('x-metronome-date'),
              'x-metronome-date': asHttpDate(now + 1_000),
            }),
          },
        ],
      },
    ],
    exceptions: {
      ...CAPITALS,
      'the same time in the header Date': {
        accepts: 'we',
        because: 'older deliveries have it there; it is signed like the other, and as strictly judged',
      },
    },
  },
  cloudinary('sha1'),
  cloudinary('sha256'),
]
