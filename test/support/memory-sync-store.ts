/**
 * The sync store in memory: what the ports promise, in plain code. Tests of the engine run on it, and the conformance suite compares the
 * real adapters with it. Every verb is one turn of the event loop, so that nothing can rely on being first.
 */
import { GatewayError } from '../../src/domain/errors.ts'
import type { ConnectionId, IntegrationKey } from '../../src/domain/ids.ts'
import {
  MAX_RECORD_PAGE_BYTES,
  mergeRunRequest,
  NO_COUNTS,
  type Checkpoint,
  type RecordAction,
  type RecordChange,
  type RunFacts,
  type RunCause,
  type RunProgress,
  type RunRequest,
  type SyncFailureCode,
  type SyncKey,
  type SyncRun,
  type SyncRunId,
} from '../../src/domain/sync.ts'
import type { MissedWebhook } from '../../src/engine/sync/ports/gap-store.ts'
import type { RecordSelection } from '../../src/engine/sync/ports/record-store.ts'
import type { BatchResult, NewRun, RecordWrite, SyncNotice } from '../../src/engine/sync/ports/run-store.ts'
import type { SyncLease, SyncSelection, SyncStatus } from '../../src/engine/sync/ports/schedule-store.ts'
import type { SyncStore } from '../../src/engine/sync/ports/sync-store.ts'
import type { ClaimedTriggers, SyncTrigger } from '../../src/engine/sync/ports/trigger-store.ts'

export interface MemorySyncStore extends SyncStore {
  /** Connections known to it; schedules are made for these. */
  addConnection(integration: IntegrationKey, connectionId: ConnectionId, sealed?: Uint8Array): void
  /** All that it knows of the connection goes. */
  removeConnection(integration: IntegrationKey, connectionId: ConnectionId): void
  /** Notices stored so far, as the app would get them. */
  readonly notices: SyncNotice[]
  /** Writes of record payloads so far. */
  readonly recordWrites: number
  /** The next call of this verb fails with `store_unavailable`. */
  failNext(verb: 'saveBatch' | 'finishRun'): void
  sealedOf(integration: IntegrationKey, connectionId: ConnectionId): Uint8Array | null
}

interface Schedule {
  readonly key: SyncKey
  model: string
  isDeclared: boolean
  isPaused: boolean
  waits: boolean
  everyMs: number
  overrideMs: number | null
  dueAt: number
  request: RunRequest | null
  claim: { cause: RunCause; triggers: number; isFull: boolean; emptiesCache: boolean } | null
  run: SyncRunId | null
  waitUntil: number
  leaseUntil: number
  fence: number
  checkpoint: Checkpoint
  lastFullAt: number | null
  lastSuccessAt: number | null
  lastTriggerAt: number | null
  missed: number
  lastFailure: SyncFailureCode | null
}

interface Row {
  readonly id: string
  payload: Uint8Array
  hash: string
  firstSeenAt: number
  lastModifiedAt: number
  action: RecordAction
  deletedAt: number | null
  prunedAt: number | null
  /** Null: triggers. */
  run: SyncRunId | null
  sequence: number
}

interface RunRow {
  run: SyncRun
  progress: RunProgress
  hasSaved: boolean
  readonly seen: Set<string>
}

interface TriggerGroup {
  readonly key: SyncKey
  waiting: SyncTrigger[]
  leased: SyncTrigger[]
  leaseUntil: number
  fence: number
  postponements: number
  dueAt: number
  applied: ClaimedTriggers['applied']
  lastFailure: SyncFailureCode | null
}

