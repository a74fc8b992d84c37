/**
 * Counts of requests by outcome and of deliveries by state, so that statistics cost one look-up with any number of rows. Changes
 * are summed in memory and written once per transaction: a handful of updates on one page for a group of any size.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { DeliveryState } from '../../../domain/delivery.ts'
import type { StoredOutcome } from '../subject.ts'
import type { TransactionState } from './transaction-state.ts'

export type CounterName =
  | `requests.${StoredOutcome}`
  | `deliveries.${DeliveryState}`
  /** Deliveries of one destination. */
  | `destinations.${DeliveryState}:${string}`

export class Counters implements TransactionState {
  readonly #changes = new Map<CounterName, number>()
  readonly #add: Statement<[string, number]>

  constructor(db: Database) {
    this.#add = db.prepare(
      'INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
    )
  }

  add(name: CounterName, change: number): void {
    this.#changes.set(name, (this.#changes.get(name) ?? 0) + change)
  }

  /** So many more deliveries of the destination are in this state. */
  deliveries(state: DeliveryState, destination: string, change: number): void {
    this.add(`deliveries.${state}`, change)
    this.add(`destinations.${state}:${destination}`, change)
  }

  /** A delivery left one state for another. */
  moved(from: DeliveryState, to: DeliveryState, destination: string): void {
    if (from === to) return
    this.deliveries(from, destination, -1)
    this.deliveries(to, destination, 1)
  }

  beforeCommit(): void {
    for (const [name, change] of this.#changes) if (change !== 0) this.#add.run(name, change)
  }

  afterCommit(): void {
    this.#changes.clear()
  }

  afterRollback(): void {
    this.#changes.clear()
  }
}
