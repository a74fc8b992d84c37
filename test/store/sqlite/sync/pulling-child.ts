/**
 * A process of its own that runs a full sync over 100 pages of 50 items, over and over, taking up what was interrupted. It prints the
 * number of each page as soon as it is promised to be on disk.
 */
import type { RunProgress } from '../../../../src/domain/sync.ts'
import { openSqliteStore } from '../../../../src/store/sqlite/open.ts'
import { LEASE, MODEL, progressAt, recordOf, runId } from '../../../conformance/store/sync-given.ts'
import { optionsFor } from '../opening.ts'

const PAGES = 100
const PER_PAGE = 50

const path = process.argv[2]
if (path === undefined) throw new Error('usage: pulling-child.ts PATH')
const store = await openSqliteStore(optionsFor(path))
await store.releaseSyncLeases({ now: Date.now() })
for (;;) {
  const now = Date.now()
  const [lease] = await store.claimDueSyncs({ now, limit: 1, leaseUntil: now + LEASE })
  if (lease === undefined) throw new Error('nothing is due')
  const interrupted = lease.interrupted
  const run = interrupted?.run ?? {
    id: runId(),
    type: 'INITIAL' as const,
    cause: lease.cause,
    triggers: 0,
    isFull: true,
    startedAt: now,
    checkpointBefore: {},
  }
  if (interrupted === null) await store.startRun({ lease, run, model: MODEL, emptiesCache: false })
  let progress: RunProgress = interrupted?.progress ?? progressAt(0)
  const round = Number(lease.checkpoint['round'] ?? 0)
  while (progress.pages < PAGES) {
    const first = progress.pages * PER_PAGE
    // Every round changes one item of each page and leaves out another.
    const records = Array.from({ length: PER_PAGE }, (_, at) => {
      return recordOf(`item-${first + at}`, at === 0 ? round : 0)
    }).filter((_, at) => at !== 1 + (round % 10))
    progress = progressAt(progress.pages + 1, { items: first + PER_PAGE, checkpoint: { round: round + 1 } })
    await store.saveBatch({
      lease,
      run: run.id,
      model: MODEL,
      records,
      deletedIds: [],
      ignoreModifiedAfter: null,
      remembersIds: true,
      progress,
      skipped: 0,
      notes: [],
      now: Date.now(),
      leaseUntil: Date.now() + LEASE,
    })
    process.stdout.write(`${run.id} ${progress.pages}\n`)
  }
  const missing = { lease, run: run.id, model: MODEL, startedAt: run.startedAt, limit: 1_000 }
  while ((await store.deleteMissing({ ...missing, now: Date.now() }))?.hasMore === true) continue
  await store.finishRun({
    lease,
    run: run.id,
    now: Date.now(),
    nextDueAt: 0,
    end: { state: 'succeeded', checkpoint: progress.checkpoint },
    notes: [],
    notices: [],
  })
}
