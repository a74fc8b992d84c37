/**
 * From accepted events to what they ask of syncs. Called after the request is stored and awaited before it is answered, so that a 2xx
 * also says that its triggers are kept. A duplicate sets off its sync once more, since its first coming may have been cut off between
 * the two, but its payload is never written: it may be older than what the cache holds by now. An expression that fails, or an event
 * that brings no usable record, becomes a run as well: the change is fetched instead of lost.
 */
import type { ReceivedEvent } from '../../domain/event.ts'
import type { MaybePromise, RequestView, SyncView } from '../../domain/expression.ts'
import type { ConnectionId, EventId, SyncName } from '../../domain/ids.ts'
import type { CompiledTrigger } from '../../spec/compiled-sync.ts'
import type { Clock, ConnectionStore, Journal } from '../ports.ts'
import { connectionView } from './connection-view.ts'
import type { ActiveSync, SyncDirectory } from './directory.ts'
import type { ConnectionView } from './connection-view.ts'
import type { SyncTrigger, TriggerStore } from './ports/trigger-store.ts'
import { idsFrom, recordsFrom } from './records.ts'
import { evaluate } from './request.ts'

export interface AcceptedEvents {
  readonly integration: string
  readonly events: readonly ReceivedEvent[]
  /** What expressions saw of each event, in the same order; may be shorter. */
  readonly views: readonly RequestView[]
  /** Those that had come before. */
  readonly duplicates: ReadonlySet<EventId>
}

export interface TriggerDeps {
  readonly store: Pick<TriggerStore, 'addTriggers'>
  readonly connections: Pick<ConnectionStore, 'getConnection'>
  readonly directory: Pick<SyncDirectory, 'syncsOf'>
  readonly clock: Pick<Clock, 'now'>
  readonly journal: Pick<Journal, 'warn'>
  /** False of a sync that nobody has started: its events cost nothing. */
  readonly isStarted: (active: ActiveSync) => boolean
  /** Says that there is something to do. */
  readonly wake: () => void
}

/** A promise only where there is something to store, as for most events there is not. */
export type OnAccepted = (accepted: AcceptedEvents) => MaybePromise<void>

/** An event, and what it asks of one sync. */
interface Asked {
  readonly event: ReceivedEvent
  readonly view: RequestView | undefined
  readonly active: ActiveSync
  readonly trigger: CompiledTrigger
}

export function createTriggers(deps: TriggerDeps): OnAccepted {
  const { store, connections, directory, clock, journal, isStarted, wake } = deps

  async function triggerOf(input: {
    active: ActiveSync
    trigger: CompiledTrigger
    event: ReceivedEvent
    view: RequestView | undefined
    connection: ConnectionView
    isDuplicate: boolean
  }): Promise<SyncTrigger> {
    const { active, trigger, event, view, connection, isDuplicate } = input
    const { action } = trigger
    const common = {
      key: {
        integration: active.integration,
        connectionId: connection.connection_id as ConnectionId,
        sync: active.declaration.name,
      },
      eventId: event.id,
      eventType: event.type,
      at: clock.now(),
    }
    const run: SyncTrigger = { ...common, action: { kind: 'run' }, forwardsResult: false }
    if (action.kind === 'run' || view === undefined || (isDuplicate && action.kind !== 'fetch')) return run
    const found = await evaluate(action.value, scopeOf(active, connection, view, clock.now()))
    const forwardsResult = action.kind !== 'delete' && action.forwardsResult
    if (found.ok && action.kind === 'upsert') {
      const { writes, skipped } = recordsFrom(active.declaration, found.value)
      if (writes.length > 0 && skipped === 0)
        return { ...common, action: { kind: 'upsert', records: writes }, forwardsResult }
    } else if (found.ok) {
      const ids = idsFrom(found.value)
      const kind = action.kind === 'delete' ? 'delete' : 'fetch'
      if (ids.length > 0) return { ...common, action: { kind, ids }, forwardsResult }
    }
    journal.warn('sync.trigger_unusable', {
      integration: active.integration,
      connection_id: connection.connection_id,
      sync: active.declaration.name,
      event_id: event.id,
      event_type: event.type,
      detail: found.ok ? `${action.kind} gave nothing usable; the sync runs instead` : found.failure.message,
    })
    return run
  }

  function askedBy({ integration, events, views }: AcceptedEvents): Asked[] {
    const asked: Asked[] = []
    for (const active of directory.syncsOf(integration)) {
      const { triggers } = active.declaration
      if (triggers.length === 0 || !isStarted(active)) continue
      for (const [at, event] of events.entries()) {
        const { type, match } = event
        const trigger = type === null || match.kind !== 'matched' ? undefined : triggers.find((each) => each.fits(type))
        if (trigger !== undefined) asked.push({ event, view: views[at], active, trigger })
      }
    }
    return asked
  }

  async function keep(asked: readonly Asked[], duplicates: AcceptedEvents['duplicates']): Promise<void> {
    const known = new Map<ConnectionId, ConnectionView | null>()
    const triggers: SyncTrigger[] = []
    const windowMs = new Map<SyncName, number>()
    for (const { event, view, active, trigger } of asked) {
      windowMs.set(active.declaration.name, active.declaration.coalesceMs)
      for (const connectionId of event.match.kind === 'matched' ? event.match.connections : []) {
        let connection = known.get(connectionId)
        if (connection === undefined) {
          const found = await connections.getConnection(active.integration, connectionId)
          connection = found === null ? null : connectionView(found)
          known.set(connectionId, connection)
        }
        if (connection === null) continue
        const isDuplicate = duplicates.has(event.id)
        triggers.push(await triggerOf({ active, trigger, event, view, connection, isDuplicate }))
      }
    }
    if (triggers.length === 0) return
    await store.addTriggers({ triggers, windowMs, now: clock.now() })
    wake()
  }

  return (accepted) => {
    const asked = askedBy(accepted)
    return asked.length === 0 ? undefined : keep(asked, accepted.duplicates)
  }
}

function scopeOf(active: ActiveSync, connection: ConnectionView, view: RequestView, now: number): SyncView {
  return {
    connection,
    options: active.options,
    event: view.event ?? view.body,
    body: view.body,
    headers: view.headers,
    now,
  }
}
