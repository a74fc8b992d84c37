/** Braintree signs a field of a form, and keys its HMAC with a digest of the private key. */
import { RING_KEY_ID } from '../../../src/verify/key-ring.ts'
import { withBody } from '../../verify/verifying.ts'
import type { Conformity, Keys, Official } from './conformity.ts'
import { textOf, valueOf, withValue } from './editing.ts'
import { CAPITALS } from './differences.ts'
import { loadCommonJs } from './loading.ts'

/** The package has no types; this is what is called of it. */
interface Braintree {
  readonly BraintreeGateway: new (configuration: object) => {
    readonly webhookNotification: { parse(signature: string, payload: string): Promise<unknown> }
    readonly webhookTesting: { sampleSignature(payload: string): string }
  }
  readonly Environment: { readonly Sandbox: unknown }
}

/** The name that our signer gives to its keys. */
const PUBLIC_KEY = RING_KEY_ID

async function load(): Promise<Official> {
  const { BraintreeGateway, Environment } = loadCommonJs<Braintree>('braintree')
  const open = ({ secret: privateKey }: Keys): InstanceType<Braintree['BraintreeGateway']> =>
    new BraintreeGateway({ environment: Environment.Sandbox, merchantId: 'acme', publicKey: PUBLIC_KEY, privateKey })
  return {
    sign: ({ body }, keys) => {
      const fields = new URLSearchParams(body)
      fields.set('bt_signature', open(keys).webhookTesting.sampleSignature(fields.get('bt_payload') ?? ''))
      return { body: fields.toString() }
    },
    accepts: async ({ body }, keys) => {
      const fields = new URLSearchParams(body)
      await open(keys).webhookNotification.parse(fields.get('bt_signature') ?? '', fields.get('bt_payload') ?? '')
      return true
    },
  }
}

function form(content: string, lineFeed: string): string {
  const xml = `<notification><timestamp type="datetime">2026-03-02T10:00:00Z</timestamp><kind>check</kind>${content}</notification>`
  const payload = Buffer.from(xml).toString('base64').replace(/.{60}/g, '$&\n')
  return new URLSearchParams({ bt_payload: payload + lineFeed }).toString()
}

export const BRAINTREE: readonly Conformity[] = [
  {
    provider: 'braintree',
    package: 'braintree',
    secrets: { private_key: 'integration_private_key' },
    options: { public_key: PUBLIC_KEY },
    bodies: [
      form('<subject><check type="boolean">true</check></subject>', '\n'),
      form('<subject><check type="boolean">true</check></subject><note>ü€😀</note>', ''),
    ],
    signature: { in: 'form', name: 'bt_signature', follows: 'PUBLIC_KEY|', encoding: 'hex' },
    load,
    changes: [
      {
        name: 'a payload with one character changed',
        variants: ({ request }) => [
          {
            request: withBody(
              request,
              textOf(request).replace(/(?<=bt_payload=.{20})./, (one) => (one === 'a' ? 'b' : 'a')),
            ),
          },
        ],
      },
      {
        name: 'a payload that has lost its last line feed',
        accepted: true,
        variants: ({ request }) => [{ request: withBody(request, textOf(request).replace(/%0A$/, '')) }],
      },
      {
        name: 'a right pair after that of another key',
        accepted: true,
        variants: ({ request, conformity: { signature } }) => [
          { request: withValue(request, signature, `another|${'0'.repeat(40)}&${valueOf(request, signature)}`) },
        ],
      },
      {
        name: 'the pair of another key alone',
        variants: ({ request, conformity: { signature } }) => [
          { request: withValue(request, signature, valueOf(request, signature).replace(PUBLIC_KEY, 'another')) },
        ],
      },
      {
        name: 'a right signature under another key beside a wrong one under ours',
        variants: ({ request, conformity: { signature } }) => {
          const other = valueOf(request, signature).replace(PUBLIC_KEY, 'another')
          return [{ request: withValue(request, signature, `${PUBLIC_KEY}|${'0'.repeat(40)}&${other}`) }]
        },
      },
    ],
    exceptions: {
      ...CAPITALS,
      'a right signature under another key beside a wrong one under ours': {
        accepts: 'we',
        because: 'nobody without our private key makes the signature, whatever name stands before it',
      },
    },
  },
]
