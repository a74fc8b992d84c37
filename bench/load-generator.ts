/**
 * Sends signed requests on keep-alive sockets, one at a time on each, and counts the answers. It speaks HTTP/1.1 by hand because a client
 * library would take more of the cores than the server under test: messages are precomputed, an answer as long as the last one with the
 * same status is known to be whole without reading its head, and latencies go into a histogram.
 *
 * With `rate`, every connection has its own timetable. A request that leaves late because the answer before it was late is measured
 * from the time it should have left, so that a server that stalls cannot hide the requests it kept from being sent.
 */
import { connect, type Socket } from 'node:net'
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts'
import { type MessageOrder, type Messages, signedMessages } from './signed-messages.ts'

/** Sends for so long, or exactly so many. */
export type Extent = { readonly seconds: number } | { readonly total: number }

export interface LoadOrder {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly extent: Extent
  /** Requests per second, of all connections together; absent sends as fast as answers come. */
  readonly rate?: number
  /** After a 503 with Retry-After a connection waits as long as it says, as senders do; else it sends again at once. */
  readonly isPatient?: boolean
  readonly message: MessageOrder
}

export interface LoadReport {
  readonly sent: number
  /** By status of the answer. */
  readonly statuses: Readonly<Record<string, LatencySummary>>
  /** Broken connections and bytes nobody asked for. */
  readonly errors: number
  /** Answers with Retry-After. */
  readonly retryAfter: number
  readonly startedAt: number
  readonly seconds: number
  readonly perSecond: number
}

/** Numbers of messages go on from run to run, so that none is ever a duplicate. */
export interface MessageCounter {
  next: number
}

interface Run {
  readonly order: LoadOrder
  readonly messages: Messages
  readonly counter: MessageCounter
  readonly limit: number
  endsAt: number
  sent: number
  errors: number
  retryAfter: number
  readonly latencies: Map<number, LatencyHistogram>
  readonly lengths: Map<number, number>
}

const RETRY_AFTER = '\r\nretry-after: '

/** Longest answer that is kept whole; ours have a few hundred bytes. */
const ANSWER_BYTES = 16 * 1024

export async function applyLoad(order: LoadOrder, counter: MessageCounter): Promise<LoadReport> {
  const run: Run = {
    order,
    messages: signedMessages(order.message, order),
    counter,
    limit: 'total' in order.extent ? order.extent.total : Number.POSITIVE_INFINITY,
    endsAt: Number.POSITIVE_INFINITY,
    sent: 0,
    errors: 0,
    retryAfter: 0,
    latencies: new Map(),
    lengths: new Map(),
  }
  const lanes = await Promise.all(Array.from({ length: order.connections }, () => Lane.open(run)))
  const startedAt = Date.now()
  const begun = performance.now()
  if ('seconds' in order.extent) run.endsAt = begun + order.extent.seconds * 1000
  const paceMs = order.rate === undefined ? 0 : (1000 * order.connections) / order.rate
  await Promise.all(lanes.map((lane, at) => lane.drive(begun + (paceMs * at) / lanes.length, paceMs)))
  const seconds = (performance.now() - begun) / 1000
  const statuses: Record<string, LatencySummary> = {}
  let answered = 0
  for (const [status, histogram] of run.latencies) {
    const summary = histogram.summary()
    statuses[String(status)] = summary
    answered += summary.count
  }
  const { sent, errors, retryAfter } = run
  return { sent, statuses, errors, retryAfter, startedAt, seconds, perSecond: answered / seconds }
}

/** One connection: writes a message, waits for its answer, writes the next. */
class Lane {
  readonly #run: Run
  readonly #socket: Socket
  #message: Buffer
  #dueAt = 0
  #paceMs = 0
  #sentAt = 0
  #isWaiting = false
  #isOver = false
  /** The beginning of an answer that did not come in one piece. */
  #begun: Buffer | null = null
  #finish: () => void = () => undefined

  private constructor(run: Run, socket: Socket) {
    this.#run = run
    this.#socket = socket
    this.#message = Buffer.alloc(run.messages.byteLength)
  }

