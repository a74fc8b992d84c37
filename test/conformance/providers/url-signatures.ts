/** Providers that sign the URL they call. */
import { createHash } from 'node:crypto'
import { formText, readForm } from '../../../src/verify/form.ts'
import { withBody } from '../../verify/verifying.ts'
import { textOf } from './editing.ts'
import { type Conformity, headerOf, type Official } from './conformity.ts'
import { CAPITALS, LEADING_ZERO, PADDING, PAST_ONLY } from './differences.ts'

const MINUTES = 60_000

async function loadTwilio(): Promise<typeof import('twilio')> {
  const { default: twilio } = await import('twilio')
  return twilio
}

async function loadTwilioForm(): Promise<Official> {
  const { getExpectedTwilioSignature, validateRequest } = await loadTwilio()
  return {
    sign: ({ url, body }, { secret }) => ({
      headers: { 'x-twilio-signature': getExpectedTwilioSignature(secret, url, parametersOf(body)) },
    }),
    accepts: (request, { secret }) =>
      validateRequest(secret, headerOf(request, 'x-twilio-signature'), request.url, parametersOf(request.body)),
  }
}

async function loadTwilioJson(): Promise<Official> {
  const { getExpectedBodyHash, getExpectedTwilioSignature, validateRequestWithBody } = await loadTwilio()
  return {
    sign: (request, { secret }) => {
      const url = `${request.url}&bodySHA256=${getExpectedBodyHash(request.body)}`
      return { url, headers: { 'x-twilio-signature': getExpectedTwilioSignature(secret, url, {}) } }
    },
    accepts: (request, { secret }) =>
      validateRequestWithBody(secret, headerOf(request, 'x-twilio-signature'), request.url, request.body),
  }
}

/** As a web framework gives them to the package: a name that comes more than once has a list. */
function parametersOf(body: string): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = {}
  for (const pair of readForm(Buffer.from(body))) {
    const name = formText(pair.name)
    const value = formText(pair.value)
    const seen = parameters[name]
    parameters[name] = seen === undefined ? value : [seen, value].flat()
  }
  return parameters
}

const loadHubspot = (version: 'v1' | 'v2' | 'v3') => async (): Promise<Official> => {
  const { Signature } = await import('@hubspot/api-client')
  const header = version === 'v3' ? 'x-hubspot-signature-v3' : 'x-hubspot-signature'
  return {
    sign: (request, { secret: clientSecret }, now) => {
      const given = {
        signature: '',
        clientSecret,
        requestBody: request.body,
        url: signedUrl(request.url),
        timestamp: now,
      }
      return {
        headers: {
          [header]: Signature.getSignature(request.method, version, given),
          ...(version === 'v3' ? { 'x-hubspot-request-timestamp': String(now) } : {}),
        },
      }
    },
    accepts: (request, { secret: clientSecret }) =>
      Signature.isValid({
        signature: headerOf(request, header),
        clientSecret,
        requestBody: request.body,
        url: signedUrl(request.url),
        method: request.method,
        signatureVersion: version,
        ...(version === 'v3' ? { timestamp: Number(headerOf(request, 'x-hubspot-request-timestamp')) } : {}),
      }),
  }

  /** The package wants of v3 the URL as HubSpot signs it: these characters, and no others, taken out of their percent signs. */
  function signedUrl(url: string): string {
    return version === 'v3' ? url.replace(/%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, decodeURIComponent) : url
  }
}

const HUBSPOT_URL = "https://hooks.example.com/webhook/hubspot?to=https%3A%2F%2Fexample.com%3Fa%3Db&name=%C3%BC%20'x'"

const TWILIO_FORMS = [
  'Empty=&From=%2B14158675309&Body=sch%C3%B6ne+Gr%C3%BC%C3%9Fe',
  'b=2&b=1&b=2&B=upper&a=first',
  'Body=%F0%9F%98%80%0A&Body%5B0%5D=x',
] as const

