/**
 * Preloaded with `node --import` before the gateway's own entry: loads its code, then holds the start until standard input says so. A
 * test that starts the gateway many times prepares the next process while the last one still runs.
 */
import { once } from 'node:events'
import { isMainThread } from 'node:worker_threads'

// Threads of the gateway get the preload too, and have nothing to wait for.
if (isMainThread) {
  await import('../../dist/compose.js')
  // The schema of provider specs is compiled once in a process, and is a quarter of the start.
  const { builtInSpecs, readSpecFile } = await import('../../dist/spec/load.js')
  readSpecFile(`${builtInSpecs()}/github.yaml`)

  await once(process.stdin, 'data')
  process.stdin.destroy()
}
