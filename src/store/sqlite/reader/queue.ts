/**
 * When each destination has something to do next: a skip from name to name over the indexes of what is due, one step for each. First
 * tries and retries have an index each.
 */
import type { DestinationName } from '../../../domain/ids.ts'
import type { ReadConnection } from './read-connection.ts'

const nextDueSql = (due: string): string => `WITH RECURSIVE destinations (name) AS (
    SELECT min(destination) FROM deliveries WHERE ${due}
    UNION ALL
    SELECT (SELECT min(destination) FROM deliveries WHERE ${due} AND destination > name)
    FROM destinations WHERE name IS NOT NULL
  )
  SELECT name, (SELECT min(due_at) FROM deliveries WHERE destination = name AND ${due}) AS dueAt
  FROM destinations WHERE name IS NOT NULL`

export const NEXT_DUE_SQL: readonly string[] = [
  nextDueSql('due_at IS NOT NULL AND tries = 0 AND replayed = 0'),
  nextDueSql('due_at IS NOT NULL AND (tries > 0 OR replayed > 0)'),
]

export function nextDueTimes(reader: ReadConnection): ReadonlyMap<DestinationName, number> {
  const times = new Map<DestinationName, number>()
  for (const sql of NEXT_DUE_SQL) {
    for (const { name, dueAt } of reader.all<{ name: DestinationName; dueAt: number }>(sql, [])) {
      times.set(name, Math.min(dueAt, times.get(name) ?? dueAt))
    }
  }
  return times
}
