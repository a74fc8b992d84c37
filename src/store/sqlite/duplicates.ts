/** What is left of a delivery when some of its events turn out to be duplicates. Both threads must come to the same answer. */

interface Carried<Id extends string> {
  readonly eventIds: readonly Id[]
  readonly positions: readonly number[] | null
}

interface Found {
  readonly events: readonly { readonly id: string; readonly position: number }[]
  readonly duplicates: ReadonlySet<string>
  /** Whether items can be left out of the payload. */
  readonly isBatch: boolean
}

/**
 * The delivery with its new events only, and of a batch their positions; null when every event it carries is a duplicate. A
 * delivery that carries no events, or none that are duplicates, stays as it is.
 */
export function withoutDuplicates<Id extends string>(delivery: Carried<Id>, found: Found): Carried<Id> | null {
  const { events, duplicates, isBatch } = found
  const eventIds = delivery.eventIds.filter((id) => !duplicates.has(id))
  if (eventIds.length === delivery.eventIds.length) return delivery
  if (eventIds.length === 0) return null
  if (!isBatch) return { eventIds, positions: delivery.positions }
  const kept = new Set<string>(eventIds)
  const positions = events.filter((event) => kept.has(event.id)).map((event) => event.position)
  return { eventIds, positions: [...new Set(positions)].sort((a, b) => a - b) }
}
