/** How much one evaluation may take. */
export interface ExpressionLimits {
  /** How long one evaluation may keep the event loop, and the promise of `bound_exceeded` beyond it. */
  readonly timeoutMs: number
  /** Steps within steps: a recursion that is not a tail call takes about six for every round. */
  readonly stack: number
  /** Items of a sequence that JSONata makes; a batch may have 10,000 events. */
  readonly sequence: number
}

/**
 * An honest expression takes well below 2 ms. The rest of the 100 ms is for a machine that stands still meanwhile: where containers
 * have a CPU quota, Linux stops one that has used it up until the next period of 100 ms begins, and no event should lose its name
 * to that.
 */
export const DEFAULT_LIMITS: ExpressionLimits = { timeoutMs: 100, stack: 500, sequence: 20_000 }
