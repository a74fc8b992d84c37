/**
 * The key sets that providers publish, kept in memory per URL. Who asks for a fresh set gets it at once; who asks while a set is
 * being fetched waits for that same fetch. A provider that cannot be reached does not stop verification as long as the last set is
 * not too old, and is not asked again on every request: after any fetch, good or bad, comes a pause. The same pause keeps a sender
 * of made-up key ids from making us fetch for each of them.
 *
 * The network is the caller's: `fetchJson` and `fetchDocument` are given, and guard what may be reached.
 */
import pRetry from 'p-retry'
import { isObject } from './data-path.ts'
import { createKeyDocuments } from './key-documents.ts'
import type { FetchDocument, KeySets } from './verifier.ts'

export interface KeySetsParts {
  /** GETs the URL and answers the parsed JSON; rejects on anything but success. */
  readonly fetchJson: (url: string) => Promise<unknown>
  /** Asks for a document that holds a single key; without it keys of that kind are not to be had. */
  readonly fetchDocument?: FetchDocument | undefined
  readonly now: () => number
  /** The least time between two fetches of one URL. */
  readonly cooldownMs: number
  /** A set older than this is fetched again before it is used. */
  readonly maxAgeMs: number
  /** A set older than this is not used even when no newer one can be had; a day by default. */
  readonly maxStaleMs?: number
  /** The pause before the second try of a fetch; doubled before the third and last. */
  readonly retryDelayMs?: number
}

type KeySet = Awaited<ReturnType<KeySets['fetch']>>

interface Entry {
  set: KeySet | undefined
  fetchedAt: number
  /** When the last fetch ended; refreshing again is due a cooldown later. */
  triedAt: number
  failure: unknown
  underWay: Promise<void> | undefined
}

const DAY_MS = 86_400_000

export function createKeySets(parts: KeySetsParts): KeySets {
  const { fetchJson, now, cooldownMs, maxAgeMs, maxStaleMs = DAY_MS, retryDelayMs = 200 } = parts
  const entries = new Map<string, Entry>()

  const load = async (url: string, entry: Entry): Promise<void> => {
    try {
      const fetched = await pRetry(() => fetchJson(url), {
        retries: 2,
        minTimeout: retryDelayMs,
        factor: 2,
        unref: true,
      })
      entry.set = parseKeySet(fetched, url)
      entry.fetchedAt = now()
      entry.failure = undefined
    } catch (error) {
      entry.failure = error
    } finally {
      entry.triedAt = now()
      entry.underWay = undefined
    }
  }

  const documents =
    parts.fetchDocument === undefined
      ? {}
      : {
          document: createKeyDocuments({
            fetchDocument: parts.fetchDocument,
            now,
            cooldownMs,
            maxAgeMs,
            maxStaleMs,
            retryDelayMs,
          }),
        }

  return {
    ...documents,
    async fetch(url, options) {
      let entry = entries.get(url)
      if (entry === undefined) {
        entry = {
          set: undefined,
          fetchedAt: 0,
          triedAt: Number.NEGATIVE_INFINITY,
          failure: undefined,
          underWay: undefined,
        }
        entries.set(url, entry) // one entry per URL of a spec, so there is no need to forget any
      }
      const isFresh = entry.set !== undefined && now() - entry.fetchedAt < maxAgeMs
      if (!isFresh || options?.refresh === true) {
        if (entry.underWay === undefined && now() - entry.triedAt >= cooldownMs) entry.underWay = load(url, entry)
        await entry.underWay
      }
      if (entry.set !== undefined && now() - entry.fetchedAt < Math.max(maxAgeMs, maxStaleMs)) return entry.set
      throw entry.failure instanceof Error ? entry.failure : new Error(`no key set from ${url}`)
    },
  }
}

function parseKeySet(fetched: unknown, url: string): KeySet {
  const keys: unknown = isObject(fetched) ? fetched['keys'] : undefined
  const isKey = (key: unknown): key is Record<string, unknown> => isObject(key) && typeof key['kty'] === 'string'
  if (!Array.isArray(keys)) throw new Error(`${url} does not answer a JWK set`)
  return { keys: keys.filter(isKey) }
}
