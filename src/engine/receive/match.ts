/**
 * Whose event it is. The rules of a spec are tried in order; the first that finds a connection wins. Within one request a look-up is
 * made once, because the items of a batch mostly belong to the same few accounts.
 *
 * A request that was signed with the secret of a connection is that connection's and nobody else's: whoever knows that secret may say
 * what he likes about his own account, and nothing about others. Only where it belongs to several, such as a batch whose items were
 * signed one by one, do the rules pick among these.
 */
import { isTruthy, type RequestView } from '../../domain/expression.ts'
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
  /** `remark` gets what the log should say about expressions that failed. */
  match(view: RequestView, remark: (text: string) => void): Promise<EventMatch>
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

  async function find(field: string, values: readonly string[]): Promise<readonly MatchedConnection[]> {
    const key = values.length === 1 ? `${field}\n${values[0]}` : `${field}\n${JSON.stringify(values)}`
    const seen = known.get(key)
    if (seen !== undefined) return seen
    const answer = directory.findConnections({ integration, field, values }, MAX_CONNECTIONS)
    const all = answer instanceof Promise ? await answer : answer
    const found = ownerIds === undefined ? all : all.filter((one) => ownerIds.has(one.connectionId))
    known.set(key, found)
    for (const connection of found) connections.set(connection.connectionId, connection)
    return found
  }

  const matchRules = async (view: RequestView, remark: (text: string) => void): Promise<EventMatch> => {
    const identifiers: Identifier[] = []
    let failure: string | undefined
    for (const rule of rules) {
      if (rule.when !== null) {
        const answer = rule.when.evaluate(view)
        const result = answer instanceof Promise ? await answer : answer
        if (!result.ok) failure = `match ${rule.field}: ${result.detail}`
        if (!result.ok || !isTruthy(result.value)) continue
      }
      const answer = rule.equals.evaluate(view)
      const result = answer instanceof Promise ? await answer : answer
      if (!result.ok) {
        failure = `match ${rule.field}: ${result.detail}`
        continue
      }
      const values = identifierTexts(result.value)
      if (values.length === 0) continue
      for (const value of values) identifiers.push({ field: rule.field, value })
      const found = await find(rule.field, values)
      if (found.length > 0)
        return { kind: 'matched', connections: found.map((one) => one.connectionId), field: rule.field }
    }
    if (failure !== undefined) {
      remark(failure)
      return { kind: 'unmatched', reason: 'expression_failed', detail: failure, identifiers }
    }
    return { kind: 'unmatched', reason: identifiers.length > 0 ? 'no_connection' : 'no_identifier', identifiers }
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

/** Identifiers are compared as text. Empty text, truth values and structures identify nobody. */
function identifierTexts(value: unknown): string[] {
  const list = Array.isArray(value) ? value.slice(0, MAX_VALUES) : [value]
  const texts = new Set<string>()
  for (const one of list) {
    if (typeof one === 'number' && Number.isFinite(one)) texts.add(String(one))
    else if (typeof one === 'string' && one !== '') texts.add(one)
  }
  return [...texts]
}
