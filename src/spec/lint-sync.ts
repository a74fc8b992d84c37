/**
 * What the schema cannot say of syncs: whether the parts of a declaration fit together, whether every expression can be compiled and
 * reads what there is at its place, and what would lose records or calls in silence. Used for the syncs of a spec, and for those of an
 * integration after they were merged.
 */
import { parseDuration } from '../domain/duration.ts'
import type { SyncDeclaration, SyncRequest } from '../domain/provider-spec.gen.ts'
import { MIN_EVERY_MS } from '../domain/sync.ts'
import { checkExpression } from '../expression/check.ts'
import { SYNC_SCOPE_NAMES, type SyncScopeName } from '../expression/survey.ts'
import { compileModel } from './compile-sync.ts'
import type { DocumentPath, Report } from './lint.ts'
import { insideMaximum, splitTemplate } from './sync-template.ts'

/** Names that are everywhere. */
const COMMON = ['connection', 'options', 'now'] as const
const ASKING = [...COMMON, 'checkpoint', 'page'] as const
const ANSWERED = [...ASKING, 'response'] as const
const MAPPED = [...ANSWERED, 'records'] as const
const TRIGGERED = [...COMMON, 'event', 'body', 'headers'] as const
const FETCHING = [...COMMON, 'id'] as const

/** `path` is where the syncs stand in their document. */
export function lintSyncs(syncs: Readonly<Record<string, SyncDeclaration>>, path: DocumentPath, report: Report): void {
  const models = new Map<string, string>()
  for (const [name, declaration] of Object.entries(syncs)) {
    const place = [...path, name]
    lintMembers(declaration, place, report)
    lintPages(declaration, place, report)
    lintDeletes(declaration, place, report)
    lintTriggers(declaration, place, report)
    lintSyncExpressions(declaration, place, report)
    const { model } = declaration
    if (model === undefined) continue
    const other = models.get(model)
    if (other !== undefined) {
      report({
        path: [...place, 'model'],
        code: 'sync_shared_model',
        message: `the syncs "${other}" and "${name}" both keep ${model}`,
        hint: 'Give each a model of its own; full runs of one would delete what the other wrote.',
      })
    }
    models.set(model, name)
  }
}

function lintMembers(declaration: SyncDeclaration, path: DocumentPath, report: Report): void {
  for (const member of ['model', 'request', 'records'] as const) {
    if (declaration[member] !== undefined) continue
    report({ path, atKey: true, code: 'sync_incomplete', message: `the sync has no ${member}`, hint: `Add ${member}.` })
  }
  for (const member of ['every', 'full_every'] as const) {
    const text = declaration[member]
    if (text === undefined || parseDuration(text) >= MIN_EVERY_MS) continue
    report({
      path: [...path, member],
      code: 'sync_too_often',
      message: `${member} is ${text}, less than 30s`,
      hint: 'Use 30s or more; webhooks bring changes sooner than any schedule.',
    })
  }
  if (declaration.request !== undefined) lintRequest(declaration.request, [...path, 'request'], report)
  if (declaration.fetch !== undefined) lintRequest(declaration.fetch.request, [...path, 'fetch', 'request'], report)
  if (declaration.schema !== undefined) {
    try {
      compileModel(declaration.schema)
    } catch (error) {
      report({
        path: [...path, 'schema'],
        code: 'sync_invalid_schema',
        message: `the schema is not a JSON Schema: ${error instanceof Error ? error.message : 'unknown fault'}`,
        hint: 'It is read as JSON Schema 2020-12.',
      })
    }
  }
}

function lintRequest(request: SyncRequest, path: DocumentPath, report: Report): void {
  if ((request.get === undefined) === (request.post === undefined)) {
    report({
      path,
      code: 'sync_ambiguous_request',
      message: 'a request needs exactly one of get and post',
      hint: 'Name the URL under one of them.',
    })
  }
  const body = request.body !== undefined ? 'body' : request.form !== undefined ? 'form' : null
  if (body === null) return
  if (request.body !== undefined && request.form !== undefined) {
    report({
      path,
      code: 'sync_ambiguous_request',
      message: 'a request has either a body or a form',
      hint: 'Remove one.',
    })
  }
  if (request.get !== undefined) {
    report({
      path: [...path, body],
      code: 'sync_body_of_get',
      message: `a GET has no ${body}`,
      hint: 'Use post, or put the values under query.',
    })
  }
}

