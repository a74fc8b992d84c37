/** When each destination has something to do next: a skip from name to name over the index of what is due, one step for each. */
import type { DestinationName } from '../../../domain/ids.ts'
import type { ReadConnection } from './read-connection.ts'

export const NEXT_DUE_SQL = `WITH RECURSIVE destinations (name) AS (
    SELECT min(destination) FROM deliveries WHERE due_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(destination) FROM deliveries WHERE due_at IS NOT NULL AND destination > name)
    FROM destinations WHERE name IS NOT NULL
  )
  SELECT name, (SELECT min(due_at) FROM deliveries WHERE destination = name AND due_at IS NOT NULL) AS dueAt
  FROM destinations WHERE name IS NOT NULL`

export function nextDueTimes(reader: ReadConnection): ReadonlyMap<DestinationName, number> {
  const rows = reader.all<{ name: DestinationName; dueAt: number }>(NEXT_DUE_SQL, [])
  return new Map(rows.map(({ name, dueAt }) => [name, dueAt]))
}
