/**
 * `postern serve`: the gateway in the foreground. SIGTERM and SIGINT let what is under way end, then the command ends with 0; a
 * second one ends the process at once. SIGHUP reads configuration and specs again.
 */
import { setFlagsFromString } from 'node:v8'
import type { ComposeInput, Gateway } from '../compose.ts'
import { type ConfigOptions, type DefineCommand, addConfigOption, addExamples } from './command.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Signals, untilStopped } from './signals.ts'

/**
 * How V8 grows the young generation, which it does by doubling from 1 MB. During the start not at all: what it grows to then stays, and
 * an idle gateway keeps 15 MB more. Afterwards to its usual size in one step: doubling sometimes stops half-way, and then most of what is
 * under way is copied at every scavenge: of ten runs under load two to four took 75 to 95 us of the main thread for a request instead of
 * 55 to 65, with it none did (Node 20). The size it may reach stays as it is.
 */
const YOUNG_GENERATION = { starting: '--semi-space-growth-factor=1', running: '--semi-space-growth-factor=16' }

/**
 * Objects begin in the young generation, always. V8 otherwise gives those a place among the old ones whose kind lived long at first, and
 * what they refer to stays until the next full collection, which makes more kinds look long-lived. One of seven processes went that
 * way: a scavenge copied 28 % instead of 1.5, took 4.4 ms instead of 1.4, and the p99 at half of the maximum rate was 26 ms instead of
 * 10; of thirty without it none did (Node 20, 7,500 requests a second).
 */
const BORN_YOUNG = '--no-allocation-site-pretenuring'

export const defineServe: DefineCommand = (command, { io, run }) => {
  addConfigOption(command)
  command.option('--json', 'print where it listens as one JSON document, instead of the lines for people')
  command.action(
    run(async (options: ConfigOptions) => {
      setFlagsFromString(YOUNG_GENERATION.starting)
      setFlagsFromString(BORN_YOUNG)
      const { composeGateway } = await import('../compose.ts')
      return serve(options, io, { composeGateway, signals: process })
    }),
  )
  addExamples(command, ['postern serve', 'postern serve --config /etc/postern/postern.yaml'])
}

/** Runs until it is told to stop. Rejects when the gateway cannot start; what had been started is then stopped again. */
export async function serve(
  options: ConfigOptions,
  io: CliIo,
  parts: { composeGateway: (input: ComposeInput) => Promise<Gateway>; signals: Signals },
): Promise<ExitCode> {
  const { signals } = parts
  const gateway = await parts.composeGateway({ configPath: options.config, env: io.env, cwd: io.cwd, warn: io.err })
  // Before the start, so that a signal in the middle of it is not lost.
  const stopped = untilStopped(signals)
  const reload = (): void => {
    gateway.reload().catch((error: unknown) => io.err(`reload failed: ${String(error)}`))
  }
  signals.on('SIGHUP', reload)
  try {
    const { url, lines } = await gateway.start()
    setFlagsFromString(YOUNG_GENERATION.running)
    io.out(options.json === true ? JSON.stringify({ url }, null, 2) : lines.join('\n'))
    await stopped
    io.err('Stopping: what is under way may end first. A second signal ends at once.')
  } finally {
    signals.off('SIGHUP', reload)
    await gateway.stop()
  }
  return EXIT.ok
}
