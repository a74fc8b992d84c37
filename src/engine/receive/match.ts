/**
 * Whose event it is. The rules of a spec are tried in order; the first that finds a connection wins. Within one request a look-up is
 * made once, because the items of a batch mostly belong to the same few accounts.
 *
 * A request that was signed with the secret of a connection is that connection's and nobody else's: whoever knows that secret may say
 * what he likes about his own account, and nothing about others. Only where it belongs to several, such as a batch whose items were
 * signed one by one, do the rules pick among these.
 */
import { andThen, isTruthy, type MaybePromise, type RequestView } from '../../domain/expression.ts'
import type { Identifier } from '../../domain/connection.ts'
import type { EventMatch } from '../../domain/event.ts'
import type { ConnectionId, IntegrationKey } from '../../domain/ids.ts'
import type { CompiledMatchRule } from '../../spec/compiled-spec.ts'
import type { Verification } from '../../domain/verification.ts'
import type { ConnectionDirectory, MatchedConnection } from '../ports.ts'

/** More connections than this on one identifier are a misconfiguration, not a match. */
const MAX_CONNECTIONS = 1_000
const MAX_VALUES = 1_000

export interface Matcher {
  /** `remark` gets what the log should say about expressions that failed. No promise where nothing has to be waited for. */
  match(view: RequestView, remark: (text: string) => void): MaybePromise<EventMatch>
  /** Every connection found so far. */
  readonly connections: ReadonlyMap<ConnectionId, MatchedConnection>
}

/** The connections whose secret made the signature. */
type Owners = NonNullable<Extract<Verification, { kind: 'accepted' }>['connections']>

export function createMatcher(
  rules: readonly CompiledMatchRule[],
  integration: IntegrationKey,
  directory: ConnectionDirectory,
  owners?: Owners,
): Matcher {
  const ownerIds = owners === undefined ? undefined : new Set(owners.ids)
  const connections = new Map<ConnectionId, MatchedConnection>()
  const known = new Map<string, readonly MatchedConnection[]>()

  function find(field: string, values: readonly string[]): MaybePromise<readonly MatchedConnection[]> {
    const key = values.length === 1 ? `${field}\n${values[0]}` : `${field}\n${JSON.stringify(values)}`
    const seen = known.get(key)
    if (seen !== undefined) return seen
    return andThen(directory.findConnections({ integration, field, values }, MAX_CONNECTIONS), (all) => {
      const found = ownerIds === undefined ? all : all.filter((one) => ownerIds.has(one.connectionId))
      known.set(key, found)
      for (const connection of found) connections.set(connection.connectionId, connection)
      return found
    })
  }

  /** What one rule says of the event; null leaves it to the next. What it learns on the way is added to the search. */
  const tryRule = (rule: CompiledMatchRule, view: RequestView, search: Search): MaybePromise<EventMatch | null> => {
    if (rule.when === null) return lookUp(rule, view, search)
    return andThen(rule.when.evaluate(view), (result) => {
      if (!result.ok) search.failure = `match ${rule.field}: ${result.detail}`
      return result.ok && isTruthy(result.value) ? lookUp(rule, view, search) : null
    })
  }

  const lookUp = (
    { field, equals }: CompiledMatchRule,
    view: RequestView,
    search: Search,
  ): MaybePromise<EventMatch | null> =>
    andThen(equals.evaluate(view), (result) => {
      if (!result.ok) {
        search.failure = `match ${field}: ${result.detail}`
        return null
      }
      const values = identifierTexts(result.value)
      if (values.length === 0) return null
      for (const value of values) search.identifiers.push({ field, value })
      return andThen(find(field, values), (found): EventMatch | null =>
        found.length > 0 ? { kind: 'matched', connections: found.map((one) => one.connectionId), field } : null,
      )
    })

  const matchRules = (view: RequestView, remark: (text: string) => void): MaybePromise<EventMatch> => {
    const search: Search = { identifiers: [], failure: undefined }
    for (let at = 0; at < rules.length; at += 1) {
      const match = tryRule(rules[at]!, view, search)
      if (match instanceof Promise) return goOn(match, at + 1, view, search, remark)
      if (match !== null) return match
    }
    return unmatched(search, remark)
  }

  /** The rest of the rules, once one had to be waited for. */
  const goOn = async (
    pending: Promise<EventMatch | null>,
    from: number,
    view: RequestView,
    search: Search,
    remark: (text: string) => void,
  ): Promise<EventMatch> => {
    let match = await pending
    for (let at = from; match === null && at < rules.length; at += 1) match = await tryRule(rules[at]!, view, search)
    return match ?? unmatched(search, remark)
  }

  /** What follows from whose secret it was. */
  const matchOwners = async (
    { field, values, ids }: Owners,
    view: RequestView,
    remark: (text: string) => void,
  ): Promise<EventMatch> => {
    const found = await find(field, values)
    if (ids.length > 1) {
      const match = await matchRules(view, remark)
      if (match.kind === 'matched') return match
    }
    // Of several that share one secret and one identifier it is all of them.
    const isOne = ids.length === 1 || values.length === 1
    if (isOne && found.length > 0) return { kind: 'matched', connections: found.map((one) => one.connectionId), field }
    // Without identifiers, so that it waits for nobody who could claim one later.
    return { kind: 'unmatched', reason: 'no_connection', identifiers: [] }
  }

  return {
    connections,
    match: (view, remark) => (owners === undefined ? matchRules(view, remark) : matchOwners(owners, view, remark)),
  }
}

/** What was learnt about an event while no rule had found its connection. */
interface Search {
  readonly identifiers: Identifier[]
  failure: string | undefined
}

function unmatched({ identifiers, failure }: Search, remark: (text: string) => void): EventMatch {
  if (failure === undefined) {
    return { kind: 'unmatched', reason: identifiers.length > 0 ? 'no_connection' : 'no_identifier', identifiers }
  }
  remark(failure)
  return { kind: 'unmatched', reason: 'expression_failed', detail: failure, identifiers }
}

/** Identifiers are compared as text. Empty text, truth values and structures identify nobody. */
function identifierTexts(value: unknown): string[] {
  if (!Array.isArray(value)) {
    const text = identifierText(value)
    return text === undefined ? [] : [text]
  }
  const texts = new Set<string>()
  for (const one of value.slice(0, MAX_VALUES)) {
    const text = identifierText(one)
    if (text !== undefined) texts.add(text)
  }
  return [...texts]
}

function identifierText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}