const BODIES_OF_JSON = ['{"property": "value"}', '[{"specversion":"1.0","data":{"text":"ü€😀"}}]\n'] as const

export const URL_SIGNATURES: readonly Conformity[] = [
  {
    provider: 'twilio',
    package: 'twilio',
    alternative: 'form',
    secrets: { auth_token: '2bd9e9638872de601313dc77410d3b23' },
    request: { url: "https://hooks.example.com/webhook/twilio?x=1%202&y=it's" },
    bodies: TWILIO_FORMS,
    covers: ['body', 'url'],
    signature: { name: 'x-twilio-signature', encoding: 'base64' },
    load: loadTwilioForm,
    changes: [
      {
        name: 'the same URL with its port',
        accepted: true,
        variants: ({ request }) => [{ request: { ...request, url: request.url.replace('.com/', '.com:443/') } }],
      },
      {
        name: 'the same parameters in another order',
        accepted: true,
        variants: ({ request }) => [{ request: withBody(request, textOf(request).split('&').toReversed().join('&')) }],
      },
      {
        name: 'a parameter whose name ends where its value begins elsewhere',
        variants: ({ request }) => {
          const body = textOf(request)
          return body.includes('From=%2B') ? [{ request: withBody(request, body.replace('From=%2B', 'Fro=m%2B')) }] : []
        },
      },
    ],
    exceptions: {
      ...PADDING,
      'a parameter whose name ends where its value begins elsewhere': {
        accepts: 'both',
        because: 'names and values are signed without anything between them, as the spec admits',
      },
    },
  },
  {
    provider: 'twilio',
    package: 'twilio',
    alternative: 'json',
    secrets: { auth_token: '2bd9e9638872de601313dc77410d3b23' },
    request: { url: 'https://hooks.example.com/webhook/twilio?x=1%202' },
    bodies: BODIES_OF_JSON,
    covers: ['body', 'url'],
    signature: { name: 'x-twilio-signature', encoding: 'base64' },
    load: loadTwilioJson,
    changes: [
      {
        name: 'another body with its digest in the URL',
        variants: ({ request }) => {
          const body = '{"forged":true}'
          const digest = createHash('sha256').update(body).digest('hex')
          return [
            { request: withBody({ ...request, url: request.url.replace(/(?<=bodySHA256=).*/, digest) }, body) },
            { request: withBody({ ...request, url: `${request.url}&bodySHA256=${digest}` }, body) },
          ]
        },
      },
    ],
    exceptions: PADDING,
  },
  {
    provider: 'hubspot',
    package: '@hubspot/api-client',
    alternative: 'v3',
    secrets: { client_secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy' },
    request: { url: HUBSPOT_URL },
    covers: ['body', 'url', 'method'],
    signature: { name: 'x-hubspot-signature-v3', encoding: 'base64' },
    time: { goodForMs: 5 * MINUTES, place: { header: 'x-hubspot-request-timestamp', write: String } },
    load: loadHubspot('v3'),
    exceptions: { ...PADDING, ...LEADING_ZERO, ...PAST_ONLY },
  },
  {
    provider: 'hubspot',
    package: '@hubspot/api-client',
    alternative: 'v2',
    secrets: { client_secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy' },
    request: { url: HUBSPOT_URL, headers: { 'x-hubspot-signature-version': 'v2' } },
    covers: ['body', 'url', 'method'],
    signature: { name: 'x-hubspot-signature', encoding: 'hex' },
    load: loadHubspot('v2'),
    exceptions: CAPITALS,
  },
  {
    provider: 'hubspot',
    package: '@hubspot/api-client',
    alternative: 'v1',
    secrets: { client_secret: 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy' },
    request: { headers: { 'x-hubspot-signature-version': 'v1' } },
    signature: { name: 'x-hubspot-signature', encoding: 'hex' },
    load: loadHubspot('v1'),
    exceptions: CAPITALS,
  },
]
