/**
 * Findings about the expressions of a spec: whether each can be compiled, whether it reads only what there is at its place, and
 * whether it can ever find what it looks for.
 */
import type { Alternative, Answer, Handshake, ProviderSpec } from '../domain/provider-spec.gen.ts'
import { checkExpression } from '../expression/check.ts'
import { SCOPE_NAMES } from '../expression/survey.ts'
import { isPairs, type Node, parseExpression } from '../expression/syntax.ts'
import type { DocumentPath, Report } from './lint.ts'

/** An expression, its place, and the names it may read beyond those that are everywhere. */
interface Site {
  readonly path: DocumentPath
  readonly source: string
  readonly reads: readonly PlaceName[]
}

/** Names that mean something at some places only, and why not at the others. */
const ELSEWHERE = {
  event: 'nothing is known of events before the request is verified; write body',
  item: 'there is an item only in a verify clause with each:',
  claims: 'there are claims only where a token is the proof',
  parts: 'only a signature with a format has parts',
  jwk: 'there is a published key only in the require of a verify clause',
  outer: 'only events of a nested batch have something around them',
  list: 'only events below * have a list',
  position: 'only events of a batch have a position',
  secrets: '$secret stands only in the answer of a handshake',
} as const

type PlaceName = keyof typeof ELSEWHERE

export function lintExpressions(spec: ProviderSpec, report: Report): void {
  for (const site of sitesOf(spec)) lintSite(site, Object.keys(spec.secrets ?? {}), report)
}

function lintSite({ path, source, reads }: Site, secrets: readonly string[], report: Report): void {
  const check = checkExpression(source)
  if (!check.ok) {
    report({
      path,
      code: 'spec_invalid_expression',
      message: `${check.message} (at character ${check.position + 1})`,
      hint: check.hint ?? 'Correct the expression.',
    })
    return
  }
  // `$$` reads the scope as a whole, be in it what may.
  const readsAll = SCOPE_NAMES.every((name) => check.roots.has(name))
  for (const name of check.roots) {
    if (!isElsewhere(name) || reads.includes(name) || (readsAll && name !== 'secrets')) continue
    report({
      path,
      code: 'spec_name_out_of_place',
      message: `"${name === 'secrets' ? '$secret' : name}" is not to be had here`,
      hint: `Remove it: ${ELSEWHERE[name]}.`,
    })
  }
  for (const name of check.secrets) {
    if (secrets.includes(name)) continue
    report({
      path,
      code: 'spec_undeclared_secret',
      message: `"${name}" is not declared under secrets`,
      hint:
        secrets.length === 0 ? `Add it: secrets: { ${name}: { where: … } }` : `Declared are: ${secrets.join(', ')}.`,
    })
  }
  const { names, filters } = headersOf(source)
  for (const name of names) {
    if (name === name.toLowerCase()) continue
    report({
      path,
      code: 'spec_header_capitals',
      message: `headers."${name}" never finds anything: headers stand under their lower-case names`,
      hint: `Write headers.\`${name.toLowerCase()}\`.`,
    })
  }
  for (const name of filters) {
    report({
      path,
      code: 'spec_header_filter',
      message: `headers["${name}"] does not look for a header: a filter that is text lets everything pass`,
      hint: `Write headers.\`${name.toLowerCase()}\`.`,
    })
  }
}

function isElsewhere(name: string): name is PlaceName {
  return Object.hasOwn(ELSEWHERE, name)
}

/** Every expression of the spec, in the order of the file's parts. */
function* sitesOf(spec: ProviderSpec): Generator<Site> {
  const isToken = spec.verify.some((one) => [one, ...(one.also ?? [])].some(({ scheme }) => scheme === 'jwt'))
  const claims: readonly PlaceName[] = isToken ? ['claims'] : []
  for (const [at, alternative] of spec.verify.entries()) yield* alternativeSites(alternative, ['verify', at])
  for (const [at, handshake] of (spec.handshakes ?? []).entries()) {
    yield* handshakeSites(handshake, ['handshakes', at], handshake.verified === false ? [] : claims)
  }
  const { each, type, dedupe, time, skip } = spec.event
  const nested: readonly PlaceName[] = /\[\]|\*/.test(each ?? '') ? ['outer', 'list'] : []
  const event: readonly PlaceName[] = [
    'event',
    ...claims,
    ...(each === undefined ? [] : ['position' as const]),
    ...nested,
  ]
  for (const [name, source] of Object.entries({ type, dedupe, skip })) {
    if (source !== undefined) yield { path: ['event', name], source, reads: event }
  }
  if (time !== undefined) yield { path: ['event', 'time', 'value'], source: time.value, reads: event }
  for (const [at, { when, equals }] of (spec.match ?? []).entries()) {
    if (when !== undefined) yield { path: ['match', at, 'when'], source: when, reads: event }
    yield { path: ['match', at, 'equals'], source: equals, reads: event }
  }
  for (const [at, { when, answer }] of (spec.answers ?? []).entries()) {
    if (when !== undefined) yield { path: ['answers', at, 'when'], source: when, reads: ['event', ...claims] }
    yield* answerSites(['answers', at, 'answer'], answer, ['event', ...claims])
  }
  yield* answerSites(['refused'], spec.refused, [])
  for (const [at, { answer }] of (spec.refusals ?? []).entries()) {
    yield* answerSites(['refusals', at, 'answer'], answer, [])
  }
}

