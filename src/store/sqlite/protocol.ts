/**
 * What the two threads say to each other. The gateway's thread sends groups; the writer commits each whole, one after the
 * other, and answers each once, in the same order.
 */
import type { Failure } from './failure.ts'
import type { CommandKind, TapeValue } from './tape.ts'

export interface WriterOptions {
  readonly path: string
  readonly busyTimeoutMs: number
  readonly maxFileBytes: number | null
  /** When the writer was started, ms since the epoch: recorded with the migrations it applies. */
  readonly now: number
}

export interface GroupCommand {
  readonly kind: CommandKind
  readonly values: readonly TapeValue[]
  /** Where its bytes begin in the group's buffer. */
  readonly byteAt: number
}

export type ToWriter =
  | { readonly type: 'group'; readonly commands: readonly GroupCommand[]; readonly bytes: ArrayBuffer }
  | { readonly type: 'close' }

export type FromWriter =
  | { readonly type: 'opened' }
  | { readonly type: 'open_failed'; readonly failure: Failure }
  | GroupAnswer

export interface GroupAnswer {
  readonly type: 'answer'
  /** One for each command, in their order. */
  readonly results: readonly unknown[]
  /** Null when none failed; else as long as `results`, null for a command that is stored. */
  readonly failures: readonly (Failure | null)[] | null
}
