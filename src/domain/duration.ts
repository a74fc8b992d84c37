/** Durations as configuration and specs write them: a whole number and a unit, `500ms`, `30s`, `5m`, `2h`, `7d`. */
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** In ms. Throws on anything else, which the schemas have refused before. */
export function parseDuration(text: string): number {
  const parts = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text)
  if (parts === null) throw new RangeError(`"${text}" is not a duration such as 30s or 5m`)
  return Number(parts[1]) * UNIT_MS[parts[2] as keyof typeof UNIT_MS]
}

/** The shortest exact form: 300000 → `5m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const)
    if (ms >= UNIT_MS[unit] && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`
  return `${ms}ms`
}
