/**
 * Turns the syncs of a spec and of an integration into what the engine runs. The integration's members replace those of the spec's sync
 * of the same name, `false` switches one off. Nothing is decided here that the linter (lint-sync.ts) has not seen.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parseDuration } from '../domain/duration.ts'
import { GatewayError } from '../domain/errors.ts'
import type { SyncExpression } from '../domain/expression.ts'
import type { SyncName } from '../domain/ids.ts'
import type { SyncAction, SyncAuth, SyncDeclaration, SyncPages, SyncRequest } from '../domain/provider-spec.gen.ts'
import type {
  CompiledAuth,
  CompiledPages,
  CompiledRequest,
  CompiledSync,
  CompiledTrigger,
  CompiledValue,
  NamedValue,
  PageAdvance,
} from './compiled-sync.ts'
import { compileTemplate, fitsPattern, insideMaximum, parsePlace } from './sync-template.ts'

export type SyncCompiler = (source: string) => SyncExpression

/** The syncs in force: those of the spec, changed by the integration. */
export function mergeSyncs(
  declared: Readonly<Record<string, SyncDeclaration>>,
  overrides: Readonly<Record<string, SyncDeclaration | false>>,
): Map<string, SyncDeclaration> {
  const merged = new Map(Object.entries(declared))
  for (const [name, override] of Object.entries(overrides)) {
    if (override === false) merged.delete(name)
    else merged.set(name, { ...merged.get(name), ...override })
  }
  return merged
}

/** Throws `spec_invalid` for what the linter would have refused. */
export function compileSync(name: string, declaration: SyncDeclaration, compile: SyncCompiler): CompiledSync {
  const { model, request, records, deletes, fetch, checkpoint = {}, on = {}, notify = {} } = declaration
  if (model === undefined || request === undefined || records === undefined) {
    throw new GatewayError({
      code: 'spec_invalid',
      message: `the sync "${name}" has no ${model === undefined ? 'model' : request === undefined ? 'request' : 'records'}`,
      hint: 'A sync needs model, request and records.',
    })
  }
  const optional = (source: string | undefined): SyncExpression | null =>
    source === undefined ? null : compile(source)
  return {
    name: name as SyncName,
    model,
    everyMs: parseDuration(declaration.every ?? '1h'),
    fullEveryMs: declaration.full_every === undefined ? null : parseDuration(declaration.full_every),
    startsByItself: declaration.auto_start ?? true,
    auth: compileAuth(declaration.auth ?? 'bearer', compile),
    request: compileRequest(request, compile),
    pages: declaration.pages === undefined ? null : compilePages(declaration.pages, compile),
    records:
      typeof records === 'string'
        ? { kind: 'page', value: compile(records) }
        : { kind: 'items', list: compile(records.list), id: optional(records.id), map: optional(records.map) },
    complaintAbout: declaration.schema === undefined ? null : compileModel(declaration.schema),
    checkpoint: Object.entries(checkpoint).map(([member, source]) => {
      const inside = insideMaximum(source)
      return { name: member, value: compile(inside ?? source), isMaximum: inside !== null }
    }),
    deletes:
      deletes === undefined
        ? { kind: 'none' }
        : deletes === 'missing_on_full_run'
          ? { kind: 'missing' }
          : { kind: 'from', from: compile(deletes.from) },
    fetch:
      fetch === undefined
        ? null
        : {
            request: compileRequest(fetch.request, compile),
            item: optional(fetch.item),
            record: optional(fetch.record),
          },
    triggers: Object.entries(on).map(([pattern, action]) => compileTrigger(pattern, action, compile)),
    coalesceMs: parseDuration(declaration.coalesce ?? '5s'),
    keepsFresher: declaration.conflict !== 'override',
    rate: declaration.rate === undefined ? null : parseRate(declaration.rate),
    rateLimit:
      declaration.rate_limit === undefined
        ? null
        : {
            remaining: declaration.rate_limit.remaining.toLowerCase(),
            reset: declaration.rate_limit.reset.toLowerCase(),
            unit: declaration.rate_limit.unit ?? 'seconds',
            statuses: new Set(declaration.rate_limit.statuses ?? []),
          },
    notify: {
      changes: notify.changes ?? true,
      empty: notify.empty ?? false,
      failures: notify.failures ?? 'first',
    },
  }
}

