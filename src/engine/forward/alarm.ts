/**
 * One wake-up at a time, the earliest that was asked for. It knows nothing of why: what rings looks again at what is due, so a
 * wake-up that has become pointless costs a look and nothing else.
 */
import type { Clock } from '../ports.ts'

export class Alarm {
  readonly #clock: Clock
  readonly #shortestMs: number
  readonly #ring: () => void
  #set: { readonly at: number; readonly timer: { cancel(): void } } | null = null

  /** Never rings sooner than `shortestMs` after it is set, so that times close together ring once. */
  constructor({ clock, shortestMs, ring }: { clock: Clock; shortestMs: number; ring: () => void }) {
    this.#clock = clock
    this.#shortestMs = shortestMs
    this.#ring = ring
  }

  /** When it rings; null when it is not set. */
  get at(): number | null {
    return this.#set?.at ?? null
  }

  /** Rings at this time, unless it will ring earlier. */
  setFor(at: number): void {
    if (this.#set !== null && this.#set.at <= at) return
    this.#set?.timer.cancel()
    const timer = this.#clock.after(Math.max(at - this.#clock.now(), this.#shortestMs), () => {
      this.#set = null
      this.#ring()
    })
    this.#set = { at, timer }
  }

  cancel(): void {
    this.#set?.timer.cancel()
    this.#set = null
  }
}
