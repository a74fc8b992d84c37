/** Runs specs again and again: once at the start, then whenever a file of theirs has changed, until a signal says to stop. */
import { watchPaths } from '../../config/watch.ts'
import type { CliIo } from '../io.ts'
import { EXIT, type ExitCode, reportError } from '../report-error.ts'
import { type Signals, untilStopped } from '../signals.ts'
import { watchedFolders } from './spec-files.ts'

export interface WatchInput {
  readonly paths: readonly string[]
  readonly io: CliIo
  readonly signals: Signals
  /** One whole run, which prints its own report. */
  readonly run: () => Promise<ExitCode>
  /** Whether to say in between what is being waited for. */
  readonly isText: boolean
  readonly debounceMs?: number
}

/** Takes the screen back to its start, so that the run in force is all there is to see. */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H'

/** Resolves with what the last run came to. A run that cannot be made is reported, and the next change gets another try. */
export async function watchSpecs({ paths, io, signals, run, isText, debounceMs = 100 }: WatchInput): Promise<ExitCode> {
  let outcome: ExitCode = EXIT.ok
  let isRunning = false
  let isDue = false
  let watch = { close(): void {} }
  const runAgain = async (): Promise<void> => {
    isDue = true
    if (isRunning) return
    isRunning = true
    while (isDue) {
      isDue = false
      // Folders may have come and gone; what changes from here on is seen while the run is under way.
      watch.close()
      watch = watchPaths({
        paths: watchedFolders(paths, io.cwd),
        onChange: () => void runAgain(),
        onError: (error) => io.err(`Changes cannot be watched: ${error.message}`),
        debounceMs,
      })
      if (isText && io.color) io.out(CLEAR)
      try {
        outcome = await run()
      } catch (error) {
        outcome = reportError(error, io, { json: !isText })
      }
      if (isText)
        io.out(`Waiting for changes in ${paths.length > 0 ? paths.join(', ') : 'the specs'}; stop with Ctrl-C.`)
    }
    isRunning = false
  }
  const stopped = untilStopped(signals)
  // The file system alone does not keep the process alive.
  const alive = setInterval(() => {}, 60_000)
  try {
    await runAgain()
    await stopped
  } finally {
    clearInterval(alive)
    watch.close()
  }
  return outcome
}
