/**
 * The way of a request through the gateway, from raw bytes to an answer: interpret, store, then answer. A 2xx for an event is given
 * only when its commit is on disk; when the store cannot take it the caller gets the store's error and nothing was accepted.
 * Delivery begins after the answer is decided and never delays it.
 */
import type { PlannedDelivery } from '../../domain/delivery.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { MaybePromise } from '../../domain/expression.ts'
import type { Ids } from '../../domain/ids.ts'
import { HeaderList, type InboundRequest } from '../../domain/request.ts'
import type { Secret } from '../../domain/secret.ts'
import { isSameText } from '../../verify/compare.ts'
import type { KeySets } from '../../verify/verifier.ts'
import type { Keyring } from '../keyring/keyring.ts'
import { filterEvents, hasFilter } from '../forward/filter.ts'
import { planDeliveries } from '../forward/plan.ts'
import type { OnAccepted } from '../sync/triggers.ts'
import type {
  Acceptance,
  AcceptanceReceipt,
  Clock,
  ConnectionDirectory,
  IngestStore,
  Journal,
  RequestOutcome,
  RequestRecord,
} from '../ports.ts'
import type { IntegrationSettings, Settings, SettingsSource } from '../settings.ts'
import { makeAnswer, type HttpAnswer } from './answer.ts'
import { destinationsWithRoom, type HandOff, handOver } from './hand-over.ts'
import { type Interpretation, interpretRequest } from './interpret.ts'
import { redactHeaders, redactTarget } from './redact.ts'

/** A request as the HTTP edge hands it over. */
export interface IncomingRequest {
  readonly integrationKey: string
  /** The last segment of /webhook/{integration}/{token}, decoded. */
  readonly ingressToken: string | null
  readonly method: string
  /** Path and query as on the request line. */
  readonly target: string
  readonly host: string | undefined
  readonly rawHeaders: readonly string[]
  readonly rawBody: Buffer
  readonly remoteAddress: string | null
  /** When its first byte was seen, ms since the epoch. */
  readonly startedAt: number
}

export type ReceiveRequest = (incoming: IncomingRequest) => Promise<HttpAnswer>

export interface ReceiveDeps {
  readonly settings: SettingsSource
  readonly store: IngestStore & ConnectionDirectory
  readonly handOff: HandOff
  readonly keySets: KeySets
  readonly keyring: Pick<Keyring, 'secretsOf' | 'connectionSecrets' | 'keep'>
  /** Visits a URL that a handshake asks for, by one guarded GET; tells of it by itself. */
  readonly confirm: (url: string) => void
  /** Stores what the events of an integration with syncs set off; awaited before the answer, so that a 2xx covers it too. */
  readonly onAccepted?: OnAccepted
  readonly clock: Clock
  readonly ids: Ids
  readonly journal: Journal
  /** Told what became of every request, for metrics. */
  readonly onDecision?: (decision: Decision) => void
}

export interface Decision {
  readonly provider: string
  readonly outcome: RequestOutcome
  readonly durationMs: number
}

