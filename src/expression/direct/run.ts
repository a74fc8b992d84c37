/**
 * One direct evaluation: what it reads, and how much it may still do. A step that meets something out of the ordinary (an array in
 * an operator, an infinite number, more work than a fraction of a millisecond is worth) throws BAIL, and JSONata takes over from
 * the start with all its rules and bounds. Steps have no effects, so nothing has happened by then.
 */
import type { EvaluationExtra, ExpressionScope } from '../../domain/expression.ts'
import { ExpressionFailure } from '../failure.ts'
import type { FunctionHost } from '../functions/function.ts'
import { SecretHandle } from '../secret-handle.ts'

/** A compiled node. `context` is the item at hand inside a filter, and not used where the scope is the context. */
export type Step = (run: Run, context: unknown) => unknown

/** Thrown to leave the evaluation to JSONata. One object, because making an error costs more than many an evaluation. */
export const BAIL: unknown = Object.freeze({ isBail: true })

/** Some 50 ns each: items visited, or 256 characters of text. */
const MAX_WORK = 10_000

export class Run implements FunctionHost {
  readonly view: ExpressionScope
  readonly #extra: EvaluationExtra | undefined
  #work = 0
  #slots: unknown[] | undefined

  constructor(view: ExpressionScope, extra: EvaluationExtra | undefined) {
    this.view = view
    this.#extra = extra
  }

  get now(): number {
    return this.view.now
  }

  secret(name: string): SecretHandle {
    const current = this.#extra?.secrets?.(name)[0]
    if (current === undefined) throw new ExpressionFailure(`the secret ${name} is not available here`)
    return new SecretHandle(current)
  }

  /** Values of variables; which has which slot was settled when the expression was compiled. */
  getSlot(slot: number): unknown {
    return this.#slots?.[slot]
  }

  setSlot(slot: number, value: unknown): void {
    this.#slots ??= []
    this.#slots[slot] = value
  }

  charge(work: number): void {
    this.#work += work
    if (this.#work > MAX_WORK) throw BAIL
  }

  chargeText(characters: number): void {
    if (characters >= 256) this.charge(characters >>> 8)
  }
}