  static open(run: Run): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const buffer = Buffer.alloc(ANSWER_BYTES)
      let lane: Lane | null = null
      const socket = connect({
        port: run.order.port,
        host: '127.0.0.1',
        noDelay: true,
        // Reads into one buffer, past the stream.
        onread: {
          buffer,
          callback: (length) => {
            lane?.read(buffer.subarray(0, length))
            return true
          },
        },
      })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        lane = new Lane(run, socket)
        resolve(lane)
      })
    })
  }

  /** Resolves when the last answer has come, or the connection broke. */
  drive(firstAt: number, paceMs: number): Promise<void> {
    this.#dueAt = firstAt
    this.#paceMs = paceMs
    return new Promise((resolve) => {
      this.#finish = resolve
      this.#socket.on('error', () => this.#end(true))
      this.#socket.on('close', () => this.#end(this.#isWaiting))
      this.#schedule(performance.now())
    })
  }

  read(chunk: Buffer): void {
    const run = this.#run
    if (!this.#isWaiting) {
      run.errors += 1
      return
    }
    const answer = this.#begun === null ? chunk : Buffer.concat([this.#begun, chunk])
    const status = answer.length < 12 ? 0 : answer[9]! * 100 + answer[10]! * 10 + answer[11]! - 48 * 111
    if (run.lengths.get(status) !== answer.length) {
      const length = wholeLength(answer)
      if (length === null || answer.length < length) {
        this.#begun = Buffer.from(answer) // the buffer is read into again
        return
      }
      run.lengths.set(status, length)
      if (answer.length > length) run.errors += 1
    }
    this.#begun = null
    this.#isWaiting = false
    const now = performance.now()
    let histogram = run.latencies.get(status)
    if (histogram === undefined) run.latencies.set(status, (histogram = new LatencyHistogram()))
    histogram.add(now - this.#sentAt)
    if (status === 503) this.#afterRefusal(answer, now)
    else this.#schedule(now)
  }

  #afterRefusal(answer: Buffer, now: number): void {
    const run = this.#run
    const at = answer.indexOf(RETRY_AFTER)
    if (at !== -1) run.retryAfter += 1
    const waitMs = at === -1 ? 0 : 1000 * Number.parseInt(answer.toString('latin1', at + RETRY_AFTER.length), 10)
    if (run.order.isPatient !== true || waitMs === 0) this.#schedule(now)
    else if (now + waitMs >= run.endsAt) this.#end(false)
    else setTimeout(() => this.#send(performance.now()), waitMs)
  }

  #schedule(now: number): void {
    if (this.#paceMs === 0) {
      this.#send(now)
      return
    }
    const dueAt = this.#dueAt
    this.#dueAt += this.#paceMs
    // A timer of ours that fires late is not the server's fault; an answer that came late is.
    if (dueAt > now + 1) setTimeout(() => this.#send(performance.now()), dueAt - now)
    else this.#send(dueAt)
  }

  #send(sentAt: number): void {
    const run = this.#run
    if (this.#isOver) return
    if (run.sent >= run.limit || performance.now() >= run.endsAt) {
      this.#end(false)
      return
    }
    run.sent += 1
    // The kernel takes a message at once, as a rule; what it has not taken must not be written over.
    if (this.#socket.writableLength > 0) this.#message = Buffer.alloc(run.messages.byteLength)
    run.messages.write(this.#message, run.counter.next++)
    this.#isWaiting = true
    this.#sentAt = sentAt
    this.#socket.write(this.#message)
  }

  #end(isError: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    if (isError) this.#run.errors += 1
    this.#isWaiting = false
    this.#socket.destroy()
    this.#finish()
  }
}

/** Bytes of head and body together; null while the head is not whole. */
function wholeLength(answer: Buffer): number | null {
  const headEnd = answer.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const length = /^content-length: (\d+)/im.exec(answer.toString('latin1', 0, headEnd))?.[1]
  return headEnd + 4 + Number(length ?? 0)
}
