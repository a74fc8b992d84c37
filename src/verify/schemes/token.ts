/**
 * A shared token that the provider sends along: in a header, a parameter or a member of the body, or in every item of a batch. It
 * is compared with every live secret. It covers nothing, so a body can be changed by whoever has seen one request.
 *
 *     { scheme: token, secret: webhook_token, signature: { header: x-token } }
 *     { scheme: token, secret: client_state, each: body.value, signature: { body: item.clientState } }
 */
import { andThen, type MaybePromise } from '../../domain/expression.ts'
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { isSameBytes } from '../compare.ts'
import { checkEachItem } from '../each-item.ts'
import { keyBytes, type LiveKey } from '../key.ts'
import type { PlaceContext } from '../place.ts'
import { accept, type Finding, invalidClause, isRefusal, refuse, type Scheme, type SchemeSetting } from '../scheme.ts'
import { compileSecretKeys } from '../secret-keys.ts'
import { compileSignatureSource, type SignatureTexts } from '../signature-source.ts'
import type { VerifyContext } from '../verifier.ts'

export function createTokenScheme(alternative: Alternative, setting: SchemeSetting): Scheme {
  const { secret: name, each } = alternative
  if (name === undefined) throw invalidClause(alternative, 'secret', 'a token is compared with a secret: name it')
  const recipe = alternative.key ?? {}
  const source = compileSignatureSource(alternative, setting)
  const keys = compileSecretKeys(
    alternative,
    name,
    (text, fill) => keyBytes(text, recipe, fill),
    setting.compileExpression,
  )
  const mismatch = refuse('token_mismatch', `The token is no live ${name}.`)
  const unknown = refuse(
    'token_mismatch',
    `No connection that the request may belong to, nor the integration, has a ${name}.`,
  )
  const invalid = refuse('key_invalid', `The configured ${name} is empty or not as its recipe says.`)

  /** Every text must be a live secret; texts are few, and each is compared with all secrets. */
  const compare = (found: SignatureTexts, live: readonly LiveKey<Buffer>[]): Finding => {
    if (live.length === 0) return unknown
    if (!live.some((one) => one.key !== undefined)) return invalid
    let match: LiveKey<Buffer> | undefined
    for (const text of found.texts) {
      const bytes = Buffer.from(text, 'utf8')
      match = undefined
      for (const one of live) if (one.key !== undefined && isSameBytes(one.key, bytes)) match ??= one
      if (match === undefined) return mismatch
    }
    const accepted = accept(alternative, match?.identity, undefined, match?.owners)
    return alternative.require === undefined ? accepted : { ...accepted, evidence: { parts: found.parts } }
  }

  const checkOne = (context: VerifyContext, place: PlaceContext): MaybePromise<Finding> =>
    andThen(source.read(place), (found): MaybePromise<Finding> => {
      if (found === undefined) return 'absent'
      if (isRefusal(found)) return found
      return andThen(keys.find(context, place), (live) => (isRefusal(live) ? live : compare(found, live)))
    })

  return {
    secretNames: keys.secretNames,
    check: each === undefined ? (context) => checkOne(context, context) : checkEachItem(each, checkOne),
  }
}
