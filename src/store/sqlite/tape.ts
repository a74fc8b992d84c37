/**
 * Commands for the writer as flat lists of scalars. A group of them crosses to the writer's thread in one message; flat lists cost
 * 4.2 us per accepted request on the event loop, nested objects 5.6 and JSON 5.0 (1 KB body, groups of 64). Bodies do not stand on
 * the tape: those of a whole group are copied into one buffer that is handed over, because cloning a pooled Buffer would clone
 * its whole pool. What one function writes, the function beside it reads in the same order.
 */
export type TapeValue = string | number | null

/** One command: its kind, its scalars, its bytes. */
export interface Command {
  readonly kind: CommandKind
  readonly values: readonly TapeValue[]
  readonly blobs: readonly Uint8Array[]
}

export type CommandKind =
  | 'accept'
  | 'log'
  | 'claim'
  | 'attempt'
  | 'release'
  | 'shift'
  | 'replay'
  | 'return'
  | 'cancel'
  | 'keep_order'
  | 'pause'
  | 'resume'
  | 'put_replay'
  | 'replay_batch'
  | 'delete_requests'
  | 'delete_attempts'
  | 'expire_held'
  | 'shrink'
  | 'put_connection'
  | 'change_connection'
  | 'delete_connection'
  | 'secret'
  | 'sync'
  | 'probe'

/** Reads the scalars and bytes of one command in the order they were written. */
export class TapeReader {
  readonly #values: readonly TapeValue[]
  readonly #bytes: ArrayBuffer
  #at = 0
  #byteAt: number

  constructor(values: readonly TapeValue[], bytes: ArrayBuffer, byteAt: number) {
    this.#values = values
    this.#bytes = bytes
    this.#byteAt = byteAt
  }

  text(): string {
    return this.#values[this.#at++] as string
  }

  textOrNull(): string | null {
    return this.#values[this.#at++] as string | null
  }

  number(): number {
    return this.#values[this.#at++] as number
  }

  numberOrNull(): number | null {
    return this.#values[this.#at++] as number | null
  }

  /** The next `count` scalars as they are. */
  take(count: number): readonly TapeValue[] {
    const taken = this.#values.slice(this.#at, this.#at + count)
    this.#at += count
    return taken
  }

  /** The next `length` bytes; a view, valid while the group is. */
  bytes(length: number): Uint8Array {
    const view = new Uint8Array(this.#bytes, this.#byteAt, length)
    this.#byteAt += length
    return view
  }
}

/** Milliseconds as the columns hold them. Times taken from a provider's fields may have a fraction. */
export function wholeMs(ms: number): number {
  return Math.round(ms)
}

export function wholeMsOrNull(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined || !Number.isFinite(ms) ? null : Math.round(ms)
}

export function textOfList(list: readonly unknown[] | null): string | null {
  return list === null || list.length === 0 ? null : JSON.stringify(list)
}
