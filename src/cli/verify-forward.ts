/**
 * Whether a forward that came in was signed by the gateway, as a receiving app would check it. The signatures are made by the
 * engine's own signer (the one import from `engine/` that this needs: a second implementation would prove nothing), once for each
 * live secret, and compared in constant time.
 */
import type { DeliveryId } from '../domain/ids.ts'
import type { Secret } from '../domain/secret.ts'
import { createForwardSigner } from '../engine/forward/signature.ts'
import { isSameText } from '../verify/compare.ts'

export type SignatureCheck = 'verified' | 'missing' | 'mismatch' | 'stale'

export interface ForwardCheck {
  /** `webhook-signature`, with `webhook-id` and `webhook-timestamp` (Standard Webhooks). */
  readonly standard: SignatureCheck
  /** `X-Nango-Hmac-Sha256` */
  readonly hmac: SignatureCheck
}

/** Standard Webhooks receivers refuse what is more than five minutes away from their clock. */
const TOLERANCE_S = 300

export function verifyForward(input: {
  headers: Readonly<Record<string, string | readonly string[] | undefined>>
  body: Uint8Array
  secrets: readonly Secret[]
  /** ms since the epoch */
  now: number
}): ForwardCheck {
  const header = (name: string): string => {
    const value = input.headers[name]
    return typeof value === 'string' ? value : ''
  }
  const id = header('webhook-id')
  const timestamp = /^[0-9]{1,12}$/.test(header('webhook-timestamp')) ? Number(header('webhook-timestamp')) : Number.NaN
  const given = header('webhook-signature').split(' ')
  const givenHmac = header('x-nango-hmac-sha256')

  const sign = createForwardSigner()
  let isStandard = false
  let isHmac = false
  for (const secret of input.secrets) {
    const own = sign({ secrets: [secret], id: id as DeliveryId, timestamp, body: input.body })
    for (const one of given) if (isSameText(one, own['webhook-signature'])) isStandard = true
    if (isSameText(givenHmac, own['X-Nango-Hmac-Sha256'])) isHmac = true
  }
  const isComplete = id !== '' && !Number.isNaN(timestamp) && given[0] !== ''
  const isFresh = Math.abs(input.now / 1_000 - timestamp) <= TOLERANCE_S
  return {
    standard: !isComplete ? 'missing' : !isStandard ? 'mismatch' : isFresh ? 'verified' : 'stale',
    hmac: givenHmac === '' ? 'missing' : isHmac ? 'verified' : 'mismatch',
  }
}
