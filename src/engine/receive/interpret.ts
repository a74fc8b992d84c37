/**
 * What a request means, without storing or sending anything: handshake, verification, events, matches, answer, in the order of the
 * contract. The gateway runs it on live requests and the spec-runner on examples, so that what is proven is what runs.
 *
 * It throws only when the connection directory does. Whatever is wrong with the request is a result.
 */
import { type CompiledExpression, type ExpressionResult, isTruthy, type RequestView } from '../../domain/expression.ts'
import type { ForwardPayload } from '../../domain/delivery.ts'
import type { ConnectionId, Ids } from '../../domain/ids.ts'
import type { ReceivedEvent } from '../../domain/event.ts'
import { removeMembers } from '../../domain/json-text.ts'
import type { InboundRequest } from '../../domain/request.ts'
import type { Verification } from '../../domain/verification.ts'
import { type DecodedBody, decodeBody } from '../../spec/body.ts'
import type { CompiledSpec } from '../../spec/compiled-spec.ts'
import { createRequestView } from '../../spec/request-view.ts'
import type { KeySets } from '../../verify/verifier.ts'
import type { ConnectionDirectory, MatchedConnection } from '../ports.ts'
import type { IntegrationSettings } from '../settings.ts'
import { type HttpAnswer, makeAnswer } from './answer.ts'
import { extractEvents } from './events.ts'
import { createMatcher } from './match.ts'

export interface InterpretInput {
  readonly integration: IntegrationSettings
  readonly request: InboundRequest
  /** Time of receipt, ms since the epoch. */
  readonly now: number
  readonly directory: ConnectionDirectory
  readonly keySets: KeySets
  readonly ids: Ids
}

export type Interpretation = {
  readonly answer: HttpAnswer
  /** The body as it may be stored: without the members that the spec calls secret. */
  readonly storedBody: Uint8Array
  /** Remarks for the log. */
  readonly problems: readonly string[]
} & (
  | { readonly kind: 'handshake'; readonly name: string }
  | { readonly kind: 'refused'; readonly verification: Verification & { readonly kind: 'refused' } }
  | {
      readonly kind: 'accepted'
      readonly verification: Verification & { readonly kind: 'accepted' }
      readonly events: readonly ReceivedEvent[]
      /** Every connection that an event matched. */
      readonly connections: ReadonlyMap<ConnectionId, MatchedConnection>
      readonly payload: ForwardPayload
    }
)

export async function interpretRequest(input: InterpretInput): Promise<Interpretation> {
  const { integration, request, now } = input
  const { spec } = integration
  const body = lazily(() => decodeBody(spec.bodyKinds, request.rawBody))
  const view = createRequestView({ request, decode: body, options: integration.options, now })
  const problems: string[] = []

  const early = await findHandshake(spec, view, false, problems)
  if (early !== null) return answerHandshake(input, early, view, body, problems)

  const verifying = spec.verifier.verify({
    request,
    view,
    secrets: (name) => integration.secrets.get(name) ?? [],
    now,
    keySets: input.keySets,
  })
  const verification = verifying instanceof Promise ? await verifying : verifying
  if (verification.kind === 'refused') {
    const answer = await makeAnswer(spec.refusedAnswer, view)
    return { kind: 'refused', verification, answer, storedBody: withoutSecrets(spec, request, body), problems }
  }

  const late = await findHandshake(spec, view, true, problems)
  if (late !== null) return answerHandshake(input, late, view, body, problems)

  const decoded = body()
  if (decoded.kind === 'unreadable') problems.push(`body: ${decoded.detail}`)
  const matcher = createMatcher(spec.match, integration.key, input.directory)
  const events = await extractEvents({ rules: spec.event, decoded, view, matcher, ids: input.ids, problems })
  const storedBody = withoutSecrets(spec, request, body)
  return {
    kind: 'accepted',
    verification,
    events,
    connections: matcher.connections,
    payload: forwardPayload(spec, view, decoded),
    answer: await chooseAnswer(spec, view, problems),
    storedBody,
    problems,
  }
}

/** The first handshake of this sort whose condition holds. A condition that fails holds for nothing. */
async function findHandshake(
  spec: CompiledSpec,
  view: RequestView,
  verified: boolean,
  problems: string[],
): Promise<CompiledSpec['handshakes'][number] | null> {
  for (const handshake of spec.handshakes) {
    if (handshake.isVerified !== verified) continue
    const result = await settle(handshake.when, view)
    if (!result.ok) problems.push(`handshake ${handshake.name}: ${result.detail}`)
    else if (isTruthy(result.value)) return handshake
  }
  return null
}

async function answerHandshake(
  input: InterpretInput,
  handshake: CompiledSpec['handshakes'][number],
  view: RequestView,
  body: () => DecodedBody,
  problems: string[],
): Promise<Interpretation> {
  const { integration } = input
  const answer = await makeAnswer(handshake.answer, view, (name) => integration.secrets.get(name) ?? [])
  if (answer.problem !== undefined) problems.push(`handshake ${handshake.name}: ${answer.problem}`)
  return {
    kind: 'handshake',
    name: handshake.name,
    answer,
    storedBody: withoutSecrets(integration.spec, input.request, body),
    problems,
  }
}

async function chooseAnswer(spec: CompiledSpec, view: RequestView, problems: string[]): Promise<HttpAnswer> {
  for (const rule of spec.answers) {
    if (rule.when !== null) {
      const result = await settle(rule.when, view)
      if (!result.ok) problems.push(`answer: ${result.detail}`)
      if (!result.ok || !isTruthy(result.value)) continue
    }
    const answer = await makeAnswer(rule.answer, view)
    if (answer.problem !== undefined) problems.push(`answer: ${answer.problem}`)
    return answer
  }
  throw new Error('a compiled spec always ends with an unconditional answer')
}

function forwardPayload(spec: CompiledSpec, view: RequestView, decoded: DecodedBody): ForwardPayload {
  const headers: Record<string, string> = {}
  for (const name of spec.forwardHeaders) {
    const value = view.headers[name]
    if (value !== undefined) headers[name] = value
  }
  if (spec.forwardQuery.length > 0) {
    const query = new URLSearchParams()
    for (const name of spec.forwardQuery) {
      const value = view.query[name]
      for (const one of value === undefined ? [] : typeof value === 'string' ? [value] : value) query.append(name, one)
    }
    if (query.size > 0) headers['postern-query'] = query.toString()
  }
  const { payload } = decoded
  return {
    kind: payload.kind,
    bytes: payload.kind === 'json' && spec.strip.length > 0 ? removeMembers(payload.bytes, spec.strip) : payload.bytes,
    batchPath: decoded.kind === 'unreadable' ? null : spec.event.batchPath,
    contentType: payload.contentType,
    headers,
  }
}

/**
 * The raw bytes, unless the spec names secret members: then the payload without them, which for a form is its JSON reading. A body
 * that cannot be read is kept as it is, since nothing can be found in it.
 */
function withoutSecrets(spec: CompiledSpec, request: InboundRequest, body: () => DecodedBody): Uint8Array {
  if (spec.strip.length === 0) return request.rawBody
  const decoded = body()
  if (decoded.payload.kind !== 'json') return request.rawBody
  return removeMembers(decoded.payload.bytes, spec.strip)
}

function settle(expression: CompiledExpression, view: RequestView): ExpressionResult | Promise<ExpressionResult> {
  return expression.evaluate(view)
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