function compileRequest(request: SyncRequest, compile: SyncCompiler): CompiledRequest {
  const url = request.get ?? request.post
  if (url === undefined) {
    throw new GatewayError({ code: 'spec_invalid', message: 'a request of a sync has neither get nor post' })
  }
  return {
    method: request.get === undefined ? 'POST' : 'GET',
    url: compileTemplate(url, compile),
    query: namedValues(request.query, compile),
    headers: Object.entries(request.headers ?? {}).map(([name, value]) => ({
      name: name.toLowerCase(),
      value: compileTemplate(value, compile),
    })),
    body:
      request.body !== undefined
        ? { kind: 'json', value: compile(request.body) }
        : request.form !== undefined
          ? { kind: 'form', fields: namedValues(request.form, compile) }
          : { kind: 'none' },
    timeoutMs: parseDuration(request.timeout ?? '30s'),
  }
}

function namedValues(values: SyncRequest['query'], compile: SyncCompiler): NamedValue[] {
  return Object.entries(values ?? {}).map(([name, value]) => {
    const compiled: CompiledValue = typeof value === 'string' ? compile(value) : String(value)
    return { name, value: compiled }
  })
}

function compileAuth(auth: SyncAuth, compile: SyncCompiler): CompiledAuth {
  if (typeof auth === 'string') return { kind: auth }
  if ('header' in auth) return { kind: 'header', name: auth.header.toLowerCase(), prefix: auth.prefix ?? '' }
  if ('query' in auth) return { kind: 'query', name: auth.query }
  const { oauth2 } = auth
  return {
    kind: 'oauth2',
    tokenUrl: compileTemplate(oauth2.token_url, compile),
    clientIdOption: oauth2.client_id ?? 'client_id',
    clientSecret: oauth2.client_secret ?? 'client_secret',
    clientAuth: oauth2.client_auth ?? 'basic',
    scope: oauth2.scope ?? null,
    header: (oauth2.header ?? 'authorization').toLowerCase(),
    prefix: oauth2.prefix ?? 'Bearer ',
  }
}

function compilePages(pages: SyncPages, compile: SyncCompiler): CompiledPages {
  return {
    advance: compileAdvance(pages, compile),
    size: pages.size ?? null,
    more: pages.more === undefined ? null : compile(pages.more),
    hosts: new Set(pages.hosts ?? []),
    max: pages.max ?? 100_000,
  }
}

function compileAdvance(pages: SyncPages, compile: SyncCompiler): PageAdvance {
  if (pages.next !== undefined)
    return { kind: 'next', value: compile(pages.next), into: parsePlace(pages.into ?? 'url') }
  if (pages.link !== undefined) return { kind: 'link', relation: pages.link.toLowerCase() }
  if (pages.offset !== undefined) return { kind: 'offset', into: parsePlace(pages.offset) }
  if (pages.number !== undefined) return { kind: 'number', into: parsePlace(pages.number), first: pages.first ?? 1 }
  throw new GatewayError({
    code: 'spec_invalid',
    message: 'the pages of a sync name no way to the next one',
    hint: 'Name one of next, link, offset and number.',
  })
}

function compileTrigger(pattern: string, action: SyncAction, compile: SyncCompiler): CompiledTrigger {
  const fits = (eventType: string): boolean => fitsPattern(pattern, eventType)
  if (action === 'run') return { pattern, fits, action: { kind: 'run' } }
  if ('delete' in action) return { pattern, fits, action: { kind: 'delete', value: compile(action.delete) } }
  const forwardsResult = action.forward ?? false
  return 'fetch' in action
    ? { pattern, fits, action: { kind: 'fetch', value: compile(action.fetch), forwardsResult } }
    : { pattern, fits, action: { kind: 'upsert', value: compile(action.upsert), forwardsResult } }
}

const RATE_UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `10/s`, `100/10s`. */
function parseRate(text: string): { calls: number; perMs: number } {
  const [, calls, count, unit] = /^(\d+)\/(\d*)(s|m|h)$/.exec(text) ?? []
  if (calls === undefined) throw new RangeError(`"${text}" is not a rate such as 10/s`)
  return { calls: Number(calls), perMs: Number(count === '' ? '1' : count) * RATE_UNIT_MS[unit as 's' | 'm' | 'h'] }
}

/** Throws for what is no JSON Schema. Formats are the provider's business and are not checked. */
export function compileModel(schema: object): (record: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false, logger: false })
  const validate = ajv.compile(schema)
  return (record) => {
    if (validate(record)) return null
    const error = validate.errors?.[0]
    return `${error?.instancePath === '' ? 'the record' : (error?.instancePath ?? '')} ${error?.message ?? 'does not fit'}`
  }
}