export function createReceive(deps: ReceiveDeps): ReceiveRequest {
  const { settings, store, handOff, keySets, keyring, clock, ids, journal } = deps

  // One frame with as few awaits as there is to wait for: each costs a promise, and holds everything below it in memory meanwhile.
  return async function receive(incoming) {
    store.assertRoom(incoming.rawBody.length)
    const { integrations, destinations, publicUrl } = settings.current()
    const configured = integrations.get(incoming.integrationKey)
    if (configured === undefined) throw unknownIntegration(incoming.integrationKey)
    const secrets = keyring.secretsOf(configured)
    const integration = secrets === configured.secrets ? configured : { ...configured, secrets }
    const now = clock.now()
    const request = asInbound(incoming, publicUrl)

    if (!isTokenRight(incoming.ingressToken, integration.ingressTokens))
      return refuseToken(incoming, integration, request, now)

    const interpreting = interpretRequest({
      integration,
      request,
      now,
      directory: store,
      keySets,
      connectionSecrets: keyring.connectionSecrets(integration.key),
      ids,
    })
    const meaning = interpreting instanceof Promise ? await interpreting : interpreting
    const record = describe(incoming, integration, request, meaning, now)
    switch (meaning.kind) {
      case 'refused':
        refused(record, meaning)
        break
      case 'handshake':
        // On disk before the answer: the provider signs with it from here on, and will not send it again.
        if (meaning.captured !== undefined) await keyring.keep(integration.key, meaning.captured)
        if (meaning.confirm !== undefined) deps.confirm(meaning.confirm)
        store.recordHandshake({ request: record, name: meaning.name })
        decided(record, 'handshake')
        journal.record('handshake.answered', { ...facts(record), handshake: meaning.name, problems: meaning.problems })
        break
      case 'accepted': {
        const planning = plan(integration, meaning, destinations)
        const planned = planning instanceof Promise ? await planning : planning
        const acceptance = acceptanceOf(integration, record, meaning, planned, now)
        const receipt = await store.acceptRequest(acceptance)
        // First of all: what is leased must go out whatever becomes of the syncs.
        accepted(integration, record, meaning, acceptance, receipt)
        if (integration.syncs !== undefined && deps.onAccepted !== undefined) {
          const { key } = integration
          const { duplicates } = receipt
          const { events, views } = meaning
          const triggering = deps.onAccepted({ integration: key, events, views, duplicates })
          if (triggering instanceof Promise) await triggering
        }
      }
    }
    return meaning.answer
  }

  function refused(record: RequestRecord, { verification, problems }: Interpretation & { kind: 'refused' }): void {
    store.recordRefusal({
      request: record,
      code: verification.code,
      scheme: verification.scheme ?? null,
      detail: verification.detail,
      clockSkewMs: verification.clockSkewMs ?? null,
    })
    decided(record, 'refused')
    if (isKept('warn')) journal.warn('request.refused', { ...facts(record), ...verification, problems })
  }

  /** The deliveries of what the filters of the destinations let pass, and the remarks on the request. */
  function plan(
    integration: IntegrationSettings,
    { events, views, connections, problems }: AcceptedMeaning,
    destinations: Settings['destinations'],
  ): MaybePromise<Plan> {
    const { forward } = integration
    const input = { integration, events, connections, ids, destinations }
    if (!hasFilter(forward, destinations)) return { deliveries: planDeliveries(input), problems }
    const remarks = [...problems]
    return filterEvents({ forward, destinations, events, views, problems: remarks }).then((passing) => ({
      deliveries: planDeliveries({ ...input, passing }),
      problems: remarks,
    }))
  }

  function acceptanceOf(
    integration: IntegrationSettings,
    record: RequestRecord,
    meaning: AcceptedMeaning,
    { deliveries, problems }: Plan,
    now: number,
  ): Acceptance {
    const { verification, events } = meaning
    const leased = destinationsWithRoom(handOff, deliveries)
    const windowMs = integration.spec.event.dedupeWindowMs ?? integration.dedupeWindowMs
    return {
      request: record,
      scheme: verification.scheme,
      secretFingerprint: verification.secret?.fingerprint ?? null,
      clockSkewMs: verification.clockSkewMs ?? null,
      events,
      dedupe: integration.dedupeWindowMs === null || windowMs === null ? null : { since: now - windowMs },
      payload: deliveries.length === 0 ? null : meaning.payload,
      deliveries,
      leaseUntil: leased.names.size === 0 ? null : now + leased.leaseMs,
      leasedDestinations: leased.names,
      problems,
    }
  }

  function accepted(
    integration: IntegrationSettings,
    record: RequestRecord,
    meaning: AcceptedMeaning,
    acceptance: Acceptance,
    receipt: AcceptanceReceipt,
  ): void {
    const { events, problems } = acceptance
    const isDuplicate = events.length > 0 && receipt.duplicates.size === events.length
    decided(record, isDuplicate ? 'duplicate' : 'accepted')
    if (receipt.stored.length > 0) handOver(handOff, { integration, acceptance, payload: meaning.payload, receipt })
    if (!isKept('record')) return
    journal.record('request.accepted', {
      ...facts(record),
      scheme: acceptance.scheme,
      events: events.length,
      duplicates: receipt.duplicates.size,
      deliveries: receipt.stored.length,
      ...(problems.length > 0 ? { problems } : {}),
    })
  }

  /** Facts need not be gathered for lines that nobody keeps. */
  function isKept(kind: 'record' | 'warn'): boolean {
    return journal.keeps?.(kind) ?? true
  }

  async function refuseToken(
    incoming: IncomingRequest,
    integration: IntegrationSettings,
    request: InboundRequest,
    now: number,
  ): Promise<HttpAnswer> {
    const answer = await makeAnswer(integration.spec.refusedAnswer, {
      method: request.method,
      url: request.url,
      path: '',
      headers: {},
      query: {},
      body: undefined,
      raw: '',
      options: integration.options,
      now,
    })
    const record = describe(incoming, integration, request, { answer, storedBody: Buffer.alloc(0) }, now)
    const detail =
      incoming.ingressToken === null
        ? 'the URL has no ingress token'
        : 'the ingress token in the URL is not one of ours'
    store.recordRefusal({ request: record, code: 'ingress_token_mismatch', scheme: null, detail, clockSkewMs: null })
    decided(record, 'refused')
    if (isKept('warn')) journal.warn('request.refused', { ...facts(record), code: 'ingress_token_mismatch', detail })
    return answer
  }

  function decided(record: RequestRecord, outcome: RequestOutcome): void {
    deps.onDecision?.({ provider: record.provider, outcome, durationMs: clock.now() - record.receivedAt })
  }

  function describe(
    incoming: IncomingRequest,
    integration: IntegrationSettings,
    request: InboundRequest,
    meaning: { readonly answer: HttpAnswer; readonly storedBody: Uint8Array },
    now: number,
  ): RequestRecord {
    return {
      id: ids.next('request'),
      integration: integration.key,
      provider: integration.spec.provider,
      receivedAt: now,
      method: incoming.method,
      target: redactTarget(incoming.target, incoming.ingressToken, integration.spec),
      headers: redactHeaders(request, integration.spec, integration.options),
      body: meaning.storedBody,
      remoteAddress: incoming.remoteAddress,
      answerStatus: meaning.answer.status,
      durationMs: clock.now() - incoming.startedAt,
    }
  }
}

