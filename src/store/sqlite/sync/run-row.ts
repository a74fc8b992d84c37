/** A run as its table holds it, and as the domain knows it. */
import type { Checkpoint, RunFacts, SyncFailure, SyncRun } from '../../../domain/sync.ts'

export interface RunRow {
  seq: number
  id: SyncRun['id']
  integration: SyncRun['key']['integration']
  connection_id: SyncRun['key']['connectionId']
  sync: SyncRun['key']['sync']
  model: string
  type: SyncRun['type']
  cause: SyncRun['cause']
  is_full: 0 | 1
  triggers: number
  started_at: number
  state: SyncRun['state']
  waits_until: number | null
  reason: string | null
  finished_at: number | null
  resumptions: number
  pages: number
  requests: number
  added: number
  updated: number
  deleted: number
  unchanged: number
  ignored: number
  skipped: number
  swept: number
  notes: string
  checkpoint_before: string
  checkpoint_after: string | null
  failure: string | null
  progress: string | null
}

export function runOf(row: RunRow): SyncRun {
  const { pages, requests, added, updated, deleted, unchanged, ignored, skipped } = row
  const facts: RunFacts = {
    id: row.id,
    key: { integration: row.integration, connectionId: row.connection_id, sync: row.sync },
    model: row.model,
    type: row.type,
    cause: row.cause,
    isFull: row.is_full === 1,
    triggers: row.triggers,
    startedAt: row.started_at,
    resumptions: row.resumptions,
    checkpointBefore: JSON.parse(row.checkpoint_before) as Checkpoint,
    counters: { pages, requests, added, updated, deleted, unchanged, ignored, skipped },
    notes: JSON.parse(row.notes) as string[],
  }
  const finishedAt = row.finished_at ?? 0
  switch (row.state) {
    case 'running':
      return { ...facts, state: 'running' }
    case 'waiting':
      return { ...facts, state: 'waiting', until: row.waits_until ?? 0, reason: row.reason ?? '' }
    case 'succeeded':
      return {
        ...facts,
        state: 'succeeded',
        finishedAt,
        checkpointAfter: JSON.parse(row.checkpoint_after ?? '{}') as Checkpoint,
      }
    case 'failed':
      return { ...facts, state: 'failed', finishedAt, failure: JSON.parse(row.failure ?? 'null') as SyncFailure }
  }
}
