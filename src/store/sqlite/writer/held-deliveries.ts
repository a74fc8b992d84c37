/**
 * The inbox of deliveries that no connection was there for. Each waits under the identifiers its event was looked up by; when a
 * connection of the integration comes to have one of them, it becomes that connection's and is due at once.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { Connection, Identifier } from '../../../domain/connection.ts'
import { firstChild, requestOf } from '../sequence.ts'
import { blockOfConnections, subjectOfConnection } from '../subject.ts'
import type { ConnectionOrder } from './connection-order.ts'
import type { Counters } from './counters.ts'
import { RequestBlocks } from './request-blocks.ts'

interface HeldRow {
  seq: number
  destination: string
  order_key: string | null
  event_id: string
  outcome: string
  received_at: number
}

export class HeldDeliveries {
  readonly #counters: Counters
  readonly #order: ConnectionOrder
  readonly #insert: Statement<[string, string, string, number]>
  readonly #waiting: Statement<[string, string, string], HeldRow>
  readonly #flow: Statement<[string, string | null, string | null, number, number]>
  readonly #match: Statement<[string, string, string, number, number]>
  readonly #index: Statement<[number, string, string, number, number]>
  readonly #blocks: RequestBlocks
  readonly #forget: Statement<[string, string, string]>

  constructor(db: Database, counters: Counters, order: ConnectionOrder) {
    this.#counters = counters
    this.#order = order
    this.#insert = db.prepare('INSERT OR IGNORE INTO held_identifiers VALUES (?, ?, ?, ?)')
    this.#waiting = db.prepare(
      `SELECT d.seq, d.destination, d.order_key, d.event_ids ->> 0 AS event_id, r.outcome, r.received_at
       FROM held_identifiers h JOIN deliveries d ON d.seq = h.delivery_seq JOIN requests r ON r.seq = d.seq >> 20
       WHERE h.integration = ? AND h.field = ? AND h.value = ? AND d.state = 'held'`,
    )
    this.#flow = db.prepare(
      `UPDATE deliveries SET state = 'pending', connection_id = ?, url_override = ?, order_key = ?, due_at = ? WHERE seq = ?`,
    )
    this.#match = db.prepare(
      `UPDATE events SET status = 'matched', matched_by = ?, detail = NULL, connections = json_array(?)
       WHERE id = ? AND seq >= ? AND seq < ? AND status = 'unmatched'`,
    )
    this.#index = db.prepare('INSERT OR IGNORE INTO request_index VALUES (?, ?, ?, ?, ?)')
    this.#blocks = new RequestBlocks(db)
    this.#forget = db.prepare('DELETE FROM held_identifiers WHERE integration = ? AND field = ? AND value = ?')
  }

  /** `identifiers` is a JSON array of `{ field, value }`. */
  waitFor(deliverySeq: number, integration: string, identifiers: string): void {
    for (const { field, value } of JSON.parse(identifiers) as Identifier[]) {
      this.#insert.run(integration, field, value, deliverySeq)
    }
  }

  /** Makes due what waits for one of the identifiers, under the connection's name; its events then count as matched. */
  flowTo(connection: Connection, identifiers: readonly Identifier[]): void {
    const { connectionId, integration, updatedAt, webhookUrlOverride } = connection
    for (const { field, value } of identifiers) {
      const rows = this.#waiting.all(integration, field, value)
      for (const row of rows) {
        const requestSeq = requestOf(row.seq)
        const orderKey = row.order_key === null ? null : row.order_key + connectionId
        this.#flow.run(connectionId, webhookUrlOverride, orderKey, updatedAt, row.seq)
        this.#order.enter({ ...row, order_key: orderKey })
        this.#match.run(field, connectionId, row.event_id, firstChild(requestSeq), firstChild(requestSeq + 1))
        const block = blockOfConnections(requestSeq)
        this.#index.run(block, subjectOfConnection(connectionId), row.outcome, row.received_at, requestSeq)
        this.#blocks.widen([{ block, receivedAt: row.received_at }])
        this.#counters.moved('held', 'pending', row.destination)
      }
      if (rows.length > 0) this.#forget.run(integration, field, value)
    }
  }
}
