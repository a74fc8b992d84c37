/** What a tried sync came to, for people and as a JSON document. Everything from outside is printed so that it cannot steer a terminal. */
import type { SyncExample } from '../../domain/provider-spec.gen.ts'
import type { PulledPage } from '../../engine/sync/pull.ts'
import type { TryResult } from '../../engine/sync/try-run.ts'
import { oneLine } from '../printable.ts'
import { formatFacts } from '../table.ts'

export interface TriedPage {
  readonly request: string
  readonly status: number
  readonly items: number
  readonly records: readonly unknown[]
  readonly deleted: readonly string[]
  readonly skipped: number
  readonly notes: readonly string[]
}

export interface Tried {
  readonly pages: readonly TriedPage[]
  readonly result: TryResult
  /** It was ended after as many pages as were asked for. */
  readonly isCutShort: boolean
  /** Of a recording: what was asked for otherwise, or not at all. */
  readonly differences: readonly string[]
}

export function triedPage({ answer, records }: PulledPage): TriedPage {
  const [method] = answer.question.split(' ', 1)
  return {
    request: `${method} ${answer.url.href}`,
    status: answer.status,
    items: records.itemCount,
    records: records.writes.map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')) as unknown),
    deleted: records.deletedIds,
    skipped: records.skipped,
    notes: records.notes,
  }
}

/** The differences of a recording, in words. */
export function differencesOf(
  answers: SyncExample['answers'],
  found: readonly { at: number; expected: unknown; seen: unknown }[],
  unused: readonly number[],
): string[] {
  return [
    ...found.map(({ at, expected, seen }) =>
      expected === undefined
        ? `there is no answer to request ${at + 1}: ${oneLine(seen)}`
        : `request ${at + 1} was ${oneLine(seen)}, and recorded is ${oneLine(expected)}`,
    ),
    ...unused.map((at) => `answer ${at + 1} was never asked for (${answers[at]?.request ?? 'any request'})`),
  ]
}

export function pageText(page: TriedPage, number: number): string {
  const { request, status, items, records, deleted, skipped, notes } = page
  const counts = [
    `${items} items`,
    `${records.length} records`,
    ...(deleted.length > 0 ? [`${deleted.length} deleted`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  return [
    `page ${number}  ${oneLine(request)}  ${status}  ${counts.join(', ')}`,
    ...records.map((record) => `  ${oneLine(record)}`),
    ...deleted.map((id) => `  deleted ${oneLine(id)}`),
    ...notes.map((note) => `  ${oneLine(note)}`),
  ].join('\n')
}

export function summaryText({ pages, result, isCutShort, differences }: Tried): string {
  const sum = (of: (page: TriedPage) => number): number => pages.reduce((total, page) => total + of(page), 0)
  const { failure, waitUntil } = result
  const facts: [string, unknown][] = [
    ['pages', isCutShort ? `${pages.length}, and there are more: --pages` : pages.length],
    ['requests', result.requests],
    ['records', sum(({ records }) => records.length)],
    ['deleted', sum(({ deleted }) => deleted.length)],
    ['skipped', sum(({ skipped }) => skipped)],
    ['checkpoint', result.checkpoint],
  ]
  if (waitUntil !== null)
    facts.push(['waits', `the provider asks for no call before ${new Date(waitUntil).toISOString()}`])
  if (failure !== null) {
    facts.push(['failed', `${failure.code}: ${failure.message}`])
    if (failure.hint !== null && failure.hint !== '') facts.push(['', failure.hint])
    if (failure.answer !== null) facts.push(['answer', `${failure.answer.status} ${failure.answer.body}`])
  }
  for (const difference of differences) facts.push(['differs', difference])
  return formatFacts(facts)
}

export function documentOf({ pages, result, isCutShort, differences }: Tried): Record<string, unknown> {
  const { failure, waitUntil, requests, checkpoint } = result
  return {
    ok: isFine({ result, differences }),
    pages,
    complete: !isCutShort && failure === null && waitUntil === null,
    requests,
    checkpoint,
    failure,
    wait_until: waitUntil === null ? null : new Date(waitUntil).toISOString(),
    differences,
  }
}

export function isFine({ result, differences }: Pick<Tried, 'result' | 'differences'>): boolean {
  return result.failure === null && result.waitUntil === null && differences.length === 0
}
