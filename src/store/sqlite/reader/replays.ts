/** Replays of many deliveries, as they were last written. */
import type { ReplayId } from '../../../domain/ids.ts'
import type { Replay } from '../../../engine/ports.ts'
import type { ReadConnection } from './read-connection.ts'

const MAX_LISTED = 100

export function getReplay(reader: ReadConnection, id: ReplayId): Replay | null {
  const row = reader.get<{ document: string }>('SELECT document FROM replays WHERE id = ?', [id])
  return row === undefined ? null : (JSON.parse(row.document) as Replay)
}

export function listReplays(reader: ReadConnection, { state }: { state?: Replay['state'] }): readonly Replay[] {
  const rows =
    state === undefined
      ? reader.all<{ document: string }>(`SELECT document FROM replays ORDER BY id DESC LIMIT ${MAX_LISTED}`, [])
      : reader.all<{ document: string }>(
          `SELECT document FROM replays WHERE state = ? ORDER BY id DESC LIMIT ${MAX_LISTED}`,
          [state],
        )
  return rows.map(({ document }) => JSON.parse(document) as Replay)
}
