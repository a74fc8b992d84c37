/**
 * The journal on pino: one line of JSON per fact, `{"level","time","event",…}`. Lines are gathered in memory and written a few KB at a
 * time, because a write per accepted request would cost more than the request; what is gathered is written out a few times a
 * second, and by `flush` before the process ends.
 */
import { type DestinationStream, destination as fileDestination, type Level, type Logger, pino } from 'pino'
import type { Journal } from '../engine/ports.ts'
import { loggable } from './facts.ts'

export interface BufferedJournal extends Journal {
  /** Writes out what is gathered, at once. Call it before the process ends, also when it ends badly. */
  flush(): void
}

export interface JournalOptions {
  readonly level: Level | 'silent'
  /** A file descriptor (1 is stdout, 2 is stderr), or a stream that takes lines; a stream is not buffered. */
  readonly destination: number | DestinationStream
  /** ms since the epoch */
  readonly now: () => number
}

const BUFFER_BYTES = 4_096
const FLUSH_INTERVAL_MS = 250

export function createJournal({ level, destination, now }: JournalOptions): BufferedJournal {
  const buffered =
    typeof destination === 'number'
      ? fileDestination({ dest: destination, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_INTERVAL_MS })
      : null
  // A closed pipe (`postern serve | head`) must not end the gateway.
  buffered?.on('error', () => undefined)
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    buffered ?? (destination as DestinationStream),
  )
  return {
    record: lineWriter(logger, 'info'),
    warn: lineWriter(logger, 'warn'),
    error: lineWriter(logger, 'error'),
    keeps: (kind) => logger.isLevelEnabled(kind === 'record' ? 'info' : 'warn'),
    flush() {
      try {
        buffered?.flushSync()
      } catch {
        // There is nobody left to tell.
      }
    },
  }
}

/** Does nothing at all, not even masking, for a level that is off. */
function lineWriter(logger: Logger, level: 'info' | 'warn' | 'error'): Journal['record'] {
  if (!logger.isLevelEnabled(level)) return () => undefined
  return (name, facts) => logger[level](loggable(facts), name)
}
