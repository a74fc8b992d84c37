/**
 * The deliveries that one lane has under lease: those that wait for a slot, in order, and those under way. It keeps the account of
 * the memory that their bodies take, in the lane and in all lanes together.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DeliveryId } from '../../domain/ids.ts'
import type { MemoryBudget } from './memory-budget.ts'

export interface Held {
  readonly delivery: ClaimedDelivery
  fence: number
  leaseUntil: number
  /** The same delivery, claimed again while we hold it. */
  again: ClaimedDelivery | null
}

/** Bodies waiting in one lane; beyond it deliveries stay in the store. */
const MAX_WAITING_BYTES = 32 * 1_048_576
/** What a body is taken to be before a claim has shown any. */
const SMALLEST_BODY_GUESS = 65_536

export class Holdings {
  readonly #memory: MemoryBudget
  readonly #held = new Map<DeliveryId, Held>()
  readonly #waiting: Held[] = []
  #waitingBytes = 0
  #largestBody = SMALLEST_BODY_GUESS

  constructor(memory: MemoryBudget) {
    this.#memory = memory
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  hold(delivery: ClaimedDelivery, leaseUntil: number): void {
    const known = this.#held.get(delivery.id)
    if (known !== undefined) {
      // Our own lease lapsed (a clock that jumped, a very long wait) and came back to us: the work under way counts for it. Or its
      // outcome is stored and it fell due again before we heard of that: then it gets the next try, see the lane.
      known.fence = delivery.fence
      known.leaseUntil = leaseUntil
      known.again = delivery
      return
    }
    const held: Held = { delivery, fence: delivery.fence, leaseUntil, again: null }
    this.#held.set(delivery.id, held)
    this.#waiting.push(held)
    const bytes = bytesOf(delivery)
    this.#waitingBytes += bytes
    this.#memory.take(bytes)
    this.#largestBody = Math.max(this.#largestBody, bytes)
  }

  /** The first that waits, which waits no longer; it stays held until it is let go. */
  next(): Held | undefined {
    const held = this.#waiting.shift()
    if (held !== undefined) this.#waitingBytes -= bytesOf(held.delivery)
    return held
  }

  letGo({ delivery }: Held): void {
    this.#held.delete(delivery.id)
    this.#memory.give(bytesOf(delivery))
  }

  /** Lets go of all that wait but the first `keep`, and answers them. */
  letGoOfWaiting(keep: number): readonly Held[] {
    const returned = this.#waiting.splice(keep)
    for (const held of returned) {
      this.#waitingBytes -= bytesOf(held.delivery)
      this.letGo(held)
    }
    return returned
  }

  hasRoom(): boolean {
    return this.#waitingBytes < MAX_WAITING_BYTES && this.#memory.hasRoom()
  }

  /** How many more bodies may wait, if none is larger than the largest seen of late. */
  bodiesThatFit(): number {
    const free = Math.min(MAX_WAITING_BYTES - this.#waitingBytes, this.#memory.free())
    return Math.floor(free / this.#largestBody)
  }

  /** The bodies that come next say anew how large bodies are. */
  forgetLargest(): void {
    this.#largestBody = SMALLEST_BODY_GUESS
  }
}

function bytesOf({ payload, received }: ClaimedDelivery): number {
  return payload.bytes.length + (received === undefined || received.bytes === payload.bytes ? 0 : received.bytes.length)
}
