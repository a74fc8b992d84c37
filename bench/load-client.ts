/** The load generator as the scenarios see it: an order goes to its process, a report comes back. One order at a time. */
import { once } from 'node:events'
import { benchProgram, spawnNode } from './child.ts'
import type { LoadOrder, LoadReport } from './load-generator.ts'

export interface LoadClient {
  apply(order: LoadOrder): Promise<LoadReport>
  stop(): Promise<void>
}

export function startLoad(): LoadClient {
  const child = spawnNode(benchProgram('load.ts'), 'ipc')
  type Answer = { report: LoadReport } | { error: string }
  let settle: (answer: Answer) => void = () => undefined
  child.on('message', (answer: Answer) => settle(answer))
  child.once('exit', () => settle({ error: 'the load generator ended' }))
  return {
    async apply(order) {
      const answer = await new Promise<Answer>((resolve) => {
        settle = resolve
        child.send(order)
      })
      if ('error' in answer) throw new Error(answer.error)
      return answer.report
    },
    async stop() {
      if (!child.connected) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}
