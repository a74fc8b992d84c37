/**
 * What syncs keep, over the same writer and reader as the rest of the store. Verbs that bring new work are refused when too much waits to
 * be written; those that finish work are always taken, their number is bounded by the runs under way.
 */
import type { SyncName, SyncRunId } from '../../../domain/sync.ts'
import type { SyncStore } from '../../../engine/sync/ports/sync-store.ts'
import type { ReadConnection } from '../reader/read-connection.ts'
import { wholeMs } from '../tape.ts'
import type { WriterClient } from '../writer-client.ts'
import {
  type SyncCommands,
  type SyncVerb,
  type TriggerLease,
  writeNotices,
  writeRecords,
  writeSync,
  writeTriggers,
} from './commands.ts'
import { countRecords, listRecords } from './reader/records.ts'
import { getSyncRun, listMissedWebhooks, listSyncRuns } from './reader/runs.ts'
import { listSyncs, nextSyncDueAt, nextTriggerDueAt, readCredentials, syncStatus } from './reader/schedules.ts'
import { type ClaimedLane, claimedTriggers } from './trigger-row.ts'
import type { DeclareAnswer } from './writer/schedules.ts'

export function syncStoreOver({ client, reader }: { client: WriterClient; reader: ReadConnection }): SyncStore {
  const begin = <Answer, Verb extends SyncVerb = SyncVerb>(
    verb: Verb,
    input: SyncCommands[Verb],
    blobs?: Uint8Array[],
  ) => client.submit<Answer>(writeSync(verb, input, blobs), 'bounded')
  const finish = <Answer, Verb extends SyncVerb = SyncVerb>(
    verb: Verb,
    input: SyncCommands[Verb],
    blobs?: Uint8Array[],
  ) => client.submit<Answer>(writeSync(verb, input, blobs), 'always')

  return {
    async declareSyncs(request) {
      const started = new Set<SyncName>()
      let place: DeclareAnswer['next'] = { after: 0, made: 0 }
      while (place !== null) {
        const answer: DeclareAnswer = await begin<DeclareAnswer>('declare', { ...request, ...place })
        for (const sync of answer.started) started.add(sync)
        place = answer.next
      }
      return [...started]
    },
    claimDueSyncs: async (request) => finish('claim', request),
    nextSyncDueAt: async () => nextSyncDueAt(reader),
    renewSyncLease: async (request) => finish('renew', { ...request, lease: leaseOf(request.lease) }),
    releaseSyncLeases: async (request) => finish('release', request),
    requestRun: async (wish) => begin('request', wish),
    setPaused: async (request) => begin('set_paused', request),
    overrideEvery: async (request) => begin('override_every', request),
    setRateLimit: async (request) => finish('set_rate_limit', { ...request, until: wholeMs(request.until) }),
    syncStatus: (selection) => syncStatus(reader, selection),
    listSyncs: (filter, page) => listSyncs(reader, filter, page),

    startRun: async (request) => finish('start_run', { ...request, lease: leaseOf(request.lease) }),
    async saveBatch(batch) {
      const { written, blobs } = writeRecords(batch.records)
      return finish('save_batch', { ...batch, lease: leaseOf(batch.lease), records: written }, blobs)
    },
    deleteMissing: async (request) => finish('delete_missing', { ...request, lease: leaseOf(request.lease) }),
    async finishRun(request) {
      const { written, blobs } = writeNotices(request.notices)
      const [lease, nextDueAt] = [leaseOf(request.lease), wholeMs(request.nextDueAt)]
      return finish('finish_run', { ...request, lease, nextDueAt, notices: written }, blobs)
    },
    async postponeRun({ lease, until, ...request }) {
      return finish('postpone_run', { ...request, lease: leaseOf(lease), until: wholeMs(until) })
    },
    listSyncRuns: (filter, page) => listSyncRuns(reader, filter, page),
    getSyncRun: async (id: SyncRunId) => getSyncRun(reader, id),

    async addTriggers(request) {
      await client.submit(writeTriggers(request), 'bounded')
    },
    async claimTriggers(request) {
      return (await finish<readonly ClaimedLane[]>('claim_triggers', request)).map(claimedTriggers)
    },
    nextTriggerDueAt: async () => nextTriggerDueAt(reader),
    async applyTriggers(request) {
      const { written, blobs } = writeRecords(request.records)
      const triggers = leaseOf(request.triggers)
      return finish('apply_triggers', { ...request, triggers, records: written }, blobs)
    },
    async finishTriggers(request) {
      const { written, blobs } = writeNotices(request.notices)
      const triggers = leaseOf(request.triggers)
      return finish('finish_triggers', { ...request, triggers, notices: written }, blobs)
    },
    async postponeTriggers({ triggers, until }) {
      await finish('postpone_triggers', { triggers: leaseOf(triggers), until: wholeMs(until) })
    },

    listRecords: (request) => listRecords(reader, request),
    pruneRecords: async (request) => begin('prune', request),
    countRecords: async (selection) => countRecords(reader, selection),

    readCredentials: async (integration, connectionId) => readCredentials(reader, integration, connectionId),
    async replaceCredentials({ sealed, ...request }) {
      return finish('replace_credentials', { ...request, sealedBytes: sealed.length }, [sealed])
    },

    async suspectMissedWebhooks(request) {
      await finish('suspect_missed', request)
    },
    confirmMissedWebhooks: async (request) => finish('confirm_missed', request),
    listMissedWebhooks: (filter, page) => listMissedWebhooks(reader, filter, page),
  }
}

/** What a lease is known by. Claims come back with all that they were given out with, which need not cross again. */
function leaseOf({ key, fence }: TriggerLease): TriggerLease {
  return { key, fence }
}
