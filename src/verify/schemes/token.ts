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
import { readDataPath } from '../data-path.ts'
import { createKeyReader, keyBytes, type LiveKey } from '../key.ts'
import type { PlaceContext } from '../place.ts'
import { accept, type Finding, invalidClause, isRefusal, refuse, type Scheme, type SchemeSetting } from '../scheme.ts'
import { compileSignatureSource, type SignatureTexts } from '../signature-source.ts'
import type { VerifyContext } from '../verifier.ts'
import { extendView } from '../view.ts'

export function createTokenScheme(alternative: Alternative, setting: SchemeSetting): Scheme {
  const { secret: name, each } = alternative
  if (name === undefined) throw invalidClause(alternative, 'secret', 'a token is compared with a secret: name it')
  const recipe = alternative.key ?? {}
  const source = compileSignatureSource(alternative, setting)
  const readKey = createKeyReader(name, (text) => keyBytes(text, recipe))
  const mismatch = refuse('token_mismatch', `The token is no live ${name}.`)
  const invalid = refuse('key_invalid', `The configured ${name} is empty or not as its recipe says.`)
  const missing = refuse('signature_missing', 'An item of the batch does not carry the token.')
  const empty = refuse('signature_missing', 'The batch is empty, so nothing carries the token.')

  /** Every text must be a live secret; texts are few, and each is compared with all secrets. */
  const compare = (context: VerifyContext, found: SignatureTexts): Finding => {
    const live = context.secrets(name).map(readKey)
    if (!live.some((one) => one.key !== undefined)) return invalid
    let match: LiveKey<Buffer> | undefined
    for (const text of found.texts) {
      const bytes = Buffer.from(text, 'utf8')
      match = undefined
      for (const one of live) if (one.key !== undefined && isSameBytes(one.key, bytes)) match ??= one
      if (match === undefined) return mismatch
    }
    return accept(alternative, match?.identity, undefined)
  }

  const checkOne = (context: VerifyContext, place: PlaceContext): MaybePromise<Finding> =>
    andThen(source.read(place), (found) => {
      if (found === undefined) return 'absent'
      return isRefusal(found) ? found : compare(context, found)
    })

  if (each === undefined) return { secretNames: [name], check: (context) => checkOne(context, context) }

  const checkItems = async (context: VerifyContext, items: readonly unknown[]): Promise<Finding> => {
    let first: Finding | undefined
    for (const item of items) {
      const checking = checkOne(context, { request: context.request, view: extendView(context.view, { item }) })
      const finding = checking instanceof Promise ? await checking : checking
      if (finding === 'absent') return missing
      if (finding.kind === 'refused') return finding
      first ??= finding
    }
    return first ?? empty
  }

  return {
    secretNames: [name],
    check(context) {
      const items = readDataPath(context.view.body, each)
      return Array.isArray(items) ? checkItems(context, items) : 'absent'
    },
  }
}
