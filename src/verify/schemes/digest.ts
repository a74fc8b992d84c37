/**
 * A plain digest over a text that holds the secret: what providers used before HMAC, and some still do. It proves something only
 * because of the secret in it, so the signed text must have `{secret}`.
 *
 *     { scheme: digest-sha256, secret: client_secret, signature: { header: x-signature }, signed: "{secret}{body}" }
 *     secret "s3cret", body "{}" → x-signature: the hex SHA-256 of "s3cret{}"
 */
import { createHash } from 'node:crypto'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { isSameBytes } from '../compare.ts'
import { symmetricKey } from '../key.ts'
import { invalidClause } from '../scheme.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import type { SignedBytes } from '../signed-text.ts'

export function digestAlgorithm(alternative: Alternative, hash: string): SignatureAlgorithm {
  const templates = [alternative.signed ?? '', ...(alternative.or_signed ?? [])]
  if (!templates.every((template) => /\{secret(?:\|[^{}]*)?\}/.test(template))) {
    throw invalidClause(alternative, 'signed', 'anybody can make a digest without {secret} in the signed text')
  }
  const recipe = alternative.key ?? {}
  const sign = (text: SignedBytes): Buffer => {
    const digest = createHash(hash)
    for (const chunk of text) digest.update(chunk)
    return digest.digest()
  }
  return {
    kind: 'secret',
    readKey: (text, fill) => symmetricKey(text, recipe, fill),
    sign,
    isGenuine(signatures, text) {
      const expected = sign(text)
      return signatures.some((signature) => isSameBytes(signature, expected))
    },
  }
}
