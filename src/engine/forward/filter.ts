/**
 * Applies the filters of destinations to the events of a request, before deliveries are planned. A filter that fails lets the event
 * pass and is remarked on the request: an event too many does less harm than one too few. Without filters nothing is looked at.
 */
import { isTruthy, type RequestView } from '../../domain/expression.ts'
import type { ReceivedEvent } from '../../domain/event.ts'
import type { DestinationName, EventId } from '../../domain/ids.ts'
import { viewWithType } from '../../verify/view.ts'
import type { DestinationSettings } from '../settings.ts'

/** For each destination with a filter, the events that pass. */
export type Passing = ReadonlyMap<DestinationName, ReadonlySet<EventId>>

export interface FilterInput {
  readonly forward: readonly DestinationName[]
  readonly destinations: ReadonlyMap<string, DestinationSettings>
  readonly events: readonly ReceivedEvent[]
  /** The view of each event, in the order of the events. */
  readonly views: readonly RequestView[]
  /** Remarks are added here. */
  readonly problems: string[]
}

export function hasFilter(
  forward: readonly DestinationName[],
  destinations: ReadonlyMap<string, DestinationSettings>,
): boolean {
  for (const name of forward) if (destinations.get(name)?.filter !== undefined) return true
  return false
}

export async function filterEvents(input: FilterInput): Promise<Passing> {
  const passing = new Map<DestinationName, ReadonlySet<EventId>>()
  const views = input.events.map(({ type }, at) => {
    const view = input.views[at]
    return view === undefined ? null : viewWithType(view, type ?? undefined)
  })
  for (const destination of input.forward) {
    const filter = input.destinations.get(destination)?.filter
    if (filter === undefined) continue
    const passed = new Set<EventId>()
    let failure: string | null = null
    for (const [at, event] of input.events.entries()) {
      const view = views[at]
      const answer = view === null || view === undefined ? null : filter.evaluate(view)
      const result = answer instanceof Promise ? await answer : answer
      if (result === null || !result.ok || isTruthy(result.value)) passed.add(event.id)
      if (result !== null && !result.ok) failure ??= result.detail
    }
    if (failure !== null) input.problems.push(`filter of destination ${destination}: ${failure}; the event passed`)
    passing.set(destination, passed)
  }
  return passing
}
