/** Who counts what syncs do. */
import type { RunCounters, SyncKey, SyncType } from '../../../domain/sync.ts'

/** Hears, for numbers, how syncs fare. Never throws. */
export interface SyncObserver {
  runEnded(run: {
    readonly key: SyncKey
    readonly type: SyncType
    readonly outcome: 'succeeded' | 'failed'
    readonly counts: Pick<RunCounters, 'added' | 'updated' | 'deleted'>
    readonly durationMs: number
  }): void
  webhookMissed(key: SyncKey): void
}
