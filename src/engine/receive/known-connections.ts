/**
 * Remembers which connections an identifier found. Most events of a gateway are about the same few accounts, and asking SQLite costs
 * 8 us, an eighth of all that accepting a small event takes.
 *
 * What is remembered is always right, because every write of a connection goes through here and the store belongs to one process:
 * everything is forgotten once a write has ended, before its caller hears of it, also when it failed and nobody knows whether it was
 * made. What was read before that moment is never remembered after it.
 */
import type { IdentifierQuery } from '../../domain/connection.ts'
import type { ConnectionDirectory, ConnectionStore, MatchedConnection } from '../ports.ts'

type Store = ConnectionDirectory & Pick<ConnectionStore, 'putConnection' | 'changeConnection' | 'deleteConnection'>

/** Some 300 bytes each, and at most 3 KB. */
const MAX_KNOWN = 10_000
/** An identifier is a word; what is longer comes from a sender who plays. */
const MAX_VALUE_LENGTH = 200
/** Longer lists are rare, and the only ones that would need much memory. */
const MAX_LENGTH = 8

/** The same store with a memory. Reads and writes of connections must go through it alone. */
export function rememberConnections<S extends Store>(store: S): S {
  const known = new Map<string, readonly MatchedConnection[]>()
  let writes = 0

  /** Whatever becomes of it; a promise that settles with what it was given. */
  const forgetAfter = async <T>(write: Promise<T>): Promise<T> => {
    try {
      return await write
    } finally {
      writes += 1
      known.clear()
    }
  }

  const remember = (key: string, found: readonly MatchedConnection[]): readonly MatchedConnection[] => {
    if (found.length > MAX_LENGTH) return found
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!)
    known.set(key, found)
    return found
  }

  return {
    ...store,
    findConnections(query, limit) {
      const key = keyOf(query, limit)
      const seen = key === null ? undefined : known.get(key)
      if (seen !== undefined) return seen
      const finding = store.findConnections(query, limit)
      if (key === null) return finding
      if (!(finding instanceof Promise)) return remember(key, finding)
      const writesBefore = writes
      return finding.then((found) => (writes === writesBefore ? remember(key, found) : found))
    },
    putConnection: (...request) => forgetAfter(store.putConnection(...request)),
    changeConnection: (...request) => forgetAfter(store.changeConnection(...request)),
    deleteConnection: (...request) => forgetAfter(store.deleteConnection(...request)),
  }
}

/** Null for what is not worth remembering. The length keeps a line break in a value from looking like the end of a field. */
function keyOf({ integration, field, values }: IdentifierQuery, limit: number): string | null {
  const [value] = values
  if (value === undefined || values.length > 1 || value.length > MAX_VALUE_LENGTH) return null
  return `${integration}\n${limit}\n${field.length}\n${field}${value}`
}
