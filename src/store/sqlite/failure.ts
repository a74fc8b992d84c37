/**
 * What a failed statement means. Either the surroundings are at fault (the disk is full, another program holds the lock, the file
 * cannot be written): then every write fails alike and the same write succeeds later. Or the command itself is: then it alone is
 * refused. A failure crosses from the writer's thread as plain data and becomes a GatewayError on this side.
 */
import { GatewayError, type ErrorParts } from '../../domain/errors.ts'

export interface Failure {
  readonly kind: 'surroundings' | 'command'
  /** SQLite's extended code, such as SQLITE_IOERR_WRITE; null when the error is not SQLite's. */
  readonly sqliteCode: string | null
  readonly message: string
  /** Set where the writer already knows what to tell an operator. */
  readonly parts: ErrorParts | null
}

const SURROUNDINGS =
  /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB|NOMEM|PROTOCOL|PERM|INTERRUPT|SCHEMA)(_|$)/

/** After these the connection may be at fault and is opened anew; a lock or a full disk leaves it sound. */
const CONNECTION_SOUND = /^SQLITE_(BUSY|LOCKED|FULL|INTERRUPT)(_|$)/

export function failureOf(error: unknown): Failure {
  if (error instanceof GatewayError) {
    const { code, message, hint, details } = error
    const kind = code === 'store_unavailable' || code === 'store_unsupported' ? 'surroundings' : 'command'
    return { kind, sqliteCode: null, message, parts: { code, message, hint, details } }
  }
  const sqliteCode = codeOf(error)
  return {
    kind: sqliteCode !== null && SURROUNDINGS.test(sqliteCode) ? 'surroundings' : 'command',
    sqliteCode,
    message: error instanceof Error ? error.message : String(error),
    parts: null,
  }
}

export function isLocked(error: unknown): boolean {
  const code = codeOf(error)
  return code !== null && /^SQLITE_(BUSY|LOCKED)(_|$)/.test(code)
}

/** Whether the connection should be closed and opened again before it is trusted with the next write. */
export function spoilsConnection(failure: Failure): boolean {
  return failure.kind === 'surroundings' && !(failure.sqliteCode !== null && CONNECTION_SOUND.test(failure.sqliteCode))
}

/** The error that callers of the store see: `store_unavailable`, unless the writer named a code itself. */
export function storeError(failure: Failure): GatewayError {
  if (failure.parts !== null) return new GatewayError(failure.parts)
  const [message, hint] = wordsFor(failure)
  return new GatewayError({
    code: 'store_unavailable',
    message,
    hint,
    details: failure.sqliteCode === null ? {} : { sqlite_code: failure.sqliteCode },
    cause: new Error(failure.message),
  })
}

/** What a call after `close` meets. */
export function closedStore(): GatewayError {
  return new GatewayError({
    code: 'store_unavailable',
    message: 'The store is closed',
    hint: 'The gateway is stopping; send again when it is back.',
  })
}

function wordsFor({ kind, sqliteCode, message }: Failure): [message: string, hint: string] {
  if (kind === 'command') {
    return [`The store refused one write: ${message}`, 'This is a fault of the gateway; report it with the log line.']
  }
  const code = sqliteCode ?? ''
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return [
      'The database is locked by another program',
      'End what holds it (a backup, an SQLite shell with an open transaction); writes then go on by themselves.',
    ]
  }
  if (code === 'SQLITE_FULL') {
    return ['The disk of the database is full', 'Free disk space; writes then go on by themselves.']
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
    return [`The database file is damaged: ${message}`, 'Stop the gateway and restore a backup of the file.']
  }
  return [
    `The database cannot be written: ${message}`,
    'Check the disk and the permissions of the database file and its directory; writes go on by themselves when it is back.',
  ]
}

function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : null
}
