/**
 * Ed25519 (RFC 8032) over a text of the request, with the provider's public key.
 *
 *     { scheme: ed25519, secret: public_key, key: { encoding: hex }, signature: { header: x-signature-ed25519 },
 *       signed: "{timestamp}{body}", timestamp: { header: x-signature-timestamp, unit: s } }
 *     RFC 8032 §7.1, test 2: key 3d4017c3…660c, text 0x72 → 92a009a9…0c00
 */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import { asymmetricAlgorithm } from './asymmetric.ts'

export function ed25519Algorithm(alternative: Alternative): SignatureAlgorithm {
  return asymmetricAlgorithm({ alternative, kind: 'ed25519', hash: null })
}
