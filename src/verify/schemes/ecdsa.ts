/**
 * ECDSA (FIPS 186-5 §6) over a text of the request, with the provider's public key. The signature is ASN.1 DER by default, or r
 * and s side by side (IEEE P1363), which is what Web Crypto writes.
 *
 *     { scheme: ecdsa-sha256, secret: verification_key, key: { encoding: der }, signed: "{timestamp}{body}",
 *       signature: { header: x-signature, encoding: base64, encoded_as: der }, timestamp: { header: x-timestamp, unit: s } }
 */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import { asymmetricAlgorithm } from './asymmetric.ts'

export function ecdsaAlgorithm(alternative: Alternative, hash: string): SignatureAlgorithm {
  const dsaEncoding = alternative.signature?.encoded_as === 'p1363' ? 'ieee-p1363' : 'der'
  return asymmetricAlgorithm({ alternative, kind: 'ec', hash, dsaEncoding })
}
