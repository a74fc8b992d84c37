/**
 * The shape of a function that we add to the language, and how one reads its arguments. All of them are plain and synchronous, give
 * undefined for a missing subject as JSONata's own do, refuse values of the wrong type, and refuse more text than they can work
 * through within the time that an expression has.
 */
import { BoundExceeded, ExpressionFailure } from '../failure.ts'
import type { SecretHandle } from '../secret-handle.ts'

export interface ExpressionFunction {
  /** Without the `$`. */
  readonly name: string
  /** The parameters, optional ones with a `?`, a repeatable last one with `…`: for messages and reference pages. */
  readonly parameters: readonly string[]
  /** One sentence for the reference page. */
  readonly summary: string
  /** Whether a call without its first argument takes the context for it, as JSONata's own do: `body.link.$host()`. */
  readonly takesContext?: boolean
  /** What may stand literally for a parameter, by its place. */
  readonly choices?: Readonly<Record<number, readonly string[]>>
  readonly call: (args: readonly unknown[], host: FunctionHost) => unknown
}

/** What a function may know besides its arguments. */
export interface FunctionHost {
  /** ms since the epoch */
  readonly now: number
  /** The current secret of this name; throws where there is none. */
  secret(name: string): SecretHandle
}

/** Fewest and most arguments that a call may have. */
export function arityOf({ parameters, takesContext }: ExpressionFunction): { min: number; max: number } {
  const required = parameters.filter((parameter) => !parameter.endsWith('?') && !parameter.endsWith('…')).length
  const isOpen = parameters.at(-1)?.endsWith('…') === true
  return { min: takesContext === true ? required - 1 : required, max: isOpen ? Infinity : parameters.length }
}

/** A body may have 5 MiB; what an expression makes of it may be half as much again. */
export const MAX_TEXT_LENGTH = 8 * 1024 * 1024

/** The text at this place, or undefined when it is missing. */
export function textAt(
  args: readonly unknown[],
  at: number,
  name: string,
  maxLength = MAX_TEXT_LENGTH,
): string | undefined {
  const value = args[at]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new ExpressionFailure(`argument ${at + 1} of $${name} is not text`)
  if (value.length > maxLength)
    throw new BoundExceeded(`argument ${at + 1} of $${name} has more than ${maxLength} characters`)
  return value
}

/** One of the choices at this place; the default where it is missing. */
export function choiceAt<T extends string>(
  args: readonly unknown[],
  at: number,
  name: string,
  choices: readonly T[],
  fallback?: T,
): T {
  const value = args[at] ?? fallback
  const choice = choices.find((known) => known === value)
  if (choice === undefined)
    throw new ExpressionFailure(`argument ${at + 1} of $${name} is not one of ${choices.join(', ')}`)
  return choice
}
