/**
 * The way that all schemes share in which a signature over a text of the request is checked: HMAC, digest, Ed25519, RSA, ECDSA.
 * Read the signature, find the keys, read the timestamp, build the signed text, try every live key, then judge the age and the body's
 * digest. The age is judged last so that a forged request is called forged and not old; nothing is accepted without both.
 *
 * With a plain clause all this happens without a promise.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative } from '../domain/provider-spec.gen.ts'
import { compileBodyHash } from './body-hash.ts'
import { checkEachItem } from './each-item.ts'
import { decodeBytes } from './encoding.ts'
import type { FillTemplate, LiveKey } from './key.ts'
import { compileKeySource } from './key-source.ts'
import type { PlaceContext } from './place.ts'
import type { KeyKind } from './public-key.ts'
import {
  accept,
  type Acceptance,
  type Finding,
  isRefusal,
  type Refusal,
  refuse,
  type Scheme,
  type SchemeSetting,
} from './scheme.ts'
import { compileSignatureSource, type SignatureTexts } from './signature-source.ts'
import { compileSignedText, type SignedBytes, type TextValues } from './signed-text.ts'
import { compileSignedUrl } from './signed-url.ts'
import { judgeAge } from './timestamp.ts'
import { compileTimestamp } from './timestamp-source.ts'
import type { VerifyContext } from './verifier.ts'

/** What one scheme knows: its keys, and its mathematics. */
export interface SignatureAlgorithm {
  /** The kind of its keys. */
  readonly kind: KeyKind | 'secret'
  /** The key that a configured or pinned text stands for; undefined when it stands for none. */
  readKey(text: string, fill?: FillTemplate): KeyObject | undefined
  /** Whether any of the signatures is that of the text. Signatures of any length and content are just wrong. */
  isGenuine(signatures: readonly Buffer[], text: SignedBytes, key: KeyObject): boolean
  /** Signs with the same key, or with the private one where keys come in pairs. */
  sign(text: SignedBytes, key: KeyObject): Buffer
}

/** One set of signatures and what is signed with them, all of it read. */
interface Read {
  readonly context: VerifyContext
  readonly place: PlaceContext
  readonly found: SignatureTexts
  readonly timestamp: string | undefined
  readonly values: TextValues
}

type Keys = readonly LiveKey<KeyObject>[]

