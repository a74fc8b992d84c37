/**
 * Signs forwards, in every way that receivers know:
 *
 * - `X-Nango-Hmac-Sha256`: hex HMAC-SHA256(secret, body). The peer's clients verify this one.
 * - `X-Nango-Signature`: hex SHA-256(secret + body). Open to length extension and deprecated by the peer; its old clients hash
 *   `JSON.stringify(body)`, so it holds for compact JSON.
 * - `webhook-id`, `webhook-timestamp`, `webhook-signature`: Standard Webhooks, `v1,<base64>` once for each live secret.
 *
 * A secret's text is the key of the peer's headers as it stands. Standard Webhooks keys are bytes, and a secret is read as the
 * `standardwebhooks` package reads it, so that `new Webhook(secret)` with the very text of the configuration verifies:
 *
 * | secret                          | key                           | receiver                                  |
 * |---------------------------------|-------------------------------|-------------------------------------------|
 * | `whsec_` and base64             | the decoded rest              | `new Webhook(secret)`                     |
 * | other text that is base64 (hex) | the decoded text              | `new Webhook(secret)`                     |
 * | anything else                   | the UTF-8 bytes of the text   | `new Webhook(secret, { format: 'raw' })`  |
 */
import { createHash, createHmac } from 'node:crypto'
import type { DeliveryId } from '../../domain/ids.ts'
import type { Secret } from '../../domain/secret.ts'

export interface SignedHeaders {
  'X-Nango-Hmac-Sha256': string
  'X-Nango-Signature': string
  'webhook-id': string
  'webhook-timestamp': string
  'webhook-signature': string
}

/** `timestamp` is in seconds. The first secret signs the peer's headers, all sign `webhook-signature`. */
export type SignForward = (input: {
  secrets: readonly Secret[]
  id: DeliveryId
  timestamp: number
  body: Uint8Array
}) => SignedHeaders

/** Makes the signer; it keeps the decoded key of each secret for as long as the secret is in use. */
export function createForwardSigner(): SignForward {
  const keys = new WeakMap<Secret, Buffer>()
  const keyOf = (secret: Secret): Buffer => {
    let key = keys.get(secret)
    if (key === undefined) {
      key = standardWebhooksKey(secret.reveal())
      keys.set(secret, key)
    }
    return key
  }
  return ({ secrets, id, timestamp, body }) => {
    const first = secrets[0]
    if (first === undefined) throw new Error('a forward needs a signing secret')
    const text = first.reveal()
    const signedHead = `${id}.${timestamp}.`
    const signatures = secrets.map((secret) => {
      const digest = createHmac('sha256', keyOf(secret)).update(signedHead).update(body).digest('base64')
      return `v1,${digest}`
    })
    return {
      'X-Nango-Hmac-Sha256': createHmac('sha256', text).update(body).digest('hex'),
      'X-Nango-Signature': createHash('sha256').update(text).update(body).digest('hex'),
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatures.join(' '),
    }
  }
}

const PREFIX = 'whsec_'

/** The key of a secret for Standard Webhooks; see the table above. */
export function standardWebhooksKey(secret: string): Buffer {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret
  // What the package's decoder accepts: four characters or more, standard alphabet, padding optional. Of a length of 4n + 1 it
  // ignores the last character, whatever that is.
  const unpadded = encoded.replace(/={0,2}$/, '')
  const significant = unpadded.length % 4 === 1 ? unpadded.slice(0, -1) : unpadded
  const isBase64 = encoded.length >= 4 && /^[A-Za-z0-9+/]+$/.test(significant) && !unpadded.endsWith('=')
  return isBase64 ? Buffer.from(significant, 'base64') : Buffer.from(secret, 'utf8')
}
