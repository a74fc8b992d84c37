/**
 * Lets the event loop breathe between slow expressions. One evaluation never runs longer than its bound, but a batch of thousands
 * would add up; so after a slice of time spent on them, the next ones wait for their turn behind whatever else is due.
 */
import type { MaybePromise } from '../domain/expression.ts'

export class Turns {
  readonly #sliceMs: number
  #spentMs = 0
  #isResetDue = false

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs
  }

  /** Does the work at once while the slice lasts, otherwise in a later turn of the event loop. The work must not throw. */
  take<T>(work: () => T): MaybePromise<T> {
    return this.#spentMs < this.#sliceMs ? this.#measure(work) : this.#later(work)
  }

  #later<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      setImmediate(() => resolve(this.take(work)))
    })
  }

  #measure<T>(work: () => T): T {
    const start = performance.now()
    const result = work()
    this.#spentMs += performance.now() - start
    if (!this.#isResetDue) {
      this.#isResetDue = true
      setImmediate(() => {
        this.#spentMs = 0
        this.#isResetDue = false
      })
    }
    return result
  }
}
