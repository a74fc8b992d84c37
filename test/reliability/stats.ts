/** What a running gateway counts, from its API. */
import { API_KEY, eventually } from '../support/gateway.ts'

/** How long a scenario may wait for what it knows must come: only a machine that is stuck takes so long. */
export const PATIENCE_MS = 90_000

/** By outcome and by state. */
export interface Stats {
  readonly requests: Readonly<Record<string, number>>
  readonly deliveries: Readonly<Record<string, number>>
}

export async function readStats(url: string): Promise<Stats> {
  const answer = await fetch(`${url}/api/v1/stats`, { headers: { authorization: `Bearer ${API_KEY}` } })
  return (await answer.json()) as Stats
}

/** Until so many deliveries are delivered or dead; `meanwhile` is called each time this is looked at. */
export async function untilSettled(url: string, count: number, meanwhile?: () => void): Promise<void> {
  await eventually(
    async () => {
      meanwhile?.()
      const { deliveries } = await readStats(url)
      return deliveries
    },
    ({ delivered = 0, dead = 0 }) => delivered + dead === count,
    PATIENCE_MS,
  )
}
