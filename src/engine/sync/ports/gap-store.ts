/** Changes that no webhook announced: suspected first, confirmed later. */
import type { MissedWebhookId, RecordAction, SyncKey, SyncRunId } from '../../../domain/sync.ts'
import type { Page, PageRequest } from '../../ports.ts'

/** A change that a scheduled run found although events of its kind should have announced it. */
export interface MissedWebhook {
  readonly id: MissedWebhookId
  readonly key: SyncKey
  readonly run: SyncRunId
  readonly model: string
  readonly recordId: string
  readonly action: RecordAction
  readonly foundAt: number
}

export interface GapStore {
  /** Keeps suspicions; a trigger that comes before `confirmAt` takes them back, since webhooks may be late. */
  suspectMissedWebhooks(request: { missed: readonly MissedWebhook[]; confirmAt: number }): Promise<void>
  /** Confirms those whose time has come, counts them with their sync, and gives them out once, at most `limit`. */
  confirmMissedWebhooks(request: { now: number; limit: number }): Promise<readonly MissedWebhook[]>
  /** Confirmed ones, newest first. */
  listMissedWebhooks(filter: Partial<SyncKey>, page: PageRequest): Promise<Page<MissedWebhook>>
}
