/**
 * The way that all schemes share in which a signature over a text of the request is checked: HMAC, digest, Ed25519, RSA, ECDSA.
 * Read the signature, read the timestamp, build the signed text, try every live key, then judge the age and the body's digest. The
 * age is judged last so that a forged request is called forged and not old; nothing is accepted without both.
 *
 * With a plain clause all this happens without a promise.
 */
import type { KeyObject } from 'node:crypto'
import { andThen } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { type BodyHash, compileBodyHash } from './body-hash.ts'
import { decodeBytes } from './encoding.ts'
import { createKeyReader, type LiveKey } from './key.ts'
import {
  accept,
  type Finding,
  invalidClause,
  isRefusal,
  type Refusal,
  refuse,
  type Scheme,
  type SchemeSetting,
} from './scheme.ts'
import { compileSignatureSource, type SignatureTexts } from './signature-source.ts'
import { compileSignedText, type SignedBytes } from './signed-text.ts'
import { compileSignedUrl } from './signed-url.ts'
import { judgeAge } from './timestamp.ts'
import { compileTimestamp } from './timestamp-source.ts'
import type { VerifyContext } from './verifier.ts'

/** What one scheme knows: its keys, and its mathematics. */
export interface SignatureAlgorithm {
  /** The key that a configured or pinned text stands for; undefined when it stands for none. */
  readKey(text: string): KeyObject | undefined
  /** Whether any of the signatures is that of the text. Signatures of any length and content are just wrong. */
  isGenuine(signatures: readonly Buffer[], text: SignedBytes, key: KeyObject): boolean
  /** Signs with the same key, or with the private one where keys come in pairs. */
  sign(text: SignedBytes, key: KeyObject): Buffer
}

export function createSignatureScheme(
  alternative: Alternative,
  setting: SchemeSetting,
  algorithm: SignatureAlgorithm,
): Scheme {
  const source = compileSignatureSource(alternative, setting)
  const timestamp = compileTimestamp(alternative, source.placeholders, setting.compileExpression)
  const text = compileSignedText(alternative, source.placeholders)
  const urlsOf = text.usesUrl ? compileSignedUrl(alternative.url) : () => ['']
  const bodyHash = compileBodyHash(alternative)
  const encoding = alternative.signature?.encoding ?? 'hex'
  const keysOf = compileKeys(alternative, setting, algorithm)

  const malformed = refuse('signature_malformed', `The signature is not ${encoding}.`)
  const mismatch = refuse('signature_mismatch', 'No live key makes this signature for this request.')
  const invalidKey = refuse(
    'key_invalid',
    `No configured ${alternative.secret ?? 'key'} can be read as the key that the scheme needs.`,
  )

  const decide = (context: VerifyContext, found: SignatureTexts, timestampText: string | undefined): Finding => {
    const signatures: Buffer[] = []
    for (const one of found.texts) {
      const bytes = decodeBytes(one, encoding)
      if (bytes === undefined) return malformed
      signatures.push(bytes)
    }
    const match = findKey(context, found, signatures, timestampText)
    if (isRefusal(match)) return match

    let clockSkewMs: number | undefined
    if (timestamp !== undefined) {
      const judged = judgeAge(timestampText!, timestamp.age, context.now)
      if (isRefusal(judged)) return judged
      clockSkewMs = judged
    }
    const refusal = checkBodyHash(bodyHash, context, clockSkewMs)
    return refusal ?? accept(alternative, match.identity, clockSkewMs)
  }

  const findKey = (
    context: VerifyContext,
    found: SignatureTexts,
    signatures: readonly Buffer[],
    timestampText: string | undefined,
  ): LiveKey<KeyObject> | Refusal => {
    let hasKey = false
    for (const live of keysOf(context)) {
      const { key } = live
      if (key === undefined) continue
      hasKey = true
      for (const url of urlsOf(context.request.url)) {
        const signed = text.render({
          request: context.request,
          url,
          timestamp: timestampText,
          parts: found.parts,
          key,
        })
        if (isRefusal(signed)) return signed
        if (algorithm.isGenuine(signatures, signed, key)) return live
      }
    }
    return hasKey ? mismatch : invalidKey
  }

  return {
    secretNames: alternative.secret === undefined ? [] : [alternative.secret],
    check: (context) =>
      andThen(source.read(context), (found) => {
        if (found === undefined) return 'absent'
        if (isRefusal(found)) return found
        if (timestamp === undefined) return decide(context, found, undefined)
        return andThen(timestamp.read(context, found.parts), (read) =>
          isRefusal(read) ? read : decide(context, found, read),
        )
      }),
  }
}

function checkBodyHash(
  bodyHash: BodyHash | undefined,
  context: VerifyContext,
  clockSkewMs: number | undefined,
): Refusal | undefined {
  const refusal = bodyHash?.checkRequest(context.request)
  return refusal === undefined || clockSkewMs === undefined ? refusal : { ...refusal, clockSkewMs }
}

/** Every live key of the alternative: the secrets configured under its name, or the pinned key of the spec. */
function compileKeys(
  alternative: Alternative,
  setting: SchemeSetting,
  algorithm: SignatureAlgorithm,
): (context: VerifyContext) => readonly LiveKey<KeyObject>[] {
  const { secret: name } = alternative
  if (name !== undefined) {
    const read = createKeyReader(name, (text) => algorithm.readKey(text))
    return (context) => context.secrets(name).map(read)
  }
  const key = algorithm.readKey(setting.publicKey ?? '')
  if (key === undefined) {
    throw invalidClause(alternative, 'public_key', 'the public key cannot be read as the key that the scheme needs')
  }
  const pinned = [{ key, identity: undefined }]
  return () => pinned
}
