/**
 * What a request means, without storing or sending anything: handshake, verification, events, matches, answer, in the order of the
 * contract. The gateway runs it on live requests and the spec-runner on examples, so that what is proven is what runs.
 *
 * It throws only when the connection directory does. Whatever is wrong with the request is a result.
 */
import { andThen, isTruthy, type MaybePromise, type RequestView } from '../../domain/expression.ts'
import type { ForwardPayload } from '../../domain/delivery.ts'
import type { ConnectionId, Ids } from '../../domain/ids.ts'
import type { ReceivedEvent } from '../../domain/event.ts'
import { removeMembers } from '../../domain/json-text.ts'
import type { InboundRequest } from '../../domain/request.ts'
import type { Secret } from '../../domain/secret.ts'
import type { Verification } from '../../domain/verification.ts'
import { type DecodedBody, decodeBody } from '../../spec/body.ts'
import type { CompiledAnswer, CompiledSpec } from '../../spec/compiled-spec.ts'
import { createRequestView } from '../../spec/request-view.ts'
import type { ConnectionSecrets, KeySets } from '../../verify/verifier.ts'
import { extendView } from '../../verify/view.ts'
import type { ConnectionDirectory, MatchedConnection } from '../ports.ts'
import type { IntegrationSettings } from '../settings.ts'
import { type HttpAnswer, makeAnswer } from './answer.ts'
import { extractEvents } from './events.ts'
import { type CapturedSecret, findHandshake, type HandshakeDecision } from './handshake.ts'
import { createMatcher } from './match.ts'

export interface InterpretInput {
  readonly integration: IntegrationSettings
  readonly request: InboundRequest
  /** Time of receipt, ms since the epoch. */
  readonly now: number
  readonly directory: ConnectionDirectory
  readonly keySets: KeySets
  /** Secrets of single connections of this integration; without it no connection has any. */
  readonly connectionSecrets?: ConnectionSecrets | undefined
  readonly ids: Ids
}

export type Interpretation = {
  readonly answer: HttpAnswer
  /** The body as it may be stored: without the members that the spec calls secret. */
  readonly storedBody: Uint8Array
  /** Remarks for the log. */
  readonly problems: readonly string[]
} & (
  | {
      readonly kind: 'handshake'
      readonly name: string
      /** To be kept before the answer is sent, and never over another. */
      readonly captured?: CapturedSecret | undefined
      /** A URL on a pinned host that is to be visited by one guarded GET, after the answer. */
      readonly confirm?: string | undefined
    }
  | { readonly kind: 'refused'; readonly verification: Verification & { readonly kind: 'refused' } }
  | {
      readonly kind: 'accepted'
      readonly verification: Verification & { readonly kind: 'accepted' }
      readonly events: readonly ReceivedEvent[]
      /** What expressions saw of each event, in the same order; empty for a batch that is too large to be split. */
      readonly views: readonly RequestView[]
      /** Every connection that an event matched. */
      readonly connections: ReadonlyMap<ConnectionId, MatchedConnection>
      readonly payload: ForwardPayload
    }
)

type Secrets = (name: string) => readonly Secret[]

/** At once where nothing in the spec or the request has to be waited for, as with most. */
export function interpretRequest(input: InterpretInput): MaybePromise<Interpretation> {
  const { integration, request } = input
  const body = lazily(() => decodeBody(integration.spec.bodyKinds, request.rawBody))
  const seen: SeenWithSecrets = {
    view: createRequestView({ request, decode: body, options: integration.options, now: input.now }),
    body,
    problems: [],
    secrets: (name) => integration.secrets.get(name) ?? NO_SECRETS,
  }
  return andThen(handshakeIn(input, seen, false), (early) =>
    early !== null ? concludeHandshake(input, early, seen) : verify(input, seen),
  )
}

const NO_SECRETS: readonly Secret[] = []

function handshakeIn(
  input: InterpretInput,
  { view, problems }: Seen,
  verified: boolean,
): ReturnType<typeof findHandshake> {
  const { integration, request, directory, connectionSecrets } = input
  if (integration.spec.handshakes.length === 0) return null
  return findHandshake({ integration, request, view, directory, connectionSecrets, problems }, verified)
}

function verify(input: InterpretInput, seen: SeenWithSecrets): MaybePromise<Interpretation> {
  const { integration, request, now, keySets, connectionSecrets } = input
  const { view, secrets } = seen
  return andThen(
    integration.spec.verifier.verify({ request, view, secrets, now, keySets, connectionSecrets }),
    (verification) =>
      verification.kind === 'refused' ? refuse(input, verification, null, seen) : accept(input, verification, seen),
  )
}

type Accepted = Verification & { readonly kind: 'accepted' }

function accept(input: InterpretInput, verification: Accepted, seen: SeenWithSecrets): MaybePromise<Interpretation> {
  const { claims } = verification
  const proven = claims === undefined ? seen : { ...seen, view: extendView(seen.view, { claims }) }
  return andThen(handshakeIn(input, proven, true), (late) => {
    if (late === null) return readEvents(input, verification, proven, seen.view)
    return secretsBehind(input, verification, seen.secrets).then((secrets) =>
      concludeHandshake(input, late, { ...proven, secrets }),
    )
  })
}

