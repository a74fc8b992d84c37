/**
 * Gathers commands into groups for the writer. While one group is being committed the next one fills, so the size of a group
 * follows the load. Under load further groups wait at the writer, so that it need not wait for this thread between two.
 *
 * Memory is bounded: what waits and what is under way counts, commands at their bytes and a flat rate. Commands that bring new
 * work are refused beyond the bound; those that finish work (claims, attempts) are bounded by their callers and always taken;
 * log entries nobody waits for are dropped beyond half of it.
 */
import { GatewayError } from '../../domain/errors.ts'
import { closedStore, storeError } from './failure.ts'
import type { GroupAnswer, GroupCommand, ToWriter } from './protocol.ts'
import type { Command } from './tape.ts'

export interface GroupQueueOptions {
  readonly maxPendingBytes: number
  send(group: ToWriter & { type: 'group' }): void
}

interface Waiting {
  readonly command: Command
  readonly cost: number
  /** Somebody is kept waiting; otherwise it may stay a little for a group that goes anyway. */
  readonly isUrgent: boolean
  /** Null for an entry nobody waits for. */
  readonly settle: { resolve(value: never): void; reject(error: Error): void } | null
}

/**
 * How long what nobody waits for (outcomes of attempts, log entries) may stay for a group that goes anyway. A group of its own wakes
 * two threads and syncs the disk, which costs as much as accepting several requests.
 */
const LINGER_MS = 5
/** So many of them are a group worth sending. */
const LINGER_COMMANDS = 64

const MAX_GROUP_COMMANDS = 512

/**
 * So many commands that somebody waits for are sent at once, in the middle of a turn of the event loop and behind groups that are under
 * way: the writer works while this thread reads further requests. Waiting for the end of the turn, with one group under way, 64
 * connections reached 14,000 requests a second. With 16 commands and two groups they reached 16,400, with three 16,600; with 12 or 20
 * commands 15,900 and 16,300.
 */
const EAGER_COMMANDS = 16
const MAX_UNDER_WAY = 3
const MAX_GROUP_BYTES = 16 * 1024 * 1024

/** What a command costs in memory beside its bytes: its row's texts, the promise, the entries of the indexes' tails. */
const COMMAND_COST = 2_048
const VALUE_COST = 32

export class GroupQueue {
  readonly #options: GroupQueueOptions
  #waiting: Waiting[] = []
  /** The oldest first, which is answered first. */
  #underWay: (readonly Waiting[])[] = []
  #pendingBytes = 0
  #urgent = 0
  #isScheduled = false
  #lingering: NodeJS.Timeout | null = null
  #isPaused = false
  #isClosed = false
  #dropped = 0
  #whenEmpty: (() => void) | null = null

  constructor(options: GroupQueueOptions) {
    this.#options = options
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** How many log entries were dropped or lost since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped
    this.#dropped = 0
    return dropped
  }

  /** Resolves with the command's answer once it is on disk. Rejects with `store_overloaded` at once when too much waits. */
  submit<T>(command: Command, admission: 'bounded' | 'always'): Promise<T> {
    if (this.#isClosed) return Promise.reject(closedStore())
    const cost = costOf(command)
    if (admission === 'bounded' && !this.#hasRoom(cost)) return Promise.reject(this.#overloaded())
    return new Promise<T>((resolve, reject) => {
      this.#add({ command, cost, isUrgent: command.kind !== 'attempt', settle: { resolve, reject } })
    })
  }

  /** Throws `store_overloaded` when a new command with so many bytes would be refused now. */
  assertRoom(bytes: number): void {
    if (!this.#hasRoom(COMMAND_COST + bytes)) throw this.#overloaded()
  }

  /** Takes a command nobody waits for, or drops and counts it when the queue is over half full. */
  offer(command: Command): void {
    const cost = costOf(command)
    if (this.#isClosed || this.#pendingBytes + cost > this.#options.maxPendingBytes / 2) this.#dropped += 1
    else this.#add({ command, cost, isUrgent: false, settle: null })
  }

  /** The writer's answer to the oldest group under way. */
  answered(answer: GroupAnswer): void {
    const group = this.#finish()
    for (let at = 0; at < group.length; at += 1) {
      const { settle } = group[at]!
      const failure = answer.failures?.[at] ?? null
      if (settle === null) this.#dropped += failure === null ? 0 : 1
      else if (failure === null) settle.resolve(answer.results[at] as never)
      else settle.reject(storeError(failure))
    }
    this.#afterGroup()
  }

  /** The writer is gone: nobody knows what became of the groups under way. Holds back what waits until `resume`. */
  writerDied(error: Error): void {
    this.#isPaused = true
    while (this.#underWay.length > 0) {
      for (const { settle } of this.#finish()) {
        if (settle === null) this.#dropped += 1
        else settle.reject(error)
      }
    }
  }

  resume(): void {
    this.#isPaused = false
    this.#afterGroup()
  }

  /** Rejects what waits: the writer will not come back soon enough. */
  rejectWaiting(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#urgent = 0
    for (const { settle, cost } of waiting) {
      this.#pendingBytes -= cost
      if (settle === null) this.#dropped += 1
      else settle.reject(error)
    }
    if (this.#isIdle()) this.#whenEmpty?.()
  }

  /** Takes nothing more; resolves when all that was taken is answered. */
  drain(): Promise<void> {
    this.#isClosed = true
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenEmpty = resolve
      this.#sendNext()
    })
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#pendingBytes += waiting.cost
    if (waiting.isUrgent) this.#urgent += 1
    if (this.#urgent >= EAGER_COMMANDS) this.#sendNext()
    else if (this.#underWay.length === 0 && !this.#isPaused) this.#schedule()
  }

  /** Sends what waits: at the end of this turn of the event loop, so that what arrives in it goes along, or a little later. */
  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return
    if (this.#isWorthAGroup()) {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        this.#sendNext()
      })
    } else {
      this.#lingering ??= setTimeout(() => {
        this.#lingering = null
        this.#sendNext()
      }, LINGER_MS)
    }
  }

