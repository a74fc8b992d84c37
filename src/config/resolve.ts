/** From a checked draft to the configuration that the program uses. Nothing here can fail any more. */
import { dirname, resolve } from 'node:path'
import type { DocumentPath } from '../document/yaml-document.ts'
import { pathText } from '../document/yaml-document.ts'
import { type BreakerSettings, DEFAULT_BREAKER, type RateLimit, type Transport } from '../domain/delivery.ts'
import { parseDuration } from '../domain/duration.ts'
import type { DestinationName, IntegrationKey } from '../domain/ids.ts'
import { Secret } from '../domain/secret.ts'
import type { Destination, GatewayConfig, Integration } from './config.gen.ts'
import { type Draft, leavesOf } from './draft.ts'
import type { ConfigEntry, ResolvedConfig, ResolvedDestination, ResolvedIntegration } from './resolved-config.ts'
import { parseSize } from './size.ts'

/** Members whose values are masked wherever the configuration is shown. Headers and proxies, because they may carry credentials. */
const MASKED_MEMBERS = new Set(['secrets', 'keys', 'ingress_tokens', 'headers', 'tls', 'proxy'])

export function resolveConfig(
  draft: Draft,
  data: GatewayConfig,
  place: { file: string | null; directory: string; defaultForward: readonly string[] },
): ResolvedConfig {
  const { server = {}, delivery = {}, ingest = {}, retention = {} } = data
  const dedupeWindowMs = windowOf(need(ingest.dedupe_window))
  const storageFile = resolve(place.directory, need(data.storage).replace(/^sqlite:/, ''))
  return Object.freeze<ResolvedConfig>({
    file: place.file,
    isEmbeddedDefault: place.file === null,
    server: Object.freeze({
      host: need(server.host),
      port: need(server.port),
      publicUrl: server.public_url?.replace(/\/+$/, '') ?? null,
      maxBodyBytes: parseSize(need(server.max_body)),
    }),
    storage: Object.freeze({ kind: 'sqlite', file: storageFile }),
    dataDirectory: dirname(storageFile),
    apiKeys: secretsOf(data.api?.keys),
    encryptionKeys: secretsOf(data.encryption?.keys),
    signingSecrets: secretsOf(data.signing?.secrets),
    specs: Object.freeze((data.specs ?? []).map((path) => resolve(place.directory, path))),
    destinations: new Map(
      Object.entries(data.destinations ?? {}).map(([name, one]) => [
        name as DestinationName,
        resolveDestination(name, one),
      ]),
    ),
    integrations: new Map(
      Object.entries(data.integrations ?? {}).map(([key, one]) => [
        key as IntegrationKey,
        resolveIntegration(key, one, dedupeWindowMs),
      ]),
    ),
    defaultForward: Object.freeze(place.defaultForward.map((name) => name as DestinationName)),
    outbound: Object.freeze({ allowPrivate: Object.freeze([...(data.outbound?.allow_private ?? [])]) }),
    retrySchedule: Object.freeze({
      delaysMs: Object.freeze(need(delivery.retries).map(parseDuration)),
      jitter: need(delivery.jitter),
      maxRetryAfterMs: parseDuration(need(delivery.max_retry_after)),
    }),
    retention: Object.freeze({
      acceptedMs: parseDuration(need(retention.accepted)),
      refusedMs: parseDuration(need(retention.refused)),
      attemptsMs: parseDuration(need(retention.attempts)),
      heldMs: parseDuration(need(retention.held)),
    }),
    ingest: Object.freeze({ dedupeWindowMs, maxPendingBytes: parseSize(need(ingest.max_pending_bytes)) }),
    log: Object.freeze({ level: need(data.log?.level) }),
    entries: Object.freeze(entriesOf(draft)),
  })
}

function resolveDestination(name: string, destination: Destination): ResolvedDestination {
  return Object.freeze({
    name: name as DestinationName,
    url: destination.url,
    timeoutMs: parseDuration(need(destination.timeout)),
    concurrency: need(destination.concurrency),
    headers: Object.freeze({ ...destination.headers }),
    rate: destination.rate === undefined ? null : rateOf(destination.rate),
    breaker: breakerOf(need(destination.breaker)),
    order: need(destination.order),
    filter: destination.filter ?? null,
    body: need(destination.body),
    transport: transportOf(destination),
  })
}

const RATE_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `100/s` */
function rateOf(text: string): RateLimit {
  const [count, unit] = text.split('/')
  return Object.freeze({ count: Number(count), perMs: RATE_MS[unit as keyof typeof RATE_MS] })
}

/** Members that are not given are as in the default. */
function breakerOf(breaker: NonNullable<Destination['breaker']>): BreakerSettings | null {
  if (breaker === 'off') return null
  const { failure_ratio: failureRatio, min_attempts: minAttempts, window, open_for: openFor } = breaker
  return Object.freeze({
    failureRatio: failureRatio ?? DEFAULT_BREAKER.failureRatio,
    minAttempts: minAttempts ?? DEFAULT_BREAKER.minAttempts,
    windowMs: window === undefined ? DEFAULT_BREAKER.windowMs : parseDuration(window),
    openForMs: openFor === undefined ? DEFAULT_BREAKER.openForMs : parseDuration(openFor),
  })
}

function transportOf({ tls = {}, proxy }: Destination): Transport | null {
  const { cert = null, key = null, ca = null } = tls
  if (cert === null && key === null && ca === null && proxy === undefined) return null
  return Object.freeze({ cert, key, ca, proxy: proxy ?? null })
}

function resolveIntegration(
  key: string,
  integration: Integration,
  defaultWindowMs: number | null,
): ResolvedIntegration {
  const { dedupe_window: window } = integration
  return Object.freeze({
    key: key as IntegrationKey,
    provider: integration.provider,
    secrets: new Map(
      Object.entries(integration.secrets ?? {}).map(([name, value]) => [
        name,
        secretsOf(typeof value === 'string' ? [value] : value),
      ]),
    ),
    options: Object.freeze({ ...integration.options }),
    ingressTokens: secretsOf(integration.ingress_tokens),
    forward: Object.freeze([...new Set(integration.forward)].map((name) => name as DestinationName)),
    unmatched: need(integration.unmatched),
    dedupeWindowMs: window === undefined ? defaultWindowMs : windowOf(window),
    deliver: need(integration.deliver),
    syncs: integration.syncs ?? {},
  })
}

function entriesOf(draft: Draft): ConfigEntry[] {
  const entries: ConfigEntry[] = []
  for (const [path, value] of leavesOf(draft.data)) {
    const shown = shownValue(path, value)
    if (shown !== undefined) entries.push({ path: pathText(path), value: shown, origin: draft.originOf(path) })
  }
  return entries
}

/** Undefined for an empty mapping, which says nothing; an empty list is shown as such, because it switches something off. */
function shownValue(path: DocumentPath, value: unknown): ConfigEntry['value'] | undefined {
  if (Array.isArray(value)) return '[]'
  if (typeof value === 'object') return undefined
  if (path.some((step) => MASKED_MEMBERS.has(String(step)))) return '[secret]'
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function secretsOf(texts: readonly string[] | undefined): readonly Secret[] {
  return Object.freeze((texts ?? []).map((text) => new Secret(text)))
}

function windowOf(text: string): number | null {
  return text === 'off' ? null : parseDuration(text)
}

/** The schema gives every one of these a default. */
function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the schema of the configuration lacks a default')
  return value
}