/** `sent` is what the request says of itself, without what its verification has found. */
function readEvents(
  input: InterpretInput,
  verification: Accepted,
  { view, body, problems }: Seen,
  sent: RequestView,
): MaybePromise<Interpretation> {
  const { integration, request, directory, ids } = input
  const { spec } = integration
  const decoded = body()
  if (decoded.kind === 'unreadable') problems.push(`body: ${decoded.detail}`)
  const matcher = createMatcher(spec.match, integration.key, directory, verification.connections)
  const views: RequestView[] = []
  return andThen(extractEvents({ rules: spec.event, decoded, view, matcher, ids, problems, seen: views }), (events) =>
    andThen(chooseAnswer(spec, view, problems), (answer): Interpretation => ({
      kind: 'accepted',
      verification,
      events,
      views,
      connections: matcher.connections,
      payload: forwardPayload(spec, sent, decoded),
      answer,
      storedBody: withoutSecrets(spec, request, body),
      problems,
    })),
  )
}

interface Seen {
  readonly view: RequestView
  readonly body: () => DecodedBody
  readonly problems: string[]
}

type SeenWithSecrets = Seen & { readonly secrets: Secrets }

async function concludeHandshake(
  input: InterpretInput,
  decision: HandshakeDecision,
  seen: SeenWithSecrets,
): Promise<Interpretation> {
  if (decision.kind === 'refuse') return refuse(input, decision.verification, decision.answer, seen)
  const { handshake, captured, confirm } = decision
  const { view, body, problems } = seen
  const secrets: Secrets =
    captured === undefined ? seen.secrets : (name) => (name === captured.name ? [captured.value] : seen.secrets(name))
  const answer = await makeAnswer(handshake.answer, view, secrets)
  if (answer.problem !== undefined) problems.push(`handshake ${handshake.name}: ${answer.problem}`)
  return {
    kind: 'handshake',
    name: handshake.name,
    answer,
    // What could not be answered is not begun: the provider will ask again.
    ...(answer.problem === undefined ? { captured, confirm } : {}),
    // What brings a secret is not kept, be the secret new or not.
    storedBody:
      handshake.capture === null ? withoutSecrets(input.integration.spec, input.request, body) : Buffer.alloc(0),
    problems,
  }
}

function refuse(
  { integration: { spec }, request }: InterpretInput,
  verification: Verification & { readonly kind: 'refused' },
  answer: CompiledAnswer | null,
  { view, body, problems }: Seen,
): MaybePromise<Interpretation> {
  const chosen = answer ?? spec.refusals.find(({ codes }) => codes.has(verification.code))?.answer ?? spec.refusedAnswer
  return andThen(makeAnswer(chosen, view), (made): Interpretation => ({
    kind: 'refused',
    verification,
    answer: made,
    storedBody: withoutSecrets(spec, request, body),
    problems,
  }))
}

/** The secrets that a verified handshake may digest: those of the connection whose secret it was, before the integration's. */
async function secretsBehind(
  { integration, connectionSecrets }: InterpretInput,
  { connections }: Verification & { readonly kind: 'accepted' },
  own: Secrets,
): Promise<Secrets> {
  if (connections === undefined || connectionSecrets === undefined) return own
  const { field, values, ids } = connections
  const known = new Map<string, readonly Secret[]>()
  for (const name of Object.keys(integration.spec.document.secrets ?? {})) {
    const found = await connectionSecrets.find({ field, values, name })
    const secrets = found.filter(({ connectionId }) => ids.includes(connectionId)).flatMap((one) => one.secrets)
    if (secrets.length > 0) known.set(name, secrets)
  }
  return (name) => known.get(name) ?? own(name)
}

function chooseAnswer(spec: CompiledSpec, view: RequestView, problems: string[]): MaybePromise<HttpAnswer> {
  const [first] = spec.answers
  if (first !== undefined && first.when === null) return noteProblem(makeAnswer(first.answer, view), problems)
  return chooseAmong(spec, view, problems)
}

async function chooseAmong(spec: CompiledSpec, view: RequestView, problems: string[]): Promise<HttpAnswer> {
  for (const rule of spec.answers) {
    if (rule.when !== null) {
      const result = await rule.when.evaluate(view)
      if (!result.ok) problems.push(`answer: ${result.detail}`)
      if (!result.ok || !isTruthy(result.value)) continue
    }
    return noteProblem(makeAnswer(rule.answer, view), problems)
  }
  throw new Error('a compiled spec always ends with an unconditional answer')
}

function noteProblem(making: MaybePromise<HttpAnswer>, problems: string[]): MaybePromise<HttpAnswer> {
  return andThen(making, (answer) => {
    if (answer.problem !== undefined) problems.push(`answer: ${answer.problem}`)
    return answer
  })
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

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
