/**
 * Pulls pages: asks, understands, maps, and hands each page over with the progress that belongs to it. It keeps nothing; a run saves
 * what it is given before the next page is asked for, and `postern sync try` prints it.
 */
import type { SyncView } from '../../domain/expression.ts'
import type { ConnectionId } from '../../domain/ids.ts'
import type { Checkpoint, RunProgress, SyncFailure } from '../../domain/sync.ts'
import type { AskApi, JsonAnswer } from './api.ts'
import { advanceCheckpoint } from './checkpoint.ts'
import type { ActiveSync } from './directory.ts'
import { fail } from './failure.ts'
import { FIRST_PAGE, LoopDetector, nextPage, pageFromJson, placedValue, pageToJson } from './pages.ts'
import type { ConnectionView } from './connection-view.ts'
import { type PageRecords, recordsOf } from './records.ts'

export interface PulledPage {
  readonly answer: JsonAnswer
  readonly records: PageRecords
  /** When the page was asked for. */
  readonly askedAt: number
  /** After this page. */
  readonly progress: RunProgress
}

export type PullEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly until: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly failure: SyncFailure }
  /** `onPage` asked to stop. */
  | { readonly kind: 'stopped' }

export interface PullRequest {
  readonly active: ActiveSync
  readonly connectionId: ConnectionId
  readonly connection: ConnectionView
  /** What requests see: where the last successful run got to. */
  readonly checkpoint: Checkpoint
  /** Where to go on. */
  readonly from: RunProgress
  readonly signal: AbortSignal
  readonly now: () => number
  /** Saves the page; false stops. */
  readonly onPage: (page: PulledPage) => Promise<boolean>
}

/** The progress of a run that has not begun. */
export function noProgress(checkpoint: Checkpoint): RunProgress {
  return { pages: 0, requests: 0, items: 0, nextPage: pageToJson(FIRST_PAGE), checkpoint, isComplete: true }
}

/** From the first page again; what is counted goes on. */
function begunAnew(progress: RunProgress, requests: number): RunProgress {
  return { ...progress, requests, items: 0, nextPage: pageToJson(FIRST_PAGE), isComplete: true }
}

export async function pullPages(ask: AskApi, request: PullRequest): Promise<PullEnd> {
  const { active, connectionId, now } = request
  const { declaration } = active
  const loops = new LoopDetector()
  let progress = request.from
  let isFirstQuestion = true

  while (progress.nextPage !== null) {
    const page = pageFromJson(progress.nextPage)
    if (page.number > (declaration.pages?.max ?? 1)) {
      return failing(
        'pages_endless',
        `there are more than ${declaration.pages?.max ?? 1} pages`,
        'Raise max under pages if that is right.',
      )
    }
    const askedAt = now()
    const view: SyncView = {
      connection: request.connection,
      options: active.options,
      checkpoint: request.checkpoint,
      page: { number: page.number, items: page.items },
      now: askedAt,
    }
    let requests = progress.requests
    const result = await ask({
      active,
      connectionId,
      request: declaration.request,
      view,
      placed: placedValue(declaration.pages, page),
      signal: request.signal,
      onCall: () => (requests += 1),
    })
    if (result.kind === 'wait') return result
    if (result.kind === 'failure') {
      // Cursors die with time: a run taken up again begins anew where the provider no longer knows the one it was at.
      if (isFirstQuestion && page.number > 1 && isClientError(result.failure)) {
        progress = begunAnew(progress, requests)
        isFirstQuestion = false
        continue
      }
      return { kind: 'failed', failure: result.failure }
    }
    isFirstQuestion = false
    const { answer } = result
    const seen: SyncView = {
      ...view,
      response: { status: answer.status, headers: answer.headers, body: answer.body },
    }
    const records = await recordsOf(declaration, seen)
    if (!records.ok) return { kind: 'failed', failure: records.failure }
    const loop = loops.check(answer, records.value.itemCount)
    if (loop !== null) return failing('pages_loop', loop, 'Check pages: its value must change the request.')
    const mapped: SyncView = { ...seen, records: records.value.values, checkpoint: progress.checkpoint }
    const checkpoint = await advanceCheckpoint(declaration, progress.checkpoint, mapped)
    if (!checkpoint.ok) return { kind: 'failed', failure: checkpoint.failure }
    const { itemCount, skipped } = records.value
    const { auth, pages } = declaration
    const secretParameter = auth.kind === 'query' ? auth.name : null
    const next = await nextPage({ pages, page, answer, itemCount, view: mapped, secretParameter })
    if (!next.ok) return { kind: 'failed', failure: next.failure }
    progress = {
      pages: progress.pages + 1,
      requests,
      items: progress.items + itemCount,
      nextPage: next.value === null ? null : pageToJson(next.value),
      checkpoint: checkpoint.value,
      isComplete: progress.isComplete && skipped === 0,
    }
    if (!(await request.onPage({ answer, records: records.value, askedAt, progress }))) return { kind: 'stopped' }
  }
  return { kind: 'done' }
}

function isClientError({ code, answer }: SyncFailure): boolean {
  return code === 'answer_status' && answer !== null && answer.status >= 400 && answer.status < 500
}

function failing(code: 'pages_endless' | 'pages_loop', message: string, hint: string): PullEnd {
  return { kind: 'failed', failure: fail(code, message, { hint }).failure }
}