export function createSignatureScheme(
  alternative: Alternative,
  setting: SchemeSetting,
  algorithm: SignatureAlgorithm,
): Scheme {
  const { compileExpression } = setting
  const source = compileSignatureSource(alternative, setting)
  const { placeholders } = source
  const timestamp = compileTimestamp(alternative, placeholders, compileExpression)
  const text = compileSignedText(alternative, placeholders, compileExpression)
  const urlsOf = text.usesUrl ? compileSignedUrl(alternative.url) : () => ['']
  const bodyHash = compileBodyHash(alternative, placeholders, compileExpression)
  const encoding = alternative.signature?.encoding ?? 'hex'
  const keys = compileKeySource(alternative, setting, {
    kind: algorithm.kind,
    readKey: (secret, fill) => algorithm.readKey(secret, fill),
    placeholders,
  })

  const malformed = refuse('signature_malformed', `The signature is not ${encoding}.`)
  const mismatch = refuse('signature_mismatch', 'No live key makes this signature for this request.')
  const unknownConnection = refuse(
    'signature_mismatch',
    'No connection that the request may belong to, nor the integration, has a secret for it.',
  )
  const invalidKey = refuse(
    'key_invalid',
    `No configured ${alternative.secret ?? 'key'} can be read as the key that the scheme needs.`,
  )

  const decide = (read: Read, live: Keys): MaybePromise<Finding> => {
    const { context, place, found } = read
    const signatures: Buffer[] = []
    for (const one of found.texts) {
      const bytes = decodeBytes(one, encoding)
      if (bytes === undefined) return malformed
      signatures.push(bytes)
    }
    const match = findKey(read, signatures, live)
    if (isRefusal(match)) return match

    let clockSkewMs: number | undefined
    if (timestamp !== undefined) {
      const judged = judgeAge(read.timestamp!, timestamp.age, context.now)
      if (isRefusal(judged)) return judged
      clockSkewMs = judged
    }
    const accepted = accept(alternative, match.identity, clockSkewMs, match.owners)
    const finding = alternative.require === undefined ? accepted : withEvidence(accepted, found, match)
    if (bodyHash === undefined) return finding
    return andThen(bodyHash.checkRequest(place, found.parts), (refusal): Finding => {
      if (refusal === undefined) return finding
      return clockSkewMs === undefined ? refusal : { ...refusal, clockSkewMs }
    })
  }

  const findKey = (read: Read, signatures: readonly Buffer[], live: Keys): LiveKey<KeyObject> | Refusal => {
    const { context, place, found, values } = read
    if (live.length === 0) {
      // The time it takes must not tell whether there is such a connection; what this finds counts for nothing.
      if (algorithm.kind === 'secret') algorithm.isGenuine(signatures, [context.request.rawBody], STAND_IN)
      return unknownConnection
    }
    let hasKey = false
    for (const one of live) {
      const { key } = one
      if (key === undefined) continue
      hasKey = true
      for (const url of urlsOf(context.request.url)) {
        for (let way = 0; way < text.ways; way += 1) {
          const signed = text.render(
            {
              request: context.request,
              view: place.view,
              url,
              timestamp: read.timestamp,
              parts: found.parts,
              values,
              key,
            },
            way,
          )
          if (isRefusal(signed)) return signed
          if (algorithm.isGenuine(signatures, signed, key)) return one
        }
      }
    }
    return hasKey ? mismatch : invalidKey
  }

  const checkSet = (
    context: VerifyContext,
    place: PlaceContext,
    found: SignatureTexts,
    live: Keys,
  ): MaybePromise<Finding> =>
    andThen(timestamp?.read(place, found.parts), (read) => {
      if (isRefusal(read)) return read
      return andThen(text.evaluate(place, found.parts), (values) =>
        isRefusal(values) ? values : decide({ context, place, found, timestamp: read, values }, live),
      )
    })

  /** One set of several has to be right; the first refusal is told otherwise, as it is of the set that should be. */
  const checkSets = async (
    context: VerifyContext,
    place: PlaceContext,
    found: SignatureTexts,
    live: Keys,
  ): Promise<Finding> => {
    const first = await checkSet(context, place, found, live)
    for (const other of isRefusal(first) ? (found.others ?? []) : []) {
      const finding = await checkSet(context, place, other, live)
      if (!isRefusal(finding)) return finding
    }
    return first
  }

  const checkWith = (
    context: VerifyContext,
    place: PlaceContext,
    found: SignatureTexts,
    refresh: boolean,
  ): MaybePromise<Finding> =>
    andThen(keys.find(context, place, found.parts, refresh), (live) => {
      if (isRefusal(live)) return live
      return found.others === undefined ? checkSet(context, place, found, live) : checkSets(context, place, found, live)
    })

  const checkOne = (context: VerifyContext, place: PlaceContext): MaybePromise<Finding> =>
    andThen(source.read(place), (found): MaybePromise<Finding> => {
      if (found === undefined) return 'absent'
      if (isRefusal(found)) return found
      const checking = checkWith(context, place, found, false)
      if (!keys.canRefresh) return checking
      return andThen(checking, (finding) => (mayBeStale(finding) ? checkWith(context, place, found, true) : finding))
    })

  return {
    secretNames: keys.secretNames,
    check:
      alternative.each === undefined
        ? (context) => checkOne(context, context)
        : checkEachItem(alternative.each, checkOne),
  }
}

/** Whether the provider may have new keys that we do not know yet. */
function mayBeStale(finding: Finding): boolean {
  return isRefusal(finding) && (finding.code === 'signature_mismatch' || finding.code === 'key_unavailable')
}

function withEvidence(accepted: Acceptance, { parts }: SignatureTexts, { jwk }: LiveKey<KeyObject>): Acceptance {
  return { ...accepted, evidence: { parts, jwk } }
}

const STAND_IN = createSecretKey(Buffer.alloc(32))
