/** What the receiver has counted. */
export interface ReceiverStats {
  readonly received: number
  /** Different webhook ids. */
  readonly unique: number
  /** When the last one arrived. */
  readonly lastAt: number
}

export async function readReceiver(port: number): Promise<ReceiverStats> {
  return (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as ReceiverStats
}
