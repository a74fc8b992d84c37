/** Times as providers write them. What is not exactly of its unit is no time: seconds are not taken for milliseconds. */
export const TIME_UNITS = ['s', 'ms', 's_or_ms', 'iso8601', 'http_date'] as const
export type TimeUnit = (typeof TIME_UNITS)[number]

const SECONDS = /^\d{1,11}(\.\d{1,9})?$/
const MILLISECONDS = /^\d{1,14}$/
const ISO8601 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})([.,]\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})?$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** ms since the epoch, or undefined. ISO 8601 without a zone is UTC; an HTTP date is the one form of RFC 9110 §5.6.7. */
export function parseTime(value: string | number, unit: TimeUnit): number | undefined {
  const text = String(value)
  if (unit === 's') return SECONDS.test(text) ? Math.round(Number(text) * 1_000) : undefined
  if (unit === 'ms') return MILLISECONDS.test(text) ? Number(text) : undefined
  if (unit === 's_or_ms') return parseTime(text, /^\d{13}$/.test(text) ? 'ms' : 's')
  if (unit === 'iso8601') return parseIso8601(text)
  const time = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toUTCString() === text ? time : undefined
}

function parseIso8601(text: string): number | undefined {
  const parts = ISO8601.exec(text)
  if (parts === null) return undefined
  const [, date, clock, fraction, zone] = parts
  const midnight = Date.parse(`${date}T00:00:00Z`)
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return undefined // 30 February
  const offset = zone === undefined || zone.length === 1 ? 'Z' : zone.replace(/^(...)(\d\d)$/, '$1:$2')
  const time = Date.parse(`${date}T${clock}${fraction === undefined ? '' : `.${fraction.slice(1, 4)}`}${offset}`)
  return Number.isNaN(time) ? undefined : time
}
