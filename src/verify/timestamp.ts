/**
 * Times as providers write them, and how far one may be from our clock. Reading is strict: a text that is not exactly of its unit
 * is no time, so `1614265330000` where seconds are due is refused and not taken for the year 53124.
 */
import { parseDuration } from '../domain/duration.ts'
import { type Refusal, refuse } from './scheme.ts'

export type TimeUnit = 's' | 'ms' | 's_or_ms' | 'iso8601' | 'http_date'

/** Where a spec has a timestamp but names no tolerance: the five minutes of Standard Webhooks. */
export const DEFAULT_TOLERANCE_MS = 5 * 60_000

const SECONDS = /^\d{1,11}(?:\.\d{1,9})?$/
const MILLISECONDS = /^\d{1,14}$/
/** 13 digits are milliseconds from September 2001 to the year 2286; as seconds they would be thousands of years away. */
const MODERN_MILLISECONDS = /^\d{13}$/
const ISO8601 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * ms since the epoch, or undefined when this is no time in that unit. Seconds may have a fraction; ISO 8601 without a zone is UTC;
 * an HTTP date is the one form that RFC 9110 §5.6.7 lets a sender write, with its right weekday.
 */
export function parseTime(value: string | number, unit: TimeUnit): number | undefined {
  const text = String(value)
  if (unit === 's') return SECONDS.test(text) ? Math.round(Number(text) * 1_000) : undefined
  if (unit === 'ms') return MILLISECONDS.test(text) ? Number(text) : undefined
  if (unit === 's_or_ms') return parseTime(text, MODERN_MILLISECONDS.test(text) ? 'ms' : 's')
  if (unit === 'iso8601') return parseIso8601(text)
  const time = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toUTCString() === text ? time : undefined
}

/** The time as a provider would write it in this unit. */
export function formatTime(time: number, unit: TimeUnit): string {
  if (unit === 's' || unit === 's_or_ms') return String(Math.floor(time / 1_000))
  if (unit === 'ms') return String(Math.floor(time))
  return unit === 'iso8601' ? new Date(time).toISOString() : new Date(time).toUTCString()
}

function parseIso8601(text: string): number | undefined {
  const parts = ISO8601.exec(text)
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number)
  const midnight = Date.UTC(year, month - 1, day)
  if (new Date(midnight).toISOString().slice(0, 10) !== text.slice(0, 10)) return undefined // 30 February, month 13
  if (hour > 23 || minute > 59 || second > 60) return undefined // 60: a leap second
  const fractionMs = Math.floor(Number(`0.${parts[7] ?? '0'}`) * 1_000)
  const offsetMinutes = Number(parts[9] ?? 0) * 60 + Number(parts[10] ?? 0)
  if (Number(parts[9] ?? 0) > 23 || Number(parts[10] ?? 0) > 59) return undefined
  const offsetMs = (parts[8] === '-' ? -1 : 1) * offsetMinutes * 60_000
  return midnight + ((hour * 60 + minute) * 60 + second) * 1_000 + fractionMs - offsetMs
}

/** How a clause judges the age of a timestamp that stands in something signed. */
export interface AgeRule {
  readonly unit: TimeUnit
  readonly toleranceMs: number
}

export function compileAgeRule(unit: TimeUnit, tolerance: string | undefined): AgeRule {
  return { unit, toleranceMs: tolerance === undefined ? DEFAULT_TOLERANCE_MS : parseDuration(tolerance) }
}

/** Our clock minus the timestamp, in ms, when that is within the tolerance, either way; the refusal otherwise. */
export function judgeAge(text: string, rule: AgeRule, now: number): number | Refusal {
  const time = parseTime(text, rule.unit)
  if (time === undefined) return refuse('timestamp_malformed', `The timestamp is not a time in ${rule.unit}.`)
  const clockSkewMs = now - time
  if (Math.abs(clockSkewMs) <= rule.toleranceMs) return clockSkewMs
  const isPast = clockSkewMs > 0
  const seconds = Math.round(Math.abs(clockSkewMs) / 1_000)
  return {
    ...refuse(
      isPast ? 'signature_expired' : 'signature_premature',
      `The timestamp is ${seconds} s ${isPast ? 'old' : 'ahead of our clock'}; ${rule.toleranceMs / 1_000} s are allowed.`,
    ),
    clockSkewMs,
  }
}
