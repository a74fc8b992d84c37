/** Entry of the writer's thread: receives groups, answers each once, and uses the time between them for upkeep. */
import { parentPort, workerData } from 'node:worker_threads'
import { failureOf } from './failure.ts'
import type { FromWriter, ToWriter, WriterOptions } from './protocol.ts'
import { Writer } from './writer/writer.ts'

const TICK_MS = 250

const port = parentPort
if (port === null) throw new Error('writer.worker is the entry of a worker thread')
const writer = new Writer(workerData as WriterOptions)

function answer(message: FromWriter): void {
  port!.postMessage(message, message.type === 'answer' ? transferable(message.results) : [])
}

/** The buffers of claimed payloads are handed over rather than copied. */
function transferable(results: readonly unknown[]): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  for (const result of results) {
    if (typeof result !== 'object' || result === null || !('bytes' in result)) continue
    if (result.bytes instanceof ArrayBuffer) buffers.push(result.bytes)
  }
  return buffers
}

function keepUp(again: boolean): void {
  if (writer.tick({ again })) setImmediate(keepUp, true)
}

const ticks = setInterval(keepUp, TICK_MS, false)

port.on('message', (message: ToWriter) => {
  if (message.type === 'group') {
    answer(writer.runGroup(message.commands, message.bytes))
    writer.afterGroup()
    return
  }
  clearInterval(ticks)
  writer.close()
  port.close()
})

try {
  writer.open()
  answer({ type: 'opened' })
} catch (error) {
  answer({ type: 'open_failed', failure: failureOf(error) })
}
