/**
 * Fetches a JSON document over https, such as a provider's published keys: through the same guard as every outbound call, at most
 * 1 MB, no redirects, within one total time. Throws when the document cannot be had; which URLs may be asked, trying again, and for
 * how long an answer is good are the caller's part.
 */
import { request } from 'undici'
import { createGuardedAgent } from './guarded-connector.ts'
import type { Resolve } from './guarded-connector.ts'

/** Structurally the one that verification asks for. */
export type FetchDocument = (request: {
  readonly url: string
  readonly accept: string
  readonly authorization?: string | undefined
  readonly body?: { readonly contentType: string; readonly text: string } | undefined
}) => Promise<string>

export interface FetchJsonOptions {
  readonly allowPrivate: () => readonly string[]
  readonly timeoutMs?: number
  readonly maxBytes?: number
  readonly ca?: string
  readonly resolve?: Resolve
}

export interface FetchJson {
  /** The parsed document. */
  fetchJson(url: string): Promise<unknown>
  /** The text of a document: of a GET, or of a POST where there is a body. */
  readonly fetchDocument: FetchDocument
  close(): Promise<void>
}

export function createFetchJson(options: FetchJsonOptions): FetchJson {
  const { timeoutMs = 5_000, maxBytes = 1_048_576 } = options
  const guarded = createGuardedAgent({ connectTimeoutMs: timeoutMs, connections: 8, ...options })
  const fetchDocument: FetchDocument = async ({ url: address, accept, authorization, body }) => {
    const url = URL.canParse(address) ? new URL(address) : null
    if (url?.protocol !== 'https:') throw new Error('documents are fetched over https only')
    const answer = await request(url, {
      dispatcher: guarded.current(),
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept,
        'user-agent': 'Postern',
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': body.contentType }),
      },
      body: body === undefined ? null : body.text,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const bytes = await readAtMost(answer.body, maxBytes)
    const place = placeOf(address)
    if (answer.statusCode !== 200) throw new Error(`${place} answered ${answer.statusCode}`)
    if (bytes === null) throw new Error(`${place} answered more than ${maxBytes} bytes`)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw new Error(`${place} answered something that is not UTF-8`)
    }
  }

  return {
    fetchDocument,
    async fetchJson(url) {
      const text = await fetchDocument({ url, accept: 'application/json' })
      try {
        return JSON.parse(text) as unknown
      } catch {
        throw new Error(`${placeOf(url)} answered something that is not JSON`)
      }
    },
    close: () => guarded.close(),
  }
}

/** Without the query, which may carry what is nobody's business. */
function placeOf(address: string): string {
  const url = new URL(address)
  return url.origin + url.pathname
}

/** The whole body, or null when it is larger; the rest is then not read. */
async function readAtMost(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
