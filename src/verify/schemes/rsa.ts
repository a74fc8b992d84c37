/**
 * RSASSA-PKCS1-v1_5 (RFC 8017 §8.2) over a text of the request, with the provider's public key or certificate.
 *
 *     { scheme: rsa-sha256, public_key: "-----BEGIN PUBLIC KEY-----…", signature: { header: x-signature, encoding: base64 },
 *       signed: "{timestamp}.{body}", timestamp: { header: x-timestamp, unit: s } }
 */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import { asymmetricAlgorithm } from './asymmetric.ts'

export function rsaAlgorithm(alternative: Alternative, hash: string): SignatureAlgorithm {
  return asymmetricAlgorithm({ alternative, kind: 'rsa', hash })
}
