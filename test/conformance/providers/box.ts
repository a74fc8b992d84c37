/** Box signs with two keys, each in a header of its own; either will do while one of them is replaced. */
import { withHeaders } from '../../verify/verifying.ts'
import { asIso8601, type Conformity, type Official } from './conformity.ts'
import { STRAY_MARK } from './differences.ts'

const MINUTES = 60_000

const BOX_KEYS = { primary_key: 'SamplePrimaryKey', secondary_key: 'SampleSecondaryKey' }

async function loadBox(): Promise<Official> {
  const { WebhooksManager } = await import('box-node-sdk/lib/managers/webhooks')
  const { primary_key: primaryKey, secondary_key: secondaryKey } = BOX_KEYS
  return {
    accepts: ({ body, headers }) => WebhooksManager.validateMessage(body, headers, primaryKey, { secondaryKey }),
  }
}

function box(key: 'primary' | 'secondary'): Conformity {
  const others = `box-signature-${key === 'primary' ? 'secondary' : 'primary'}`
  return {
    provider: 'box',
    package: 'box-node-sdk',
    alternative: key,
    secrets: BOX_KEYS,
    request: { headers: { 'box-signature-version': '1', 'box-signature-algorithm': 'HmacSHA256' } },
    signature: { name: `box-signature-${key}`, encoding: 'base64' },
    time: { goodForMs: 10 * MINUTES, place: { header: 'box-delivery-timestamp', write: asIso8601 } },
    load: loadBox,
    changes: [
      {
        name: 'another version or algorithm',
        variants: ({ request }) => [
          { request: withHeaders(request, { 'box-signature-version': '2' }) },
          { request: withHeaders(request, { 'box-signature-algorithm': 'HmacSHA1' }) },
          { request: withHeaders(request, { 'box-signature-version': undefined }) },
        ],
      },
      {
        name: 'a signature by the key in the header of the other key',
        variants: ({ request, conformity: { signature } }) => [
          {
            request: withHeaders(request, {
              [signature.name]: undefined,
              [others]: request.headers.get(signature.name),
            }),
          },
        ],
      },
      {
        name: 'a wrong signature by the other key beside the right one',
        accepted: true,
        variants: ({ request }) => [
          { request: withHeaders(request, { [others]: Buffer.alloc(32).toString('base64') }) },
        ],
      },
    ],
    exceptions: {
      ...STRAY_MARK,
      'a signature without its padding': { accepts: 'both', because: 'both compare the bytes' },
      'a request from half a minute ahead of our clock': {
        accepts: 'we',
        because: 'they allow no difference of clocks; the same signature is good a moment later',
      },
    },
  }
}

export const BOX: readonly Conformity[] = [box('primary'), box('secondary')]
