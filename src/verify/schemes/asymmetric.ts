/**
 * What the three public-key schemes have in common: the key is public and of one kind, and the signed text is checked whole by
 * OpenSSL, which says no to a signature of any other length or form.
 */
import { type KeyObject, sign, type VerifyKeyObjectInput, verify } from 'node:crypto'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { type KeyKind, readPublicKey } from '../public-key.ts'
import { invalidClause } from '../scheme.ts'
import type { SignatureAlgorithm } from '../signature-scheme.ts'
import type { SignedBytes } from '../signed-text.ts'

export function asymmetricAlgorithm(input: {
  readonly alternative: Alternative
  readonly kind: KeyKind
  /** null where the scheme brings its own. */
  readonly hash: string | null
  readonly dsaEncoding?: 'der' | 'ieee-p1363'
}): SignatureAlgorithm {
  const { alternative, kind, hash, dsaEncoding } = input
  if ([alternative.signed ?? '', ...(alternative.or_signed ?? [])].some((template) => /\{secret[?|}]/.test(template))) {
    throw invalidClause(alternative, 'signed', 'the key of this scheme is public, so {secret} has nothing to stand for')
  }
  const recipe = alternative.key ?? {}
  const withOptions = (key: KeyObject): KeyObject | VerifyKeyObjectInput =>
    dsaEncoding === undefined ? key : { key, dsaEncoding }
  return {
    kind,
    readKey: (text) => readPublicKey(text, recipe, kind),
    sign: (text, key) => sign(hash, joined(text), withOptions(key)),
    isGenuine(signatures, text, key) {
      const data = joined(text)
      return signatures.some((signature) => isVerified(() => verify(hash, data, withOptions(key), signature)))
    },
  }
}

/** OpenSSL answers false for a wrong signature, but may throw for one that it cannot even read. */
function isVerified(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

function joined(text: SignedBytes): Buffer {
  return Buffer.concat(text.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk)))
}
