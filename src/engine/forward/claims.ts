/**
 * What one lane knows of the store's side of its queue, and its claims there: whether something is due, whether it may be something
 * that was never tried, and one claim at a time. The store is asked only when something is known to be due; what falls due without
 * anyone telling is found by the dispatcher's poll.
 */
import type { ClaimedDelivery } from '../../domain/delivery.ts'
import type { DestinationName } from '../../domain/ids.ts'
import type { Clock, DeliveryQueue, Journal } from '../ports.ts'
import type { MemoryBudget } from './memory-budget.ts'

export interface ClaimsParts {
  readonly destination: DestinationName
  readonly queue: Pick<DeliveryQueue, 'claimDueDeliveries'>
  readonly clock: Clock
  readonly journal: Journal
  readonly memory: MemoryBudget
  /** Asks for the next due time, which is no longer known. */
  readonly askNextDue: () => void
}

/** How large the bodies of a claim are is known when it is answered; until then they count as this, which the store keeps to. */
const CLAIM_RESERVE_BYTES = 32 * 1_048_576

export class Claims {
  readonly #parts: ClaimsParts
  #isUnderWay = false
  #isDue = false
  #isFirstTryDue = false
  #isNextDueUnknown = false

  constructor(parts: ClaimsParts) {
    this.#parts = parts
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** Whether the store has, or may have, something due. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** Whether what is handed over now would go before something in the store that was never tried. Retries it may overtake. */
  get wouldBeOvertaken(): boolean {
    return this.#isFirstTryDue || this.#isUnderWay
  }

  /** Something that may be a first try is due in the store. */
  somethingIsDue(): void {
    this.#isDue = true
    this.#isFirstTryDue = true
  }

  /** Something went back to the store; what it was there for is not known yet. */
  somethingReturns(): void {
    this.#isDue = true
  }

  /** Of what is due already the store is asked now, and of what comes after that again. */
  nextDueIsUnknown(isUnknown: boolean): void {
    this.#isNextDueUnknown = isUnknown
  }

  /** Claims up to `limit`, one claim at a time, and hands over what it gets. False when the store could not be asked. */
  async claim(
    limit: number,
    leaseUntil: number,
    take: (deliveries: readonly ClaimedDelivery[]) => void,
  ): Promise<boolean> {
    const { destination, queue, clock, journal, memory } = this.#parts
    this.#isUnderWay = true
    this.#isDue = false // what is told of during the claim sets both again
    this.#isFirstTryDue = false
    memory.take(CLAIM_RESERVE_BYTES)
    try {
      const claimed = await queue.claimDueDeliveries({ destination, now: clock.now(), limit, leaseUntil })
      this.#isUnderWay = false
      if (claimed.length >= limit) {
        this.#isDue = true
        // Half of a claim goes to first tries as long as there are any.
        if (claimed.filter(isFirstTry).length >= limit / 2) this.#isFirstTryDue = true
      } else if (this.#isNextDueUnknown) this.#parts.askNextDue()
      take(claimed)
      return true
    } catch (error) {
      this.#isUnderWay = false
      journal.warn('deliveries.unclaimed', { destination, error })
      return false
    } finally {
      memory.give(CLAIM_RESERVE_BYTES) // last: what is claimed counts before the reserve does not
    }
  }
}

function isFirstTry({ attemptCount, trigger = 'auto' }: ClaimedDelivery): boolean {
  return attemptCount === 0 && trigger === 'auto'
}
