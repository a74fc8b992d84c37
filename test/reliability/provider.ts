/**
 * An outside service that sends numbered, signed events and keeps book of the answers. It does as real ones do: what was not answered
 * 2xx is sent again later, under the same delivery id. So in the end every number is accepted, however often the gateway died or
 * refused, and each must then have been kept once.
 */
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { eventually } from '../support/gateway.ts'
import { PATIENCE_MS } from './stats.ts'

export const SECRET = 'reliability-secret'

export interface Provider {
  /** The integration, and the start of each delivery id: number 7 is sent as `<integration>-7`. */
  readonly integration: string
  /** Numbers answered 2xx. */
  readonly accepted: ReadonlySet<number>
  /** Numbers sent, whatever came of it. */
  readonly sent: ReadonlySet<number>
  /** Numbers of which nobody knows: a send of theirs was cut off before the answer. */
  readonly inDoubt: ReadonlySet<number>
  /** 503 answers by error code; each had a `Retry-After`. */
  readonly refusals: Readonly<Record<string, number>>
  /** Sends that were cut off before the answer. */
  readonly cutOff: number
  /**
   * Sends numbers until `total` of them are accepted or `isOver`; what is under way then ends first. Rejects at an answer that is
   * neither 200 nor a 503 with `Retry-After`.
   */
  send(url: string, order: SendOrder): Promise<void>
  /** Until so many are accepted. */
  untilAccepted(count: number): Promise<void>
}

export interface SendOrder {
  readonly total: number
  /** Requests under way at once. */
  readonly lanes: number
  readonly isOver?: () => boolean
}

/** Stands for `Retry-After`, which a test cannot wait for. */
const RETRY_AFTER_MS = 25

export function createProvider(options: { integration: string; bodyBytes?: number }): Provider {
  const { integration, bodyBytes = 200 } = options
  const accepted = new Set<number>()
  const sent = new Set<number>()
  const inDoubt = new Set<number>()
  const refusals: Record<string, number> = {}
  const again: number[] = []
  let cutOff = 0
  let next = 0
  let fault: unknown = null

  async function sendOne(pool: Pool, number: number): Promise<boolean> {
    const body = JSON.stringify({ number, repository: { id: 1 }, padding: 'x'.repeat(bodyBytes) })
    sent.add(number)
    let answer: { status: number; retryAfter: unknown; text: string }
    try {
      const {
        statusCode,
        headers,
        body: stream,
      } = await pool.request({
        method: 'POST',
        path: `/webhook/${integration}`,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'push',
          'x-github-delivery': `${integration}-${number}`,
          'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
        },
        body,
      })
      answer = { status: statusCode, retryAfter: headers['retry-after'], text: await stream.text() }
    } catch {
      cutOff += 1
      inDoubt.add(number)
      return false
    }
    if (answer.status === 200) {
      accepted.add(number)
      return true
    }
    if (answer.status !== 503 || !/^\d+$/.test(String(answer.retryAfter))) {
      throw new Error(`answered ${answer.status}, Retry-After ${String(answer.retryAfter)}: ${answer.text}`)
    }
    const { error } = JSON.parse(answer.text) as { error: { code: string } }
    refusals[error.code] = (refusals[error.code] ?? 0) + 1
    return false
  }

  async function sendAll(url: string, { total, lanes, isOver = () => false }: SendOrder): Promise<void> {
    const pool = new Pool(url, { connections: lanes, pipelining: 1 })
    const lane = async (): Promise<void> => {
      while (!isOver() && (again.length > 0 || next < total)) {
        const number = again.shift() ?? next++
        if (await sendOne(pool, number)) continue
        again.push(number)
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS))
      }
    }
    try {
      await Promise.all(Array.from({ length: lanes }, lane))
    } finally {
      await pool.destroy()
    }
  }

  return {
    integration,
    accepted,
    sent,
    inDoubt,
    refusals,
    get cutOff() {
      return cutOff
    },
    send(url, order) {
      const sending = sendAll(url, order)
      sending.catch((error: unknown) => (fault = error)) // told at once to who waits for the count
      return sending
    },
    async untilAccepted(count) {
      await eventually(
        () => {
          if (fault !== null) throw fault
          return accepted.size
        },
        (seen) => seen >= count,
        PATIENCE_MS,
      )
    },
  }
}

/** The number that a forward carries. */
export function numberOf(body: Buffer): number {
  return (JSON.parse(body.toString()) as { number: number }).number
}
