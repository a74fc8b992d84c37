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
import { type Place, RequestBlocks } from './request-blocks.ts'
import { type Run, TrailingIndex } from './trailing-index.ts'

export interface IndexedRequest {
  readonly seq: number
  readonly integration: string
  readonly outcome: StoredOutcome
  readonly receivedAt: number
}

/** One for each request, however many rows it has: what waits for a merge is what the collector has to move about. */
interface RequestEntry extends IndexedRequest {
  /** Each once. */
  readonly connectionIds: readonly string[]
}

interface RequestRun extends Run<RequestEntry> {
  readonly block: number
  readonly subject: string
}

export class RequestIndex extends TrailingIndex<RequestEntry, RequestRun> {
  constructor(db: Database) {
    const blocks = new RequestBlocks(db)
    super(db, {
      table: 'request_index',
      columnCount: 5,
      rowOf: ({ outcome, receivedAt, seq }, { block, subject }) => [block, subject, outcome, receivedAt, seq],
      runsOf: bySubject,
      compare: compareOfSubject,
      inserted: (runs) => blocks.widen(placesOf(runs)),
    })
    this.#readTail(db)
  }

  /** `connections` holds those of the request's events, as JSON arrays; a row is made of each once. */
  addRequest({ seq, integration, outcome, receivedAt }: IndexedRequest, connections: Iterable<string | null>): void {
    this.add({ seq, integration, outcome, receivedAt, connectionIds: idsIn(connections) })
    this.reached(seq)
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

function idsIn(connections: Iterable<string | null>): readonly string[] {
  const ids = new Set<string>()
  for (const json of connections) {
    if (json !== null) for (const id of JSON.parse(json) as string[]) ids.add(id)
  }
  return [...ids]
}

/** By block and subject, in the binary order of the index. */
function bySubject(entries: readonly RequestEntry[]): readonly RequestRun[] {
  const runs = new Runs()
  for (const entry of entries) {
    runs.add(UNDIVIDED, ALL_REQUESTS, entry)
    runs.add(UNDIVIDED, subjectOfIntegration(entry.integration), entry)
    for (const id of entry.connectionIds) runs.add(blockOfConnections(entry.seq), subjectOfConnection(id), entry)
  }
  return runs.inOrder()
}

class Runs {
  readonly #blocks = new Map<number, Map<string, RequestRun>>()

  add(block: number, subject: string, entry: RequestEntry): void {
    let runs = this.#blocks.get(block)
    if (runs === undefined) this.#blocks.set(block, (runs = new Map<string, RequestRun>()))
    const run = runs.get(subject)
    if (run === undefined) runs.set(subject, { block, subject, entries: [entry] })
    else run.entries.push(entry)
  }

  inOrder(): readonly RequestRun[] {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b)
    return blocks.flatMap(([, runs]) => [...runs.values()].sort((a, b) => compareTexts(a.subject, b.subject)))
  }
}

function compareOfSubject(a: RequestEntry, b: RequestEntry): number {
  return compareTexts(a.outcome, b.outcome) || a.receivedAt - b.receivedAt || a.seq - b.seq
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function placesOf(runs: readonly RequestRun[]): readonly Place[] {
  return runs.flatMap(({ block, entries }) => entries.map(({ receivedAt }) => ({ block, receivedAt })))
}
