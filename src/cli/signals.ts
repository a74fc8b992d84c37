/** The signals by which a command that runs on is told to end; `process` is one, an `EventEmitter` in a test another. */
export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Signals {
  on(name: SignalName, listener: () => void): unknown
  off(name: SignalName, listener: () => void): unknown
}

/** Resolves at the first SIGINT or SIGTERM. From then on the second one has its usual effect again, which ends the process at once. */
export function untilStopped(signals: Signals): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      signals.off('SIGINT', stop)
      signals.off('SIGTERM', stop)
      resolve()
    }
    signals.on('SIGINT', stop)
    signals.on('SIGTERM', stop)
  })
}