function* alternativeSites(alternative: Alternative, path: DocumentPath): Generator<Site> {
  const item: readonly PlaceName[] = alternative.each === undefined ? [] : ['item']
  const parts: readonly PlaceName[] = ['parts', ...item]
  const tokenClaims: readonly PlaceName[] = alternative.scheme === 'jwt' ? ['claims'] : []
  const {
    when,
    signature,
    timestamp,
    claims,
    connection,
    key_id: keyId,
    body_hash: bodyHash,
    fetched_key: fetched,
  } = alternative
  const site = (below: DocumentPath, source: string, reads: readonly PlaceName[]): Site => ({
    path: [...path, ...below],
    source,
    reads,
  })
  if (when !== undefined) yield site(['when'], when, [])
  for (const [at, condition] of (alternative.require ?? []).entries()) {
    yield site(['require', at], condition, ['parts', 'jwk', ...tokenClaims])
  }
  if (connection !== undefined) yield site(['connection', 'equals'], connection.equals, [...item, ...tokenClaims])
  if (keyId?.body !== undefined) yield site(['key_id', 'body'], keyId.body, item)
  if (typeof fetched?.url === 'object') {
    yield site(['fetched_key', 'url', 'expression'], fetched.url.expression, [...item, ...tokenClaims])
  }
  if (signature?.body !== undefined) yield site(['signature', 'body'], signature.body, item)
  if (signature?.expression !== undefined) yield site(['signature', 'expression'], signature.expression, item)
  for (const [name, source] of Object.entries(alternative.texts ?? {})) yield site(['texts', name], source, parts)
  if (timestamp?.body !== undefined) yield site(['timestamp', 'body'], timestamp.body, item)
  if (bodyHash?.when !== undefined) yield site(['body_hash', 'when'], bodyHash.when, item)
  for (const [name, claim] of Object.entries(claims ?? {})) {
    if (typeof claim !== 'object' || Array.isArray(claim)) continue
    yield site(['claims', name, 'expression'], claim.expression, [...item, 'claims'])
  }
  for (const [at, other] of (alternative.also ?? []).entries()) yield* alternativeSites(other, [...path, 'also', at])
}

function* handshakeSites(handshake: Handshake, path: DocumentPath, claims: readonly PlaceName[]): Generator<Site> {
  const { when, token, capture, confirm, answer, otherwise } = handshake
  const reads: readonly PlaceName[] = ['event', ...claims]
  const site = (below: DocumentPath, source: string): Site => ({ path: [...path, ...below], source, reads })
  yield site(['when'], when)
  if (token?.body !== undefined) yield site(['token', 'body'], token.body)
  if (capture !== undefined) yield site(['capture', 'from'], capture.from)
  if (capture?.connection !== undefined) yield site(['capture', 'connection', 'equals'], capture.connection.equals)
  if (confirm !== undefined) yield site(['confirm', 'url'], confirm.url)
  yield* answerSites([...path, 'answer'], answer, [...reads, 'secrets'])
  yield* answerSites([...path, 'otherwise'], otherwise, [])
}

function* answerSites(path: DocumentPath, answer: Answer | undefined, reads: readonly PlaceName[]): Generator<Site> {
  if (answer?.value !== undefined) yield { path: [...path, 'value'], source: answer.value, reads }
  for (const [name, value] of Object.entries(answer?.headers ?? {})) {
    if (typeof value === 'object')
      yield { path: [...path, 'headers', name, 'expression'], source: value.expression, reads }
  }
}

interface HeaderNames {
  /** Under which the expression looks into `headers`, be it by path or by $lookup. */
  readonly names: Set<string>
  /** Which stand in brackets behind `headers`. */
  readonly filters: Set<string>
}

function headersOf(source: string): HeaderNames {
  const found: HeaderNames = { names: new Set(), filters: new Set() }
  const parsed = source.includes('headers') ? parseExpression(source) : null
  if (parsed?.ok === true) visit(parsed.tree, found)
  return found
}

/**
 * Follows the parts of an expression that see the scope itself. What stands behind a dot or in a filter sees a value instead, where
 * `headers` may well be a member of the payload.
 */
function visit(node: Node, found: HeaderNames): void {
  if (node.type === 'path') {
    const [first, ...rest] = scopeSteps(node)
    if (isName(first, 'headers')) {
      if (rest[0]?.type === 'name') found.names.add(String(rest[0].value))
      for (const { expr } of first?.stages ?? []) if (expr?.type === 'string') found.filters.add(String(expr.value))
    } else if (first !== undefined) visit(first, found)
    return
  }
  const [subject, key] = node.arguments ?? []
  if (isVariable(node.procedure, 'lookup') && subject !== undefined && key?.type === 'string') {
    const steps = scopeSteps(subject)
    if (steps.length === 1 && isName(steps[0], 'headers')) found.names.add(String(key.value))
  }
  for (const below of partsOf(node)) visit(below, found)
}

/** The steps of a path from the scope on: `$$.headers.x` and `headers.x` are the same. */
function scopeSteps(node: Node): readonly Node[] {
  const steps = node.steps ?? [node]
  return isVariable(steps[0], '$') || isVariable(steps[0], '') ? steps.slice(1) : steps
}

function partsOf(node: Node): Node[] {
  const { lhs, rhs, expression, expressions, condition, procedure, body, pattern } = node
  const pairs = isPairs(lhs) ? lhs.flat() : [lhs]
  const branches = [condition, node.then, node.else, procedure, ...(node.arguments ?? []), body, pattern]
  return [...pairs, rhs, expression, ...(expressions ?? []), ...branches].filter((part) => part !== undefined)
}

function isName(node: Node | undefined, value: string): boolean {
  return node?.type === 'name' && node.value === value
}

function isVariable(node: Node | undefined, value: string): boolean {
  return node?.type === 'variable' && node.value === value
}
