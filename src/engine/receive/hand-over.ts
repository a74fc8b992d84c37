/**
 * From receiving to delivering: deliveries for which there is room are stored as leased already, and given to the dispatcher as soon as
 * they are on disk, so that a first try costs no claim.
 */
import type { ClaimedDelivery, ForwardPayload, PlannedDelivery } from '../../domain/delivery.ts'
import type { DestinationName } from '../../domain/ids.ts'
import type { Acceptance, AcceptanceReceipt } from '../ports.ts'
import type { IntegrationSettings } from '../settings.ts'

/** What the receiving side needs of the delivering side. */
export interface HandOff {
  /** Whether just-accepted deliveries of this destination may be leased and handed over at once. */
  hasRoom(destination: DestinationName): boolean
  /** Takes deliveries that are already leased. */
  offer(deliveries: readonly ClaimedDelivery[]): void
  /** Says that a pending delivery was stored. */
  kick(destination: DestinationName): void
  /** How long a lease given now should last, in ms. */
  leaseMs(destination: DestinationName): number
}

const NO_DESTINATIONS = { names: new Set<DestinationName>(), leaseMs: 0 }

/** Where deliveries may be leased and handed over at once, and for how long. */
export function destinationsWithRoom(
  handOff: HandOff,
  deliveries: readonly PlannedDelivery[],
): { names: ReadonlySet<DestinationName>; leaseMs: number } {
  if (deliveries.length === 0) return NO_DESTINATIONS
  const names = new Set<DestinationName>()
  let leaseMs = 0
  for (const { held, destination } of deliveries) {
    if (held === true || names.has(destination) || !handOff.hasRoom(destination)) continue
    names.add(destination)
    leaseMs = Math.max(leaseMs, handOff.leaseMs(destination))
  }
  return { names, leaseMs }
}

/** Gives the leased deliveries to the dispatcher and wakes it for the rest. */
export function handOver(
  handOff: HandOff,
  stored: {
    integration: IntegrationSettings
    acceptance: Acceptance
    payload: ForwardPayload
    receipt: AcceptanceReceipt
  },
): void {
  const { integration, acceptance, payload, receipt } = stored
  const { request, leasedDestinations } = acceptance
  const byId = new Map(acceptance.deliveries.map((delivery) => [delivery.id, delivery]))
  const ready: ClaimedDelivery[] = []
  for (const { id, positions, eventIds } of receipt.stored) {
    const delivery = byId.get(id)!
    if (delivery.held === true) continue
    if (!leasedDestinations.has(delivery.destination)) {
      handOff.kick(delivery.destination)
      continue
    }
    ready.push({
      ...delivery,
      positions,
      eventIds,
      requestId: request.id,
      integration: integration.key,
      provider: integration.spec.provider,
      attemptCount: 0,
      fence: 1,
      receivedAt: request.receivedAt,
      payload,
      ...(delivery.body === 'exact' ? { received: { bytes: request.body, headers: request.headers } } : {}),
    })
  }
  if (ready.length > 0) handOff.offer(ready)
}