function lintPages({ pages, request }: SyncDeclaration, path: DocumentPath, report: Report): void {
  if (pages === undefined) return
  const ways = (['next', 'link', 'offset', 'number'] as const).filter((way) => pages[way] !== undefined)
  const place = [...path, 'pages']
  if (ways.length !== 1) {
    report({
      path: place,
      code: 'sync_ambiguous_pages',
      message: ways.length === 0 ? 'pages name no way to the next one' : `pages name ${ways.join(' and ')}`,
      hint: 'Name one of next, link, offset and number.',
    })
  }
  if (pages.next !== undefined && pages.into === undefined) {
    report({
      path: place,
      code: 'sync_incomplete',
      message: 'next does not say where its value is put',
      hint: 'Add into, such as query.cursor or url.',
    })
  }
  const target = [pages.into, pages.offset, pages.number].find((text) => text !== undefined)
  const part = target?.split('.')[0]
  if ((part === 'body' || part === 'form') && request !== undefined && request[part] === undefined) {
    report({
      path: place,
      code: 'sync_page_without_place',
      message: `the page goes into ${target}, but the request has no ${part}`,
      hint: `Add ${part} to the request, or use query.`,
    })
  }
}

function lintDeletes(declaration: SyncDeclaration, path: DocumentPath, report: Report): void {
  const { deletes, checkpoint = {}, full_every, pages } = declaration
  if (deletes !== 'missing_on_full_run') return
  if (Object.keys(checkpoint).length > 0 && full_every === undefined) {
    report({
      path: [...path, 'deletes'],
      code: 'sync_deletes_rarely',
      severity: 'warning',
      message: 'with a checkpoint only runs on request are full, so deletions are hardly ever found',
      hint: 'Add full_every, such as 1d.',
    })
  }
  if (pages?.offset !== undefined || pages?.number !== undefined) {
    report({
      path: [...path, 'deletes'],
      code: 'sync_deletes_by_counting',
      severity: 'warning',
      message:
        'with counted pages an item is overlooked when one before it goes, and would be deleted until the next run',
      hint: 'Use a cursor if the provider has one, or tombstones: deletes: { from: … }.',
    })
  }
}

function lintTriggers({ on = {}, fetch, records }: SyncDeclaration, path: DocumentPath, report: Report): void {
  for (const [pattern, action] of Object.entries(on)) {
    if (typeof action === 'string' || !('fetch' in action) || fetch !== undefined) continue
    report({
      path: [...path, 'on', pattern],
      code: 'sync_incomplete',
      message: 'an event fetches an object, but the sync does not say how',
      hint: 'Add fetch: { request: { get: "https://…/{id}" } }, or let the event run the sync.',
    })
  }
  if (fetch !== undefined && typeof records === 'string' && fetch.record === undefined) {
    report({
      path: [...path, 'fetch'],
      code: 'sync_incomplete',
      message: 'records is one expression for a page, so fetch has to say what the record is',
      hint: 'Add record, an expression over response.',
    })
  }
}

interface Site {
  readonly path: DocumentPath
  readonly source: string
  readonly reads: readonly SyncScopeName[]
}

