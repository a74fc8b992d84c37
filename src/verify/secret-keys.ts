/**
 * The live keys that configured secrets give: those of the integration, or, where the clause has a hint, those of the connections to
 * which the request says it belongs. The hint is nobody's word. It only picks the secrets to try; a request without one that fits is
 * refused exactly like a request with a wrong signature.
 *
 *     secret: webhook_secret
 *     connection: { field: metadata.webhook_id, equals: body.webhook.id }
 */
import { andThen, type MaybePromise } from '../domain/expression.ts'
import type { Alternative, KeyRecipe } from '../domain/provider-spec.gen.ts'
import type { ConnectionId } from '../domain/ids.ts'
import type { Secret } from '../domain/secret.ts'
import { fingerprintOf } from './fingerprint.ts'
import { createKeyReader, type FillTemplate, type LiveKey, splitSecret } from './key.ts'
import { evaluateText, type PlaceContext } from './place.ts'
import { invalidClause, isRefusal, type Refusal } from './scheme.ts'
import { compileTemplate, type Template } from './template.ts'
import type { ConnectionSecret, ExpressionCompiler, VerifyContext } from './verifier.ts'
import { strictView } from './view.ts'

/** What of a context picks secrets; a signer has it too. */
export type SecretContext = Pick<VerifyContext, 'secrets' | 'connectionSecrets'>

export interface SecretKeys<Key> {
  /** Secrets that must be configured; none of them has to be where connections have their own. */
  readonly secretNames: readonly string[]
  /** Every key to try; empty where a hint finds no secret. */
  find(context: SecretContext, place: PlaceContext): MaybePromise<readonly LiveKey<Key>[] | Refusal>
}

/** Looks up the secrets of the connections that a request hints at. */
export type ConnectionHint = (
  context: SecretContext,
  place: PlaceContext,
) => MaybePromise<{ readonly values: readonly string[]; readonly found: readonly ConnectionSecret[] } | Refusal>

const MAX_HINTS = 100

export function compileSecretKeys<Key>(
  alternative: Alternative,
  name: string,
  read: (secretText: string, fill?: FillTemplate) => Key | undefined,
  compileExpression: ExpressionCompiler,
): SecretKeys<Key> {
  const recipe = alternative.key ?? {}
  const template = keyTemplate(alternative, recipe)
  const readAll = compileReader(name, recipe, template, read)
  const secretNames = [name, ...(template?.secretNames ?? [])]
  const own = (context: SecretContext, place: PlaceContext): readonly LiveKey<Key>[] =>
    readAll(context.secrets(name), context, place)

  const { connection } = alternative
  const hint = compileConnectionHint(alternative, compileExpression)
  if (connection === undefined || hint === undefined) return { secretNames, find: own }
  return {
    secretNames,
    find(context, place) {
      if (context.connectionSecrets === undefined) return own(context, place)
      return andThen(hint(context, place), (hinted) => {
        if (isRefusal(hinted)) return hinted
        const keys: LiveKey<Key>[] = []
        for (const { secret, ids } of bySecret(hinted.found)) {
          const owners = { field: connection.field, values: hinted.values, ids }
          for (const live of readAll([secret], context, place)) keys.push({ ...live, owners })
        }
        return keys.length > 0 ? keys : own(context, place)
      })
    },
  }
}

/** Undefined for an alternative whose secret is the integration's alone. */
export function compileConnectionHint(
  { connection, secret: name }: Alternative,
  compileExpression: ExpressionCompiler,
): ConnectionHint | undefined {
  if (connection === undefined || name === undefined) return undefined
  const { field } = connection
  const equals = compileExpression(connection.equals)
  return ({ connectionSecrets }, { request, view }) =>
    andThen(evaluateText(equals, strictView(view, request)), (located) => {
      if (isRefusal(located)) return located
      const values = [...new Set(located)].filter((value) => value !== '').slice(0, MAX_HINTS)
      if (values.length === 0 || connectionSecrets === undefined) return { values, found: [] }
      return andThen(connectionSecrets.find({ field, values, name }), (found) => ({ values, found }))
    })
}

/** The same secret of several connections is one key, and the request is all of theirs. */
function bySecret(found: readonly ConnectionSecret[]): { secret: Secret; ids: ConnectionId[] }[] {
  const groups = new Map<string, { secret: Secret; ids: ConnectionId[] }>()
  for (const { connectionId, secrets } of found) {
    for (const secret of secrets) {
      const group = groups.get(secret.reveal())
      if (group === undefined) groups.set(secret.reveal(), { secret, ids: [connectionId] })
      else if (!group.ids.includes(connectionId)) group.ids.push(connectionId)
    }
  }
  return [...groups.values()]
}

export function keyTemplate(alternative: Alternative, recipe: KeyRecipe): Template | undefined {
  if (recipe.template === undefined) return undefined
  const template = compileTemplate(recipe.template, ['secret'])
  if (typeof template === 'string') throw invalidClause(alternative, 'key', template)
  if (!recipe.template.includes('{secret}')) {
    throw invalidClause(alternative, 'key', 'the template of the key must hold {secret}')
  }
  return template
}

/** Fills the template of a key with what this request's integration has configured. */
export function fillerOf(
  template: Template,
  { secrets }: Pick<SecretContext, 'secrets'>,
  options: Readonly<Record<string, string>>,
): FillTemplate {
  return (secret) => template.render({ own: { secret }, secrets, options })
}

type ReadAll<Key> = (secrets: readonly Secret[], context: SecretContext, place: PlaceContext) => readonly LiveKey<Key>[]

function compileReader<Key>(
  name: string,
  recipe: KeyRecipe,
  template: Template | undefined,
  read: (secretText: string, fill?: FillTemplate) => Key | undefined,
): ReadAll<Key> {
  if (template === undefined && recipe.split === undefined) {
    const readOne = createKeyReader(name, read)
    return (secrets) => secrets.map(readOne)
  }
  const known = new WeakMap<Secret, { readonly filledWith: string; readonly keys: readonly LiveKey<Key>[] }>()
  return (secrets, context, { view }) => {
    const fill = template === undefined ? undefined : fillerOf(template, context, view.options)
    const filledWith = fill?.('\u0000') ?? ''
    return secrets.flatMap((secret) => {
      const seen = known.get(secret)
      if (seen !== undefined && seen.filledWith === filledWith) return seen.keys
      const identity = { name, fingerprint: fingerprintOf(secret) }
      const keys = splitSecret(secret.reveal(), recipe).map((text) => ({ key: read(text, fill), identity }))
      known.set(secret, { filledWith, keys })
      return keys
    })
  }
}
