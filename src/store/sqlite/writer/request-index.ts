/**
 * Finds requests by subject: all, of an integration, of a connection, each by outcome and time. The entries of a request are made
 * here, both as it is stored and when the tail is read again at start.
 */
import type { Database } from 'better-sqlite3'
import { firstChild } from '../sequence.ts'
import {
  ALL_REQUESTS,
  blockOfConnections,
  type StoredOutcome,
  subjectOfConnection,
  subjectOfIntegration,
  UNDIVIDED,
} from '../subject.ts'
import { RequestBlocks } from './request-blocks.ts'
import { TrailingIndex } from './trailing-index.ts'

interface RequestEntry {
  readonly block: number
  readonly subject: string
  readonly outcome: string
  readonly receivedAt: number
  readonly requestSeq: number
}

export interface IndexedRequest {
  readonly seq: number
  readonly integration: string
  readonly outcome: StoredOutcome
  readonly receivedAt: number
}

export class RequestIndex extends TrailingIndex<RequestEntry> {
  constructor(db: Database) {
    const blocks = new RequestBlocks(db)
    super(db, {
      table: 'request_index',
      columnCount: 5,
      rowOf: (entry) => [entry.block, entry.subject, entry.outcome, entry.receivedAt, entry.requestSeq],
      sort: (entries) => entries.sort(compareEntries),
      inserted: (entries) => blocks.widen(entries),
    })
    this.#readTail(db)
  }

  /** `connections` holds those of the request's events, as JSON arrays; an entry is made of each once. */
  addRequest(request: IndexedRequest, connections: Iterable<string | null>): void {
    const { seq: requestSeq, outcome, receivedAt } = request
    const block = UNDIVIDED
    this.add({ block, subject: ALL_REQUESTS, outcome, receivedAt, requestSeq })
    this.add({ block, subject: subjectOfIntegration(request.integration), outcome, receivedAt, requestSeq })
    let seen: Set<string> | null = null
    for (const json of connections) {
      if (json === null) continue
      seen ??= new Set()
      for (const id of JSON.parse(json) as string[]) {
        if (seen.has(id)) continue
        seen.add(id)
        const subject = subjectOfConnection(id)
        this.add({ block: blockOfConnections(requestSeq), subject, outcome, receivedAt, requestSeq })
      }
    }
    this.reached(requestSeq)
  }

  #readTail(db: Database): void {
    const requests = db.prepare<[], IndexedRequest>(
      `SELECT seq, integration, outcome, received_at AS receivedAt FROM requests
       WHERE seq > (SELECT seq FROM marks WHERE name = 'request_index') ORDER BY seq`,
    )
    const connections = db
      .prepare<[number, number], string | null>('SELECT connections FROM events WHERE seq >= ? AND seq < ?')
      .pluck()
    for (const request of requests.all()) {
      this.addRequest(request, connections.all(firstChild(request.seq), firstChild(request.seq + 1)))
    }
    this.afterCommit()
  }
}

/** Binary order of the index. */
function compareEntries(a: RequestEntry, b: RequestEntry): number {
  if (a.block !== b.block) return a.block - b.block
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1
  if (a.outcome !== b.outcome) return a.outcome < b.outcome ? -1 : 1
  return a.receivedAt - b.receivedAt || a.requestSeq - b.requestSeq
}