type AcceptedMeaning = Interpretation & { readonly kind: 'accepted' }

interface Plan {
  readonly deliveries: readonly PlannedDelivery[]
  readonly problems: readonly string[]
}

/** Compares with every token, so that the time taken does not tell which one was nearly right. */
function isTokenRight(given: string | null, tokens: readonly Secret[]): boolean {
  if (tokens.length === 0) return true
  if (given === null) return false
  let isRight = false
  for (const token of tokens) if (isSameText(given, token.reveal())) isRight = true
  return isRight
}

function asInbound(incoming: IncomingRequest, publicUrl: string | null): InboundRequest {
  const origin = publicUrl ?? `http://${incoming.host ?? 'localhost'}`
  return {
    method: incoming.method,
    url: origin + incoming.target,
    headers: new HeaderList(incoming.rawHeaders),
    rawBody: incoming.rawBody,
  }
}

function facts(record: RequestRecord): Record<string, unknown> {
  return {
    request_id: record.id,
    integration: record.integration,
    provider: record.provider,
    method: record.method,
    target: record.target,
    bytes: record.body.length,
    status: record.answerStatus,
    duration_ms: record.durationMs,
    remote_address: record.remoteAddress,
  }
}

function unknownIntegration(key: string): GatewayError {
  return new GatewayError({
    code: 'integration_unknown',
    message: `There is no integration called "${key.slice(0, 100)}".`,
    hint: 'The URL is /webhook/{integration}; list the integrations with: postern doctor',
  })
}
