/** What the caller of `acceptRequest` learns: the plan as it was, unless some of its events were seen before. */
import type { EventId } from '../../domain/ids.ts'
import type { Acceptance, AcceptanceReceipt } from '../../engine/ports.ts'
import { withoutDuplicates } from './duplicates.ts'

const NO_DUPLICATES: ReadonlySet<EventId> = new Set()

/** `duplicateAt` holds the indexes of the events that are duplicates, as the writer found them; null when there are none. */
export function receiptOf(acceptance: Acceptance, duplicateAt: readonly number[] | null): AcceptanceReceipt {
  const { deliveries, events, payload } = acceptance
  if (duplicateAt === null) return { duplicates: NO_DUPLICATES, stored: deliveries }
  const duplicates = new Set(duplicateAt.map((at) => events[at]!.id))
  const isBatch = payload?.batchPath != null
  const stored: AcceptanceReceipt['stored'][number][] = []
  for (const delivery of deliveries) {
    const left = withoutDuplicates<EventId>(delivery, { events, duplicates, isBatch })
    if (left !== null) stored.push({ id: delivery.id, positions: left.positions, eventIds: left.eventIds })
  }
  return { duplicates, stored }
}