export function createMemorySyncStore(): MemorySyncStore {
  const schedules = new Map<string, Schedule>()
  const runs = new Map<SyncRunId, RunRow>()
  const records = new Map<string, Map<string, Row>>()
  const groups = new Map<string, TriggerGroup>()
  const connections = new Map<
    string,
    { integration: IntegrationKey; connectionId: ConnectionId; sealed: Uint8Array | null; version: number }
  >()
  const rateLimits = new Map<string, number>()
  const triggeredAt = new Map<string, number>()
  const suspicions: { missed: MissedWebhook; confirmAt: number }[] = []
  const confirmed: MissedWebhook[] = []
  const notices: SyncNotice[] = []
  const failing = new Set<string>()
  let sequence = 0
  let recordWrites = 0
  let versions = 0

  const turn = (): Promise<void> => new Promise(setImmediate)
  const textOf = (key: SyncKey): string => `${key.integration}\n${key.connectionId}\n${key.sync}`
  const connectionOf = (key: { integration: string; connectionId: string }): string =>
    `${key.integration}\n${key.connectionId}`
  const rowsOf = (selection: RecordSelection): Map<string, Row> => {
    const place = `${connectionOf(selection)}\n${selection.model}`
    let rows = records.get(place)
    if (rows === undefined) records.set(place, (rows = new Map()))
    return rows
  }
  const held = ({ key, fence }: SyncLease): Schedule | null => {
    const schedule = schedules.get(textOf(key))
    return schedule !== undefined && schedule.fence === fence && schedule.leaseUntil > 0 ? schedule : null
  }
  const everyOf = (schedule: Schedule): number => schedule.overrideMs ?? schedule.everyMs
  const selected = ({ integration, connectionId, syncs }: SyncSelection): Schedule[] =>
    [...schedules.values()].filter(
      ({ key }) =>
        key.integration === integration &&
        (connectionId === null || key.connectionId === connectionId) &&
        (syncs === null || syncs.length === 0 || syncs.includes(key.sync)),
    )
  const failWhenTold = (verb: string): void => {
    if (failing.delete(verb)) throw new GatewayError({ code: 'store_unavailable', message: 'told to fail' })
  }

  function dueOf(schedule: Schedule): number {
    if (!schedule.isDeclared) return Infinity
    const limit = rateLimits.get(connectionOf(schedule.key)) ?? 0
    const byRequest = schedule.request?.cause === 'request' ? schedule.request.dueAt : Infinity
    const byWebhook = schedule.request?.cause === 'webhook' ? schedule.request.dueAt : Infinity
    // A claim that came to no end goes on, even of a paused one.
    const due =
      schedule.claim !== null
        ? schedule.waitUntil
        : Math.min(byRequest, schedule.isPaused ? Infinity : Math.min(byWebhook, schedule.dueAt))
    return Math.max(due, limit, schedule.leaseUntil)
  }

  function write(
    place: RecordSelection,
    input: {
      writes: readonly RecordWrite[]
      deletedIds: readonly string[]
      now: number
      ignoreModifiedAfter: number | null
      run: SyncRunId | null
    },
  ): BatchResult {
    const rows = rowsOf(place)
    const { now, ignoreModifiedAfter, run } = input
    const isFresher = (row: Row): boolean =>
      ignoreModifiedAfter !== null && row.lastModifiedAt > ignoreModifiedAfter && (run === null || row.run !== run)
    const added: string[] = []
    const updated: string[] = []
    const deleted: string[] = []
    let unchanged = 0
    let ignored = 0
    for (const { id, payload, hash } of input.writes) {
      const row = rows.get(id)
      const text = Buffer.from(hash).toString('hex')
      if (row !== undefined && row.hash === text && row.action !== 'DELETED') unchanged += 1
      else if (row !== undefined && isFresher(row)) ignored += 1
      else {
        const isNew = row === undefined || row.action === 'DELETED'
        rows.set(id, {
          id,
          payload,
          hash: text,
          firstSeenAt: row?.firstSeenAt ?? now,
          lastModifiedAt: now,
          action: isNew ? 'ADDED' : 'UPDATED',
          deletedAt: null,
          prunedAt: null,
          run,
          sequence: (sequence += 1),
        })
        recordWrites += 1
        ;(isNew ? added : updated).push(id)
      }
    }
    for (const id of input.deletedIds) {
      const row = rows.get(id)
      if (row === undefined || row.action === 'DELETED') continue
      if (isFresher(row)) {
        ignored += 1
        continue
      }
      Object.assign(row, { action: 'DELETED', deletedAt: now, lastModifiedAt: now, run, sequence: (sequence += 1) })
      deleted.push(id)
    }
    return { added, updated, deleted, unchanged, ignored }
  }

  function count(row: RunRow, result: BatchResult, skipped: number): void {
    const { counters } = row.run
    row.run = {
      ...row.run,
      counters: {
        pages: row.progress.pages,
        requests: row.progress.requests,
        added: counters.added + result.added.length,
        updated: counters.updated + result.updated.length,
        deleted: counters.deleted + result.deleted.length,
        unchanged: counters.unchanged + result.unchanged,
        ignored: counters.ignored + result.ignored,
        skipped: counters.skipped + skipped,
      },
    }
  }

  function newRow(key: SyncKey, run: NewRun, model: string): RunRow {
    return {
      run: { ...run, key, model, resumptions: 0, counters: NO_COUNTS, notes: [], state: 'running' },
      progress: {
        pages: 0,
        requests: 0,
        items: 0,
        nextPage: { number: 1, items: 0, value: null },
        checkpoint: run.checkpointBefore,
        isComplete: true,
      },
      hasSaved: false,
      seen: new Set(),
    }
  }

  function statusOf(schedule: Schedule): SyncStatus {
    const own = [...runs.values()].filter(({ run }) => textOf(run.key) === textOf(schedule.key))
    const underWay = schedule.run === null ? undefined : runs.get(schedule.run)
    const rows = [...rowsOf({ ...schedule.key, model: schedule.model }).values()]
    return {
      key: schedule.key,
      model: schedule.model,
      isPaused: schedule.isPaused,
      isDeclared: schedule.isDeclared,
      everyMs: everyOf(schedule),
      overridesEvery: schedule.overrideMs !== null,
      nextDueAt: schedule.isPaused ? null : schedule.dueAt,
      lastRun: (underWay ?? own.at(-1))?.run ?? null,
      checkpoint: schedule.checkpoint,
      recordCount: rows.filter((row) => row.action !== 'DELETED').length,
      missedWebhooks: schedule.missed,
    }
  }

  function giveBack(schedule: Schedule): void {
    schedule.leaseUntil = 0
    schedule.claim = null
    schedule.run = null
    schedule.waitUntil = 0
  }

  return {
    notices,
    get recordWrites() {
      return recordWrites
    },
    addConnection(integration, connectionId, sealed) {
      versions += 1
      const place = connectionOf({ integration, connectionId })
      connections.set(place, { integration, connectionId, sealed: sealed ?? null, version: versions })
    },
    removeConnection(integration, connectionId) {
      const place = connectionOf({ integration, connectionId })
      connections.delete(place)
      rateLimits.delete(place)
      for (const map of [schedules, records, groups])
        for (const key of map.keys()) if (key.startsWith(`${place}\n`)) map.delete(key)
      for (const [id, { run }] of runs) if (connectionOf(run.key) === place) runs.delete(id)
      for (const list of [suspicions, confirmed]) {
        const kept = (list as (MissedWebhook | { missed: MissedWebhook })[]).filter(
          (one) => connectionOf('missed' in one ? one.missed.key : one.key) !== place,
        )
        list.splice(0, list.length, ...(kept as never[]))
      }
    },
    failNext: (verb) => void failing.add(verb),
    sealedOf: (integration, connectionId) =>
      connections.get(connectionOf({ integration, connectionId }))?.sealed ?? null,

    async declareSyncs({ integration, connectionId, syncs, now, spreadMs }) {
      await turn()
      for (const connection of connections.values()) {
        if (
          connection.integration !== integration ||
          (connectionId !== null && connection.connectionId !== connectionId)
        )
          continue
        for (const { sync, model, everyMs, startsByItself } of syncs) {
          const key = { integration, connectionId: connection.connectionId, sync }
          const known = schedules.get(textOf(key))
          if (known !== undefined) {
            if (everyMs < known.everyMs && known.overrideMs === null) known.dueAt = Math.min(known.dueAt, now + everyMs)
            Object.assign(known, { model, everyMs, isDeclared: true })
            if (startsByItself && known.waits) Object.assign(known, { isPaused: false, waits: false, dueAt: now })
            continue
          }
          schedules.set(textOf(key), {
            key,
            model,
            isDeclared: true,
            isPaused: !startsByItself,
            waits: !startsByItself,
            everyMs,
            overrideMs: null,
            dueAt: now + (spreadMs === 0 ? 0 : (schedules.size * 997) % spreadMs),
            request: null,
            claim: null,
            run: null,
            waitUntil: 0,
            leaseUntil: 0,
            fence: 0,
            checkpoint: {},
            lastFullAt: null,
            lastSuccessAt: null,
            lastTriggerAt: null,
            missed: 0,
            lastFailure: null,
          })
        }
      }
      const names = new Set(syncs.map(({ sync }) => sync))
      for (const schedule of schedules.values())
        if (schedule.key.integration === integration && !names.has(schedule.key.sync)) schedule.isDeclared = false
      const started = [...schedules.values()].filter(
        ({ key, isDeclared, isPaused }) =>
          key.integration === integration &&
          (connectionId === null || key.connectionId === connectionId) &&
          isDeclared &&
          !isPaused,
      )
      return [...new Set(started.map(({ key }) => key.sync))]
    },

    async claimDueSyncs({ now, limit, leaseUntil }) {
      await turn()
      const due = [...schedules.values()].filter((one) => dueOf(one) <= now).toSorted((a, b) => dueOf(a) - dueOf(b))
      return due.slice(0, limit).map((schedule) => {
        const { key, request } = schedule
        if (schedule.claim === null) {
          const usesRequest =
            request !== null && request.dueAt <= now && (request.cause === 'request' || !schedule.isPaused)
          schedule.claim = usesRequest
            ? {
                cause: request.cause,
                triggers: request.triggers,
                isFull: request.isFull,
                emptiesCache: request.emptiesCache,
              }
            : { cause: 'schedule', triggers: 0, isFull: false, emptiesCache: false }
          if (usesRequest) schedule.request = null
        }
        schedule.leaseUntil = leaseUntil
        schedule.fence += 1
        const row = schedule.run === null ? undefined : runs.get(schedule.run)
        if (row !== undefined) {
          row.run = { ...factsOf(row.run), resumptions: row.run.resumptions + 1, state: 'running' }
        }
        return {
          key,
          fence: schedule.fence,
          model: schedule.model,
          dueAt: schedule.dueAt,
          everyMs: everyOf(schedule),
          ...schedule.claim,
          checkpoint: schedule.checkpoint,
          lastFullAt: schedule.lastFullAt,
          lastSuccessAt: schedule.lastSuccessAt,
          lastTriggerAt: schedule.lastTriggerAt,
          integrationTriggeredAt: triggeredAt.get(`${key.integration}\n${key.sync}`) ?? null,
          interrupted: row === undefined ? null : { run: row.run, progress: row.hasSaved ? row.progress : null },
          lastFailure: schedule.lastFailure,
        }
      })
    },

    async nextSyncDueAt() {
      await turn()
      const due = Math.min(...[...schedules.values()].map(dueOf))
      return Number.isFinite(due) ? due : null
    },

    async renewSyncLease({ lease, leaseUntil }) {
      await turn()
      const schedule = held(lease)
      if (schedule !== null) schedule.leaseUntil = leaseUntil
      return schedule !== null
    },

    async releaseSyncLeases({ now }) {
      await turn()
      const leased = [...schedules.values()].filter((schedule) => schedule.leaseUntil > 0)
      for (const schedule of leased) {
        Object.assign(schedule, { leaseUntil: 0, waitUntil: now })
        const row = schedule.run === null ? undefined : runs.get(schedule.run)
        if (row !== undefined) row.run = { ...factsOf(row.run), state: 'waiting', until: now, reason: 'interrupted' }
      }
      for (const group of groups.values()) {
        if (group.leaseUntil > 0) group.dueAt = now
        group.leaseUntil = 0
      }
      return leased.length
    },

    async requestRun(wish) {
      await turn()
      const schedule = schedules.get(textOf(wish.key))
      if (schedule === undefined) return 'unknown'
      schedule.request = mergeRunRequest(schedule.request, wish)
      return 'requested'
    },

    async setPaused({ paused, now, ...selection }) {
      await turn()
      const found = selected(selection)
      for (const schedule of found) {
        if (schedule.isPaused && !paused) schedule.dueAt = now
        schedule.isPaused = paused
        schedule.waits = false
      }
      return found.length
    },

    async overrideEvery({ key, everyMs, now }) {
      await turn()
      const schedule = schedules.get(textOf(key))
      if (schedule === undefined) return null
      schedule.overrideMs = everyMs
      schedule.dueAt = Math.min(schedule.dueAt, now + everyOf(schedule))
      return { everyMs: everyOf(schedule) }
    },

    async setRateLimit({ until, ...connection }) {
      await turn()
      rateLimits.set(connectionOf(connection), until)
    },

    async syncStatus(selection) {
      await turn()
      return selected(selection).map(statusOf)
    },

    async listSyncs({ integration, connectionId, sync }, page) {
      await turn()
      const found = [...schedules.values()]
        .filter(({ key }) => (integration ?? key.integration) === key.integration)
        .filter(({ key }) => (connectionId ?? key.connectionId) === key.connectionId && (sync ?? key.sync) === key.sync)
        .toSorted((a, b) => (textOf(a.key) < textOf(b.key) ? -1 : 1))
      const from = page.after === null ? 0 : Number(page.after)
      if (!Number.isInteger(from)) throw notACursor()
      const isLast = from + page.limit >= found.length
      return {
        items: found.slice(from, from + page.limit).map(statusOf),
        nextCursor: isLast ? null : String(from + page.limit),
      }
    },

    async startRun({ lease, run, model, emptiesCache }) {
      await turn()
      const schedule = held(lease)
      if (schedule === null) return false
      schedule.run = run.id
      runs.set(run.id, newRow(lease.key, run, model))
      if (emptiesCache) {
        rowsOf({ ...lease.key, model }).clear()
        schedule.checkpoint = {}
      }
      return true
    },

    async saveBatch(batch) {
      await turn()
      failWhenTold('saveBatch')
      const schedule = held(batch.lease)
      const row = runs.get(batch.run)
      if (schedule === null || row === undefined) return null
      schedule.leaseUntil = batch.leaseUntil
      const result = write({ ...batch.lease.key, model: batch.model }, { ...batch, writes: batch.records })
      if (batch.remembersIds) for (const { id } of batch.records) row.seen.add(id)
      row.progress = structuredClone(batch.progress)
      row.hasSaved = true
      row.run = { ...row.run, notes: [...row.run.notes, ...batch.notes] }
      count(row, result, batch.skipped)
      return result
    },

    async deleteMissing({ lease, run, model, startedAt, limit, now }) {
      await turn()
      const row = runs.get(run)
      if (held(lease) === null || row === undefined) return null
      const missing = [...rowsOf({ ...lease.key, model }).values()].filter(
        (one) => one.action !== 'DELETED' && !row.seen.has(one.id) && one.lastModifiedAt < startedAt,
      )
      const deletedIds = missing.slice(0, limit).map(({ id }) => id)
      const result = write({ ...lease.key, model }, { writes: [], deletedIds, now, ignoreModifiedAfter: null, run })
      count(row, result, 0)
      return { deleted: result.deleted, hasMore: missing.length > limit }
    },

    async finishRun({ lease, run, now, nextDueAt, end, notes, notices: given }) {
      await turn()
      failWhenTold('finishRun')
      const schedule = held(lease)
      const row = runs.get(run)
      if (schedule === null || row === undefined) return false
      const common = { ...factsOf(row.run), notes: [...row.run.notes, ...notes], finishedAt: now }
      row.run =
        end.state === 'succeeded'
          ? { ...common, state: 'succeeded', checkpointAfter: end.checkpoint }
          : { ...common, state: 'failed', failure: end.failure }
      if (end.state === 'succeeded') {
        schedule.checkpoint = end.checkpoint
        schedule.lastSuccessAt = row.run.startedAt
        if (row.run.isFull) schedule.lastFullAt = row.run.startedAt
      }
      row.seen.clear()
      schedule.lastFailure = end.state === 'failed' ? end.failure.code : null
      schedule.dueAt = nextDueAt
      giveBack(schedule)
      notices.push(...given)
      return true
    },

    async postponeRun({ lease, run, until, reason }) {
      await turn()
      const schedule = held(lease)
      const row = runs.get(run)
      if (schedule === null || row === undefined) return false
      row.run = { ...factsOf(row.run), state: 'waiting', until, reason }
      Object.assign(schedule, { leaseUntil: 0, waitUntil: until })
      return true
    },

    async listSyncRuns(filter, page) {
      await turn()
      const found = [...runs.values()]
        .map(({ run }) => run)
        .filter(
          ({ key, state }) =>
            (filter.integration === undefined || filter.integration === key.integration) &&
            (filter.connectionId === undefined || filter.connectionId === key.connectionId) &&
            (filter.sync === undefined || filter.sync === key.sync) &&
            (filter.state === undefined || filter.state === state),
        )
        .toReversed()
      const from = page.after === null ? 0 : Number(page.after)
      const isLast = from + page.limit >= found.length
      return { items: found.slice(from, from + page.limit), nextCursor: isLast ? null : String(from + page.limit) }
    },

    async getSyncRun(id) {
      await turn()
      return runs.get(id)?.run ?? null
    },

    async addTriggers({ triggers, windowMs, now }) {
      await turn()
      for (const trigger of triggers) {
        const { key, action } = trigger
        const schedule = schedules.get(textOf(key))
        if (schedule === undefined) continue
        schedule.lastTriggerAt = now
        triggeredAt.set(`${key.integration}\n${key.sync}`, now)
        const ids =
          action.kind === 'run' ? null : action.kind === 'upsert' ? action.records.map(({ id }) => id) : action.ids
        for (const suspicion of suspicions.slice()) {
          const { missed } = suspicion
          if (textOf(missed.key) === textOf(key) && (ids === null || ids.includes(missed.recordId)))
            suspicions.splice(suspicions.indexOf(suspicion), 1)
        }
        if (action.kind === 'run' || schedule.isPaused) {
          schedule.request = mergeRunRequest(schedule.request, {
            now,
            windowMs: windowMs.get(key.sync) ?? 0,
            cause: 'webhook',
            triggers: 1,
            isFull: false,
            emptiesCache: false,
          })
          continue
        }
        let group = groups.get(textOf(key))
        if (group === undefined) {
          group = {
            key,
            waiting: [],
            leased: [],
            leaseUntil: 0,
            fence: 0,
            postponements: 0,
            dueAt: 0,
            applied: null,
            lastFailure: null,
          }
          groups.set(textOf(key), group)
        }
        if (group.waiting.length + group.leased.length === 0) group.dueAt = now
        group.waiting.push(trigger)
      }
    },

    async claimTriggers({ now, limit, leaseUntil }) {
      await turn()
      const due = [...groups.values()].filter(
        (group) => group.waiting.length + group.leased.length > 0 && group.leaseUntil <= now && group.dueAt <= now,
      )
      return due.slice(0, limit).map((group) => {
        if (group.applied === null) group.leased.push(...group.waiting.splice(0, 100 - group.leased.length))
        group.leaseUntil = leaseUntil
        group.fence += 1
        const { key, fence, postponements, applied, lastFailure } = group
        return { key, fence, postponements, applied, lastFailure, triggers: [...group.leased] }
      })
    },

    async nextTriggerDueAt() {
      await turn()
      const waiting = [...groups.values()].filter((group) => group.waiting.length + group.leased.length > 0)
      return waiting.length === 0 ? null : Math.min(...waiting.map((group) => Math.max(group.leaseUntil, group.dueAt)))
    },

    async applyTriggers({ triggers, run, model, records: writes, deletedIds, requests, skipped, notes, now }) {
      await turn()
      const group = groups.get(textOf(triggers.key))
      if (group === undefined || group.fence !== triggers.fence || group.leaseUntil === 0) return null
      const result = write(
        { ...triggers.key, model },
        { writes, deletedIds, now, ignoreModifiedAfter: null, run: run.id },
      )
      const row = newRow(triggers.key, run, model)
      row.progress = { ...row.progress, requests, nextPage: null }
      row.run = { ...row.run, notes }
      count(row, result, skipped)
      runs.set(run.id, row)
      group.applied = { run, result }
      return result
    },

    async finishTriggers({ triggers, run, model, failure, notes, now, notices: given }) {
      await turn()
      const group = groups.get(textOf(triggers.key))
      if (group === undefined || group.fence !== triggers.fence || group.leaseUntil === 0) return false
      const row = runs.get(run.id) ?? newRow(triggers.key, run, model)
      const facts = { ...row.run, notes: [...row.run.notes, ...notes] }
      row.run =
        failure === null
          ? { ...facts, state: 'succeeded', finishedAt: now, checkpointAfter: {} }
          : { ...facts, state: 'failed', finishedAt: now, failure }
      runs.set(run.id, row)
      Object.assign(group, { leased: [], leaseUntil: 0, applied: null, postponements: 0, dueAt: now })
      group.lastFailure = failure?.code ?? null
      notices.push(...given)
      return true
    },

    async postponeTriggers({ triggers, until }) {
      await turn()
      const group = groups.get(textOf(triggers.key))
      if (group === undefined || group.fence !== triggers.fence || group.leaseUntil === 0) return
      Object.assign(group, { leaseUntil: 0, dueAt: until, postponements: group.postponements + 1 })
    },

    async listRecords({ after, limit, modifiedAfter, actions, ids, ...place }) {
      await turn()
      const from = after === null ? 0 : Number(Buffer.from(after, 'base64url').toString())
      if (!Number.isInteger(from)) throw notACursor()
      const found = [...rowsOf(place).values()]
        .filter((row) => row.sequence > from)
        .filter((row) => modifiedAfter === null || row.lastModifiedAt >= modifiedAfter)
        .filter((row) => actions === null || actions.includes(row.action))
        .filter((row) => ids === null || ids.includes(row.id))
        .toSorted((a, b) => a.sequence - b.sequence)
      const page: RecordChange[] = []
      let bytes = 0
      for (const row of found.slice(0, limit)) {
        bytes += row.payload.length
        if (page.length > 0 && bytes > MAX_RECORD_PAGE_BYTES) break
        page.push(changeOf(row))
      }
      return { records: page, nextCursor: found.length > page.length ? page.at(-1)!.cursor : null }
    },

    async pruneRecords({ untilCursor, limit, now, ...place }) {
      await turn()
      const until = Number(Buffer.from(untilCursor, 'base64url').toString())
      if (!Number.isInteger(until)) throw notACursor()
      const found = [...rowsOf(place).values()]
        .filter((row) => row.sequence <= until && row.prunedAt === null)
        .toSorted((a, b) => a.sequence - b.sequence)
      for (const row of found.slice(0, limit))
        Object.assign(row, { prunedAt: now, payload: Buffer.from(JSON.stringify({ id: row.id })) })
      return { count: Math.min(limit, found.length), hasMore: found.length > limit }
    },

    async countRecords(place) {
      await turn()
      return [...rowsOf(place).values()].filter((row) => row.action !== 'DELETED').length
    },

    async readCredentials(integration, connectionId) {
      await turn()
      const found = connections.get(connectionOf({ integration, connectionId }))
      return found?.sealed == null ? null : { sealed: found.sealed, version: found.version }
    },

    async replaceCredentials({ integration, connectionId, expectedVersion, sealed }) {
      await turn()
      const found = connections.get(connectionOf({ integration, connectionId }))
      if (found === undefined || found.version !== expectedVersion) return false
      versions += 1
      Object.assign(found, { sealed, version: versions })
      return true
    },

    async suspectMissedWebhooks({ missed, confirmAt }) {
      await turn()
      for (const one of missed) suspicions.push({ missed: one, confirmAt })
    },

    async confirmMissedWebhooks({ now, limit }) {
      await turn()
      const due = suspicions.filter(({ confirmAt }) => confirmAt <= now).slice(0, limit)
      for (const suspicion of due) {
        suspicions.splice(suspicions.indexOf(suspicion), 1)
        confirmed.push(suspicion.missed)
        const schedule = schedules.get(textOf(suspicion.missed.key))
        if (schedule !== undefined) schedule.missed += 1
      }
      return due.map(({ missed }) => missed)
    },

    async listMissedWebhooks(filter, page) {
      await turn()
      const found = confirmed
        .filter(({ key }) => (filter.integration ?? key.integration) === key.integration)
        .filter(({ key }) => (filter.connectionId ?? key.connectionId) === key.connectionId)
        .filter(({ key }) => (filter.sync ?? key.sync) === key.sync)
        .toReversed()
      return { items: found.slice(0, page.limit), nextCursor: null }
    },
  }
}

/** Without what belongs to a state. */
function factsOf(run: SyncRun): RunFacts {
  const { id, key, model, type, cause, isFull, triggers, startedAt, resumptions, checkpointBefore, counters, notes } =
    run
  return { id, key, model, type, cause, isFull, triggers, startedAt, resumptions, checkpointBefore, counters, notes }
}

function notACursor(): GatewayError {
  return new GatewayError({ code: 'api_invalid_input', message: 'not a cursor' })
}

function changeOf(row: Row): RecordChange {
  const { id, payload, action, firstSeenAt, lastModifiedAt, deletedAt, prunedAt } = row
  const cursor = Buffer.from(String(row.sequence)).toString('base64url')
  return { id, payload, action, firstSeenAt, lastModifiedAt, deletedAt, prunedAt, cursor }
}
