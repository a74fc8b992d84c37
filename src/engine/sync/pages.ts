/** From one page to the next: where it is asked for, when there is none, and whether a provider leads us round in circles. */
import { createHash } from 'node:crypto'
import type { JsonObject } from '../../domain/connection.ts'
import { isTruthy, type SyncView } from '../../domain/expression.ts'
import type { CompiledPages } from '../../spec/compiled-sync.ts'
import type { JsonAnswer } from './api.ts'
import { fail, ok, type Outcome } from './failure.ts'
import { evaluate, type Placed } from './request.ts'

/** How a page is asked for; kept as JSON with the run's progress. */
export interface PageState {
  /** From 1. */
  readonly number: number
  /** Items of the pages before. */
  readonly items: number
  /** The cursor or URL; null for the first page and where the place is counted. */
  readonly value: string | number | null
}

export const FIRST_PAGE: PageState = { number: 1, items: 0, value: null }

export function pageToJson(page: PageState): JsonObject {
  return { number: page.number, items: page.items, value: page.value }
}

/** What `pageToJson` made; the first page for anything else. */
export function pageFromJson(json: JsonObject): PageState {
  const { number, items, value } = json
  if (typeof number !== 'number' || typeof items !== 'number') return FIRST_PAGE
  return { number, items, value: typeof value === 'string' || typeof value === 'number' ? value : null }
}

/** The value of this page for its place in the request; null where the request is as declared. */
export function placedValue(pages: CompiledPages | null, page: PageState): Placed | null {
  if (pages === null) return null
  const { advance } = pages
  switch (advance.kind) {
    case 'next':
      return page.value === null ? null : { place: advance.into, value: page.value }
    case 'link':
      return page.value === null ? null : { place: { part: 'url', path: [] }, value: page.value }
    case 'offset':
      return { place: advance.into, value: page.items }
    case 'number':
      return { place: advance.into, value: advance.first + page.number - 1 }
  }
}

/** The page after this one, or null on the last. `view` knows the response. */
export async function nextPage(input: {
  pages: CompiledPages | null
  page: PageState
  answer: JsonAnswer
  itemCount: number
  view: SyncView
  /** The query parameter of the credentials: some providers repeat it in the next URL, and it must not be stored. */
  secretParameter?: string | null
}): Promise<Outcome<PageState | null>> {
  const { pages, page, answer, itemCount, view, secretParameter = null } = input
  if (pages === null) return ok(null)
  if (pages.more !== null) {
    const more = await evaluate(pages.more, view)
    if (!more.ok) return more
    if (!isTruthy(more.value)) return ok(null)
  }
  const items = page.items + itemCount
  const following = { number: page.number + 1, items }
  const { advance } = pages
  if (advance.kind === 'offset' || advance.kind === 'number') {
    // An empty page ends every counting, whatever `more` says: nothing new can be asked for.
    const isLast = itemCount === 0 || (pages.more === null && pages.size !== null && itemCount < pages.size)
    return ok(isLast ? null : { ...following, value: null })
  }
  const found = advance.kind === 'link' ? ok(linkTo(advance.relation, answer)) : await evaluate(advance.value, view)
  if (!found.ok) return found
  const value = typeof found.value === 'number' ? found.value : typeof found.value === 'string' ? found.value : ''
  if (value === '') return ok(null)
  const leadsToUrl = advance.kind === 'link' || advance.into.part === 'url'
  if (!leadsToUrl) return ok({ ...following, value })
  const url = URL.canParse(String(value), answer.url.href) ? new URL(String(value), answer.url.href) : null
  // The credentials go where the next URL leads, and the answer of a provider is not to send them elsewhere.
  const isOwn =
    url !== null && (url.origin === answer.url.origin || (pages.hosts.has(url.host) && isNoWeaker(url, answer.url)))
  if (!isOwn) {
    return fail(
      'page_foreign',
      `the next page is at ${url?.origin ?? 'something that is no URL'}, not ${answer.url.origin}`,
      {
        hint: url === null ? '' : `If that is right, add ${url.host} to hosts under pages.`,
      },
    )
  }
  if (secretParameter !== null) url.searchParams.delete(secretParameter)
  return ok({ ...following, value: url.href })
}

function isNoWeaker(url: URL, before: URL): boolean {
  return url.protocol === 'https:' || before.protocol === 'http:'
}

const MAX_LINK_LENGTH = 16_384
/** `<target>` with its parameters. White space stands before what it belongs to only, so that a long run of it is read twice at most. */
const LINK = /<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)/g
const PARAMETER = /;\s*([\w!#$&+.^`|~*-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/g

/** The target of a Link header's relation (RFC 8288 §3); commas and semicolons may stand inside of <…> and quotes. */
function linkTo(relation: string, answer: JsonAnswer): string | undefined {
  const header = answer.headers['link'] ?? ''
  if (header.length > MAX_LINK_LENGTH) return undefined
  for (const [, target, parameters] of header.matchAll(LINK)) {
    // The first `rel` counts, and those after it do not (§3.3).
    const rel = [...(parameters ?? '').matchAll(PARAMETER)].find(([, name]) => name?.toLowerCase() === 'rel')
    const relations = (rel?.[2] ?? rel?.[3] ?? '').toLowerCase().split(/\s+/)
    if (relations.includes(relation)) return target
  }
  return undefined
}

/**
 * Notices when a provider leads in circles: the same question again, or the very same answer to two questions in a row. Knows the
 * pages of one taking up of a run; a circle that a resumed run is in closes once more.
 */
export class LoopDetector {
  readonly #asked = new Set<string>()
  #lastAnswer = ''

  /** What is wrong, or null. */
  check(answer: JsonAnswer, itemCount: number): string | null {
    const question = digestOf(answer.question)
    if (this.#asked.has(question)) return 'the same page was asked for twice'
    this.#asked.add(question)
    const content = itemCount === 0 ? '' : digestOf(answer.bytes)
    const isSame = content !== '' && content === this.#lastAnswer
    this.#lastAnswer = content
    return isSame ? 'two pages in a row are the same' : null
  }
}

function digestOf(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64').slice(0, 22)
}
