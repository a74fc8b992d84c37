/** Sinch signs in three ways, one for each product. */
import { RING_KEY_ID } from '../../../src/verify/key-ring.ts'
import { withBody, withHeaders } from '../../verify/verifying.ts'
import { textOf } from './editing.ts'
import { asIso8601, BODIES, type Conformity, headerOf, inSeconds, type Official } from './conformity.ts'
import { CAPITALS, NO_CLOCK, PADDING } from './differences.ts'
import { loadFileBeside } from './loading.ts'

const MINUTES = 60_000

const SINCH_NONCE = '01FJA8B4A7BM43YGWSG9GBV067'
/** The name that our signer gives to its keys. */
const SINCH_APPLICATION = RING_KEY_ID

type Sinch = typeof import('@sinch/sdk-client')

/** Release 1.5.0 cannot be loaded without a package that it does not depend on; this file of it can. */
const loadSinchHelpers = (): Sinch => loadFileBeside<Sinch>('@sinch/sdk-client', 'utils/authorization.helper.js')

async function loadSinchConversation(): Promise<Official> {
  const { calculateWebhookSignature, computeSignedData, validateWebhookSignature } = loadSinchHelpers()
  return {
    sign: (request, { secret }, now) => {
      const nonce = headerOf(request, 'x-sinch-webhook-signature-nonce')
      const timestamp = inSeconds(now)
      return {
        headers: {
          'x-sinch-webhook-signature-timestamp': timestamp,
          'x-sinch-webhook-signature': calculateWebhookSignature(
            computeSignedData(request.body, nonce, timestamp),
            secret,
          ),
        },
      }
    },
    accepts: ({ body, headers }, { secret }) => validateWebhookSignature(secret, { ...headers }, body),
  }
}

async function loadSinchApplication(): Promise<Official> {
  const { generateAuthorizationHeader, validateAuthenticationHeader } = loadSinchHelpers()
  return {
    sign: (request, { secret }, now) => {
      const timestamp = asIso8601(now)
      const authorization = generateAuthorizationHeader(
        request.method,
        request.body,
        headerOf(request, 'content-type'),
        `x-timestamp:${timestamp}`,
        new URL(request.url).pathname,
        SINCH_APPLICATION,
        secret,
      )
      // Callbacks come with the word in small letters. The package writes it so nowhere, but takes it in any.
      return { headers: { 'x-timestamp': timestamp, authorization: authorization.replace(/^A/, 'a') } }
    },
    accepts: ({ method, url, headers, body }, { secret }) => {
      const { pathname } = new URL(url)
      return validateAuthenticationHeader(SINCH_APPLICATION, secret, { ...headers }, body, pathname, method)
    },
  }
}

async function loadSinchNumbers(): Promise<Official> {
  const { validateSignatureHeader } = loadSinchHelpers()
  return {
    accepts: ({ body, headers }, { secret }) => validateSignatureHeader(secret, { ...headers }, body),
  }
}

export const SINCH: readonly Conformity[] = [
  {
    provider: 'sinch',
    package: '@sinch/sdk-client',
    alternative: 'conversation',
    secrets: { webhook_secret: 'foo_secret1234' },
    bodies: BODIES.filter((body) => body !== '{}'),
    request: {
      headers: {
        'x-sinch-webhook-signature-nonce': SINCH_NONCE,
        'x-sinch-webhook-signature-algorithm': 'HmacSHA256',
      },
    },
    signedHeaders: ['x-sinch-webhook-signature-nonce'],
    signature: { name: 'x-sinch-webhook-signature', encoding: 'base64' },
    time: { goodForMs: 5 * MINUTES, place: { header: 'x-sinch-webhook-signature-timestamp', write: inSeconds } },
    load: loadSinchConversation,
    changes: [
      {
        name: 'another algorithm',
        variants: ({ request }) => [
          { request: withHeaders(request, { 'x-sinch-webhook-signature-algorithm': 'HmacSHA1' }) },
          { request: withHeaders(request, { 'x-sinch-webhook-signature-algorithm': undefined }) },
        ],
      },
      {
        name: 'the end of the body in the nonce',
        // What follows the last dot goes over into the nonce, and the signed text is the same.
        variants: ({ request }) => {
          const body = textOf(request)
          const dot = body.lastIndexOf('.')
          return dot === -1
            ? []
            : [
                {
                  request: withHeaders(withBody(request, body.slice(0, dot)), {
                    'x-sinch-webhook-signature-nonce': `${body.slice(dot + 1)}.${SINCH_NONCE}`,
                  }),
                },
              ]
        },
      },
    ],
    exceptions: {
      ...PADDING,
      ...NO_CLOCK,
      'another algorithm': { accepts: 'they', because: 'they do not look at it' },
      'the end of the body in the nonce': { accepts: 'they', because: 'we want a nonce without dots' },
    },
  },
  {
    provider: 'sinch',
    package: '@sinch/sdk-client',
    alternative: 'application',
    secrets: { application_secret: 'YJmoxHlY3ESeNtJbHYZKjA==' },
    options: { application_key: SINCH_APPLICATION },
    request: { headers: { 'content-type': 'application/json; charset=UTF-8' } },
    covers: ['body', 'method'],
    signedHeaders: ['content-type'],
    signature: { name: 'authorization', follows: 'application KEY:', encoding: 'base64' },
    time: { goodForMs: 5 * MINUTES, place: { header: 'x-timestamp', write: asIso8601 } },
    load: loadSinchApplication,
    changes: [
      {
        name: 'another path in the URL',
        variants: ({ request }) => [{ request: { ...request, url: `${request.url}/more` } }],
      },
      {
        name: 'the key of another application',
        variants: ({ request }) => {
          const value = request.headers.get('authorization')!
          return [{ request: withHeaders(request, { authorization: value.replace(SINCH_APPLICATION, 'another') }) }]
        },
      },
      {
        name: 'the word before the key in capital letters',
        variants: ({ request }) => {
          const value = request.headers.get('authorization')!
          return ['Application', 'APPLICATION'].map((word) => ({
            request: withHeaders(request, { authorization: value.replace('application', word) }),
          }))
        },
      },
      {
        name: 'the secret in clear, as basic credentials',
        variants: ({ request, keys }) => [
          { request: withHeaders(request, { authorization: `Basic ${SINCH_APPLICATION}:${keys.secret}` }) },
        ],
      },
    ],
    exceptions: {
      ...PADDING,
      ...NO_CLOCK,
      'the word before the key in capital letters': {
        accepts: 'both',
        because: 'the word in front of credentials may be written in any case (RFC 9110 §11.1)',
      },
      'the secret in clear, as basic credentials': { accepts: 'they', because: 'we want a signature' },
    },
  },
  {
    provider: 'sinch',
    package: '@sinch/sdk-client',
    alternative: 'numbers',
    secrets: { callback_secret: 'foo_secret1234' },
    signature: { name: 'x-sinch-signature', encoding: 'hex' },
    load: loadSinchNumbers,
    exceptions: CAPITALS,
  },
]