function lintSyncExpressions(declaration: SyncDeclaration, path: DocumentPath, report: Report): void {
  for (const site of sitesOf(declaration, path, report)) {
    const check = checkExpression(site.source, SYNC_SCOPE_NAMES)
    if (!check.ok) {
      report({
        path: site.path,
        code: 'spec_invalid_expression',
        message: `${check.message} (at character ${check.position + 1})`,
        hint: check.hint ?? 'Correct the expression.',
      })
      continue
    }
    if (check.roots.has('secrets')) {
      report({
        path: site.path,
        code: 'spec_name_out_of_place',
        message: 'syncs see no secrets',
        hint: 'Credentials are sent as auth says.',
      })
    }
    if (SYNC_SCOPE_NAMES.every((name) => check.roots.has(name))) continue // `$$`, be in it what may
    for (const name of check.roots) {
      if (name === 'secrets' || site.reads.some((known) => known === name)) continue
      report({
        path: site.path,
        code: 'spec_name_out_of_place',
        message: `"${name}" is not to be had here`,
        hint: `Here are: ${site.reads.join(', ')}.`,
      })
    }
  }
}

function* sitesOf(declaration: SyncDeclaration, path: DocumentPath, report: Report): Generator<Site> {
  const { request, fetch, pages, records, checkpoint = {}, deletes, on = {}, auth } = declaration
  if (request !== undefined) yield* requestSites(request, [...path, 'request'], ASKING, report)
  if (typeof auth === 'object' && 'oauth2' in auth)
    yield* templateSites(auth.oauth2.token_url, [...path, 'auth', 'oauth2', 'token_url'], ASKING, report)
  if (pages?.next !== undefined) yield { path: [...path, 'pages', 'next'], source: pages.next, reads: MAPPED }
  if (pages?.more !== undefined) yield { path: [...path, 'pages', 'more'], source: pages.more, reads: MAPPED }
  if (typeof records === 'string') yield { path: [...path, 'records'], source: records, reads: ANSWERED }
  else if (records !== undefined) {
    yield { path: [...path, 'records', 'list'], source: records.list, reads: ANSWERED }
    const reads = fetch === undefined ? ([...ANSWERED, 'item'] as const) : ([...COMMON, 'response', 'item'] as const)
    for (const member of ['id', 'map'] as const) {
      const source = records[member]
      if (source !== undefined) yield { path: [...path, 'records', member], source, reads }
    }
  }
  for (const [name, source] of Object.entries(checkpoint))
    yield { path: [...path, 'checkpoint', name], source: insideMaximum(source) ?? source, reads: MAPPED }
  if (typeof deletes === 'object') yield { path: [...path, 'deletes', 'from'], source: deletes.from, reads: ANSWERED }
  if (fetch !== undefined) {
    yield* requestSites(fetch.request, [...path, 'fetch', 'request'], FETCHING, report)
    for (const member of ['item', 'record'] as const) {
      const source = fetch[member]
      if (source !== undefined) yield { path: [...path, 'fetch', member], source, reads: [...FETCHING, 'response'] }
    }
  }
  for (const [pattern, action] of Object.entries(on)) {
    if (typeof action === 'string') continue
    for (const [kind, source] of Object.entries(action))
      if (typeof source === 'string') yield { path: [...path, 'on', pattern, kind], source, reads: TRIGGERED }
  }
}

function* requestSites(
  request: SyncRequest,
  path: DocumentPath,
  reads: readonly SyncScopeName[],
  report: Report,
): Generator<Site> {
  for (const member of ['get', 'post'] as const) {
    const template = request[member]
    if (template !== undefined) yield* templateSites(template, [...path, member], reads, report)
  }
  for (const [name, template] of Object.entries(request.headers ?? {}))
    yield* templateSites(template, [...path, 'headers', name], reads, report)
  for (const member of ['query', 'form'] as const) {
    for (const [name, value] of Object.entries(request[member] ?? {}))
      if (typeof value === 'string') yield { path: [...path, member, name], source: value, reads }
  }
  if (request.body !== undefined) yield { path: [...path, 'body'], source: request.body, reads }
}

function* templateSites(
  template: string,
  path: DocumentPath,
  reads: readonly SyncScopeName[],
  report: Report,
): Generator<Site> {
  const parts = splitTemplate(template)
  if (parts === null) {
    report({
      path,
      code: 'sync_invalid_template',
      message: 'a brace is not closed',
      hint: 'An expression stands between { and }; in a URL write %7B for a brace.',
    })
    return
  }
  for (const part of parts) if ('source' in part) yield { path, source: part.source, reads }
}
