/** The straight line through measurements over time, by least squares. */
export interface Fit {
  readonly mean: number
  readonly perMinute: number
  /** From the first to the last measurement, along the line. */
  readonly growth: number
}

/** Takes pairs of a second and a value. */
export function fitLine(points: readonly (readonly [second: number, value: number])[]): Fit {
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const seconds = meanOf(points.map(([second]) => second))
  const mean = meanOf(points.map(([, value]) => value))
  let covariance = 0
  let variance = 0
  for (const [second, value] of points) {
    covariance += (second - seconds) * (value - mean)
    variance += (second - seconds) ** 2
  }
  const perSecond = variance === 0 ? 0 : covariance / variance
  const span = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)
  return { mean, perMinute: perSecond * 60, growth: perSecond * span }
}
