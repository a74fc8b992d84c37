/**
 * The documents that hold single keys (certificates, PEMs, answers of key APIs), kept in memory. As with key sets, who asks while one
 * is being fetched waits for that fetch, and after any fetch, good or bad, comes a pause. Their URLs may come from requests that
 * nobody has verified yet: what is kept is bounded, and so is how many new ones are asked of one host in a minute, so that a sender of
 * made-up URLs or key ids cannot make us fetch for each of them, nor push out what is in use.
 */
import { createHash } from 'node:crypto'
import pRetry from 'p-retry'
import type { DocumentRequest, FetchDocument, KeyDocument } from './verifier.ts'

export interface KeyDocumentsParts {
  readonly fetchDocument: FetchDocument
  readonly now: () => number
  /** The least time between two fetches of one document. */
  readonly cooldownMs: number
  /** A document older than this is fetched again before it is used. */
  readonly maxAgeMs: number
  /** A document older than this is not used even when no newer one can be had. */
  readonly maxStaleMs: number
  /** The pause before the second and last try of a fetch. */
  readonly retryDelayMs?: number | undefined
  /** Documents that are kept; 500 by default. */
  readonly maxDocuments?: number
  /** Documents not seen before that are asked of one host in a minute; 30 by default. */
  readonly maxNewPerMinute?: number
}

export type ReadDocument = (request: DocumentRequest, options?: { refresh: boolean }) => Promise<KeyDocument>

interface Entry {
  document: KeyDocument | undefined
  triedAt: number
  failure: unknown
  underWay: Promise<void> | undefined
}

const MINUTE_MS = 60_000

export function createKeyDocuments(parts: KeyDocumentsParts): ReadDocument {
  const { fetchDocument, now, cooldownMs, maxAgeMs, maxStaleMs, retryDelayMs = 200 } = parts
  const { maxDocuments = 500, maxNewPerMinute = 30 } = parts
  /** In the order of last use, the longest unused first. */
  const entries = new Map<string, Entry>()
  const newcomers = new Map<string, { since: number; count: number }>()

  const load = async (request: DocumentRequest, entry: Entry): Promise<void> => {
    try {
      const text = await pRetry(() => fetchDocument(request), { retries: 1, minTimeout: retryDelayMs, unref: true })
      entry.document = { text, fetchedAt: now() }
      entry.failure = undefined
    } catch (error) {
      entry.failure = error
    } finally {
      entry.triedAt = now()
      entry.underWay = undefined
    }
  }

  /** Whether one more document that was not asked for before may be asked of this host. */
  const mayAskAnew = (url: string): boolean => {
    const { host } = new URL(url)
    const at = now()
    let window = newcomers.get(host)
    if (window === undefined || at - window.since >= MINUTE_MS) {
      if (newcomers.size > maxDocuments) newcomers.clear()
      newcomers.set(host, (window = { since: at, count: 0 }))
    }
    window.count += 1
    return window.count <= maxNewPerMinute
  }

  const entryOf = (request: DocumentRequest): Entry => {
    const slot = slotOf(request)
    const known = entries.get(slot)
    if (known !== undefined) {
      entries.delete(slot)
      entries.set(slot, known)
      return known
    }
    if (!mayAskAnew(request.url)) throw new Error('too many new keys were asked for within a minute')
    const entry: Entry = {
      document: undefined,
      triedAt: Number.NEGATIVE_INFINITY,
      failure: undefined,
      underWay: undefined,
    }
    if (entries.size >= maxDocuments) forgetOne(entries)
    entries.set(slot, entry)
    return entry
  }

  return async (request, options) => {
    const entry = entryOf(request)
    const isFresh = entry.document !== undefined && now() - entry.document.fetchedAt < maxAgeMs
    if (!isFresh || options?.refresh === true) {
      if (entry.underWay === undefined && now() - entry.triedAt >= cooldownMs) entry.underWay = load(request, entry)
      await entry.underWay
    }
    const { document } = entry
    if (document !== undefined && now() - document.fetchedAt < Math.max(maxAgeMs, maxStaleMs)) return document
    throw entry.failure instanceof Error ? entry.failure : new Error('the document is not to be had')
  }
}

/** First one that never held anything: a made-up URL. Otherwise the longest unused. */
function forgetOne(entries: Map<string, Entry>): void {
  for (const [slot, entry] of entries) {
    if (entry.document === undefined && entry.underWay === undefined) {
      entries.delete(slot)
      return
    }
  }
  for (const slot of entries.keys()) {
    entries.delete(slot)
    return
  }
}

/** Different credentials see different documents; they are kept as a digest. */
function slotOf({ url, authorization, body }: DocumentRequest): string {
  if (authorization === undefined && body === undefined) return url
  const digest = createHash('sha256')
    .update(JSON.stringify([authorization, body]))
    .digest('base64url')
  return `${url} ${digest}`
}
