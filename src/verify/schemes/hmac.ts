/**
 * HMAC (RFC 2104) over a text of the request: by far the most common scheme. Every live secret is tried.
 *
 *     { scheme: hmac-sha256, secret: webhook_secret, signature: { header: x-hub-signature-256, prefix: "sha256=" }, signed: "{body}" }
 *     secret "It's a Secret to Everybody", body "Hello, World!"
 *     → x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17
 */
import { createHmac, type KeyObject } from 'node:crypto'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { isSameBytes } from '../compare.ts'
import { symmetricKey } from '../key.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import type { SignedBytes } from '../signed-text.ts'

/** `hash` is one of OpenSSL's names: md5, sha1, sha256, sha512. */
export function hmacAlgorithm(alternative: Alternative, hash: string): SignatureAlgorithm {
  const recipe = alternative.key ?? {}
  const sign = (text: SignedBytes, key: KeyObject): Buffer => {
    const hmac = createHmac(hash, key)
    for (const chunk of text) hmac.update(chunk)
    return hmac.digest()
  }
  return {
    kind: 'secret',
    readKey: (text, fill) => symmetricKey(text, recipe, fill),
    sign,
    isGenuine(signatures, text, key) {
      const expected = sign(text, key)
      return signatures.some((signature) => isSameBytes(signature, expected))
    },
  }
}
