/**
 * Makes the calls of syncs to provider APIs: through the guard of all outbound calls, without following redirects (a redirect could
 * carry credentials elsewhere; its status comes back as the answer), within one total time, reading no more of an answer than asked
 * for. Trying again, waiting and understanding the answer are the engine's part.
 */
import { errors, request } from 'undici'
import type { ApiAnswer, ApiCall, ApiClient } from '../engine/sync/ports/api-client.ts'
import { BlockedAddressError, createGuardedAgent, type Resolve } from './guarded-connector.ts'

export interface ApiClientOptions {
  /** CIDRs that may be reached although they are not public. */
  readonly allowPrivate: () => readonly string[]
  readonly connectTimeoutMs?: number
  /** Connections to one origin at most. */
  readonly connections?: number
  readonly ca?: string
  readonly resolve?: Resolve
}

export function createApiClient(options: ApiClientOptions): ApiClient & { close(): Promise<void> } {
  const guarded = createGuardedAgent({ connectTimeoutMs: 10_000, connections: 32, ...options })
  return {
    async call(call) {
      const startedAt = performance.now()
      const elapsed = (): number => Math.round(performance.now() - startedAt)
      const url = URL.canParse(call.url) ? new URL(call.url) : null
      if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '') {
        return {
          kind: 'unanswered',
          reason: 'invalid_url',
          detail: 'the URL is not an http or https URL',
          durationMs: 0,
        }
      }
      const timeout = AbortSignal.timeout(call.timeoutMs)
      try {
        const answer = await request(url, {
          dispatcher: guarded.current(),
          method: call.method,
          headers: call.headers,
          body: call.body,
          headersTimeout: 0, // the total time is kept by the signal
          bodyTimeout: 0,
          signal: call.signal === undefined ? timeout : AbortSignal.any([timeout, call.signal]),
        })
        const { bytes, isCut } = await readAtMost(answer.body, call.maxBytes)
        return {
          kind: 'answered',
          status: answer.statusCode,
          headers: joined(answer.headers),
          body: bytes,
          isCut,
          durationMs: elapsed(),
        }
      } catch (error) {
        return { ...whyUnanswered(error, call), durationMs: elapsed() }
      }
    },
    close: () => guarded.close(),
  }
}

function whyUnanswered(error: unknown, call: ApiCall): Omit<Extract<ApiAnswer, { kind: 'unanswered' }>, 'durationMs'> {
  if (error instanceof BlockedAddressError)
    return { kind: 'unanswered', reason: 'blocked_address', detail: error.message }
  const isTimeout =
    (error instanceof Error && error.name === 'TimeoutError') || error instanceof errors.ConnectTimeoutError
  if (isTimeout) return { kind: 'unanswered', reason: 'timeout', detail: `no whole answer within ${call.timeoutMs} ms` }
  return { kind: 'unanswered', reason: 'network', detail: error instanceof Error ? error.message : 'unknown fault' }
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return result
}

/** The body up to the bound; what is beyond is not read, and the connection not used again. */
async function readAtMost(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly isCut: boolean }> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    const room = maxBytes - length
    if (chunk.length > room) {
      chunks.push(chunk.subarray(0, room))
      return { bytes: Buffer.concat(chunks), isCut: true }
    }
    length += chunk.length
    chunks.push(chunk)
  }
  return { bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), isCut: false }
}
