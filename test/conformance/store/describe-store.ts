/**
 * What every store promises the engine (src/engine/ports.ts), as tests. An adapter passes all of them or names its exceptions where
 * it calls this. Read down, the names are the specification.
 */
import { describe } from 'vitest'
import { checkIsHonest } from './availability.ts'
import { acceptingRequests } from './accepting-requests.ts'
import { claimShares } from './claim-shares.ts'
import { connectionOrder } from './connection-order.ts'
import { connections } from './connections.ts'
import { deliveryQueue } from './delivery-queue.ts'
import { duplicates } from './duplicates.ts'
import { heldDeliveries } from './held-deliveries.ts'
import { logPages } from './log-pages.ts'
import type { OpenStore } from './opened-store.ts'
import { replay } from './replay.ts'
import { upkeep } from './upkeep.ts'

export function describeStore(name: string, open: OpenStore): void {
  describe(`${name}: accepting requests`, () => acceptingRequests(open))
  describe(`${name}: duplicates`, () => duplicates(open))
  describe(`${name}: the delivery queue`, () => deliveryQueue(open))
  describe(`${name}: first tries and retries`, () => claimShares(open))
  describe(`${name}: the order of connections`, () => connectionOrder(open))
  describe(`${name}: replay`, () => replay(open))
  describe(`${name}: held deliveries`, () => heldDeliveries(open))
  describe(`${name}: connections`, () => connections(open))
  describe(`${name}: the log`, () => logPages(open))
  describe(`${name}: upkeep`, () => upkeep(open))
  describe(`${name}: availability`, () => checkIsHonest(open))
}