  #sendNext(): void {
    if (!this.#hasPlace() || this.#isPaused || this.#waiting.length === 0) return
    if (this.#lingering !== null) clearTimeout(this.#lingering)
    this.#lingering = null
    const group = this.#takeGroup()
    this.#urgent = 0
    for (const { isUrgent } of this.#waiting) if (isUrgent) this.#urgent += 1
    this.#underWay.push(group)
    this.#options.send(groupMessage(group))
  }

  /** What waits should not wait for longer than this turn. */
  #isWorthAGroup(): boolean {
    return this.#urgent > 0 || this.#waiting.length >= LINGER_COMMANDS || this.#isClosed
  }

  #hasPlace(): boolean {
    const { length } = this.#underWay
    return length === 0 || (length < MAX_UNDER_WAY && this.#urgent >= EAGER_COMMANDS)
  }

  /** A command larger than the bound is taken when nothing else waits; otherwise it could never be stored. */
  #hasRoom(cost: number): boolean {
    return this.#pendingBytes === 0 || this.#pendingBytes + cost <= this.#options.maxPendingBytes
  }

  #overloaded(): GatewayError {
    return overloadedError(this.#pendingBytes, this.#options.maxPendingBytes)
  }

  #takeGroup(): readonly Waiting[] {
    let count = 0
    let bytes = 0
    while (count < this.#waiting.length && count < MAX_GROUP_COMMANDS && bytes < MAX_GROUP_BYTES) {
      bytes += this.#waiting[count]!.cost
      count += 1
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }

  #finish(): readonly Waiting[] {
    const group = this.#underWay.shift() ?? []
    for (const { cost } of group) this.#pendingBytes -= cost
    return group
  }

  #afterGroup(): void {
    if (this.#underWay.length > 0 || this.#isWorthAGroup()) this.#sendNext()
    else if (!this.#isPaused) this.#schedule()
    if (this.#isIdle()) this.#whenEmpty?.()
  }

  #isIdle(): boolean {
    return this.#underWay.length === 0 && this.#waiting.length === 0
  }
}

/** Copies the bytes of all commands into one buffer of their own, which can then be handed over whole. */
function groupMessage(group: readonly Waiting[]): ToWriter & { type: 'group' } {
  let length = 0
  for (const { command } of group) for (const blob of command.blobs) length += blob.length
  const bytes = new Uint8Array(new ArrayBuffer(length))
  const commands: GroupCommand[] = []
  let byteAt = 0
  for (const { command } of group) {
    commands.push({ kind: command.kind, values: command.values, byteAt })
    for (const blob of command.blobs) {
      bytes.set(blob, byteAt)
      byteAt += blob.length
    }
  }
  return { type: 'group', commands, bytes: bytes.buffer }
}

function costOf(command: Command): number {
  let cost = COMMAND_COST + VALUE_COST * command.values.length
  for (const blob of command.blobs) cost += blob.length
  return cost
}

function overloadedError(pendingBytes: number, maxPendingBytes: number): GatewayError {
  return new GatewayError({
    code: 'store_overloaded',
    message: `The store has ${pendingBytes} bytes waiting to be written, of ${maxPendingBytes} allowed`,
    hint: 'Send again later. If it lasts, the disk is too slow for the load.',
    details: { pending_bytes: pendingBytes, max_pending_bytes: maxPendingBytes },
  })
}
