/** Times as people write and read them. */
import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../domain/duration.ts'

/** `15m` (that long ago) or an ISO 8601 time; as ISO 8601 in UTC. For options of commander. */
export function parseTime(text: string): string {
  if (/^[0-9]+(ms|s|m|h|d)$/.test(text)) return new Date(Date.now() - parseDuration(text)).toISOString()
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('Give a time such as 2026-03-02T10:00:00Z, or 15m for 15 minutes ago.')
  return new Date(ms).toISOString()
}

/** `2026-03-02 10:00:00` in UTC, from ISO 8601 or ms since the epoch; other text comes back as it is. */
export function formatTime(value: unknown): string | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().slice(0, 19).replace('T', ' ')
}
