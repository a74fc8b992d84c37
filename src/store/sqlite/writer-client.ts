/**
 * The writer as the gateway's thread sees it: commands go in, answers come out, and a writer that dies is replaced. Keeps the
 * operator informed of turns (unavailable, recovered, died), not of every failure, which its caller reports with the request.
 */
import { GatewayError } from '../../domain/errors.ts'
import { type Failure, failureOf, storeError } from './failure.ts'
import { GroupQueue } from './group-queue.ts'
import type { GroupAnswer, WriterOptions } from './protocol.ts'
import type { Command } from './tape.ts'
import type { StartWriterThread, WriterThread } from './writer-thread.ts'

/**
 * What the store tells the log by itself; a failed write is also told to its caller, each time.
 *
 * | name                      | means                                                                   | facts           |
 * |---------------------------|-------------------------------------------------------------------------|-----------------|
 * | store.unavailable         | writes began to fail for a reason outside the gateway                   | code, detail    |
 * | store.recovered           | writes succeed again                                                    |                 |
 * | store.write_refused       | one write was refused while others went on: a fault of the gateway      | code, detail    |
 * | store.writer_died         | the writer's thread ended by itself and is replaced                     | detail          |
 * | store.log_entries_dropped | refusals and handshakes not kept, because the store was busy or failing | count           |
 */
export type StoreProblem =
  | 'store.unavailable'
  | 'store.recovered'
  | 'store.write_refused'
  | 'store.writer_died'
  | 'store.log_entries_dropped'

export type ReportProblem = (name: StoreProblem, facts: Readonly<Record<string, unknown>>) => void

export interface WriterClientOptions {
  readonly writer: Omit<WriterOptions, 'now'>
  readonly now: () => number
  readonly maxPendingBytes: number
  readonly onProblem: ReportProblem
  readonly startThread: StartWriterThread
}

/** A writer that died is replaced at once, but no more often than this. */
const RESTART_EVERY_MS = 1_000
const REPORT_DROPPED_EVERY_MS = 10_000

export class WriterClient {
  readonly #options: WriterClientOptions
  readonly #queue: GroupQueue
  #thread: WriterThread | null = null
  #startedAt = 0
  #restart: NodeJS.Timeout | null = null
  #isClosing = false
  #isAvailable = true
  #droppedReportedAt = 0

  private constructor(options: WriterClientOptions) {
    this.#options = options
    this.#queue = new GroupQueue({
      maxPendingBytes: options.maxPendingBytes,
      send: (group) => this.#thread!.send(group),
    })
  }

  /** Resolves when the database is open and migrated; rejects, with nothing left running, when it cannot be used. */
  static async open(options: WriterClientOptions): Promise<WriterClient> {
    const client = new WriterClient(options)
    const { failure } = await client.#start()
    if (failure === null) return client
    await client.#thread?.close()
    throw storeError(failure)
  }

  submit<T>(command: Command, admission: 'bounded' | 'always'): Promise<T> {
    return this.#queue.submit(command, admission)
  }

  assertRoom(bytes: number): void {
    this.#queue.assertRoom(bytes)
  }

  offer(command: Command): void {
    this.#queue.offer(command)
    this.#reportDropped(this.#options.now())
  }

  /** Commits what was taken, closes the database, ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#restart !== null) {
      clearTimeout(this.#restart)
      this.#queue.rejectWaiting(lostWriter('The store is closing and its writer is gone'))
    }
    await this.#queue.drain()
    await this.#thread?.close()
    this.#reportDropped(Infinity)
  }

  /** A thread that could not open the database lives on and tries again with each group; one that ended does not. */
  #start(): Promise<{ failure: Failure | null; isAlive: boolean }> {
    const { startThread, writer, now } = this.#options
    this.#startedAt = now()
    return new Promise((resolve) => {
      let isOpened = false
      this.#thread = startThread(
        { ...writer, now: this.#startedAt },
        {
          opened: (failure) => {
            isOpened = true
            resolve({ failure, isAlive: true })
          },
          answered: (answer) => {
            this.#observe(answer)
            this.#queue.answered(answer)
          },
          died: (cause) => {
            if (isOpened) this.#died(cause)
            else resolve({ failure: failureOf(lostWriter(cause.message)), isAlive: false })
          },
        },
      )
    })
  }

  #died(cause: Error): void {
    this.#options.onProblem('store.writer_died', { detail: cause.message })
    this.#queue.writerDied(
      lostWriter('The writer of the store ended unexpectedly; whether this write was stored is unknown'),
    )
    this.#startAgain()
  }

  #startAgain(): void {
    if (this.#isClosing) {
      this.#queue.rejectWaiting(lostWriter('The store is closing and its writer is gone'))
      return
    }
    const sinceStart = this.#options.now() - this.#startedAt
    const delay = sinceStart >= 0 && sinceStart < RESTART_EVERY_MS ? RESTART_EVERY_MS - sinceStart : 0
    this.#restart = setTimeout(() => {
      this.#restart = null
      void this.#start().then(({ isAlive }) => {
        if (isAlive) return this.#queue.resume()
        this.#queue.rejectWaiting(lostWriter('The writer of the store does not start'))
        return this.#startAgain()
      })
    }, delay)
  }

  #observe({ failures }: GroupAnswer): void {
    const failed = failures?.filter((failure) => failure !== null) ?? []
    const unavailable = failed.find((failure) => failure.kind === 'surroundings')
    if (unavailable !== undefined && this.#isAvailable) {
      this.#isAvailable = false
      const { sqliteCode: code, message: detail } = unavailable
      this.#options.onProblem('store.unavailable', { code, detail })
    } else if (unavailable === undefined && !this.#isAvailable) {
      this.#isAvailable = true
      this.#options.onProblem('store.recovered', {})
    }
    for (const { kind, sqliteCode: code, message: detail } of failed) {
      if (kind === 'command') this.#options.onProblem('store.write_refused', { code, detail })
    }
  }

  #reportDropped(now: number): void {
    if (Math.abs(now - this.#droppedReportedAt) < REPORT_DROPPED_EVERY_MS) return
    const count = this.#queue.takeDropped()
    if (count === 0) return
    this.#droppedReportedAt = now
    this.#options.onProblem('store.log_entries_dropped', { count })
  }
}

function lostWriter(message: string): GatewayError {
  return new GatewayError({ code: 'store_unavailable', message, hint: 'A new writer starts by itself; send again.' })
}
