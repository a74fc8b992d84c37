/**
 * The gap detector. Where an integration gets events of a sync's kind, a change that only the schedule finds is one that no webhook
 * announced. Such a change is first a suspicion: webhooks may be late, so it is confirmed when none has come within five minutes.
 *
 * Nothing is suspected where nobody can know: on full runs and first runs, where no event has ever come, where an event without an id
 * (`run`) has come since the last run, and of kinds of change that no trigger of the sync stands for.
 */
import type { Ids } from '../../domain/ids.ts'
import type { RecordAction, SyncRunId } from '../../domain/sync.ts'
import type { ActiveSync } from './directory.ts'
import type { MissedWebhook } from './ports/gap-store.ts'
import type { BatchResult } from './ports/run-store.ts'
import type { ClaimedSync } from './ports/schedule-store.ts'

export const GRACE_MS = 5 * 60_000
const MAX_LISTED = 1_000

export class GapWatch {
  readonly #active: ActiveSync
  readonly #claimed: ClaimedSync
  readonly #isWatching: boolean
  readonly #changes: { readonly recordId: string; readonly action: RecordAction }[] = []

  constructor(active: ActiveSync, claimed: ClaimedSync, isFull: boolean) {
    this.#active = active
    this.#claimed = claimed
    const { cause, lastSuccessAt, lastTriggerAt, integrationTriggeredAt } = claimed
    const runsOnEvents = active.declaration.triggers.some(({ action }) => action.kind === 'run')
    const mayBeAnnounced =
      runsOnEvents && lastTriggerAt !== null && lastSuccessAt !== null && lastTriggerAt >= lastSuccessAt
    const startsAnew = isFull && active.declaration.checkpoint.length > 0
    this.#isWatching =
      cause === 'schedule' &&
      lastSuccessAt !== null &&
      integrationTriggeredAt !== null &&
      !mayBeAnnounced &&
      !startsAnew
  }

  saw({ added, updated, deleted }: Pick<BatchResult, 'added' | 'updated' | 'deleted'>): void {
    if (!this.#isWatching) return
    const kinds = new Set(this.#active.declaration.triggers.map(({ action }) => action.kind))
    const writes = kinds.has('run') || kinds.has('fetch') || kinds.has('upsert')
    const deletes = kinds.has('delete') || kinds.has('run')
    if (writes) {
      this.#note(added, 'ADDED')
      this.#note(updated, 'UPDATED')
    }
    if (deletes) this.#note(deleted, 'DELETED')
  }

  suspicions(input: { run: SyncRunId; now: number; ids: Ids }): MissedWebhook[] {
    const { key } = this.#claimed
    const { model } = this.#active.declaration
    return this.#changes.map((change) => ({
      id: input.ids.next('missed'),
      key,
      run: input.run,
      model,
      foundAt: input.now,
      ...change,
    }))
  }

  #note(recordIds: readonly string[], action: RecordAction): void {
    for (const recordId of recordIds) {
      if (this.#changes.length >= MAX_LISTED) return
      this.#changes.push({ recordId, action })
    }
  }
}
