/**
 * `postern serve`: the gateway in the foreground. SIGTERM and SIGINT let what is under way end, then the command ends with 0; a
 * second one ends the process at once. SIGHUP reads configuration and specs again.
 */
import type { ComposeInput, Gateway } from '../compose.ts'
import { type ConfigOptions, type DefineCommand, addConfigOption, addExamples } from './command.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { type Signals, untilStopped } from './signals.ts'

export const defineServe: DefineCommand = (command, { io, run }) => {
  addConfigOption(command)
  command.option('--json', 'print where it listens as one JSON document, instead of the lines for people')
  command.action(
    run(async (options: ConfigOptions) => {
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
    io.out(options.json === true ? JSON.stringify({ url }, null, 2) : lines.join('\n'))
    await stopped
    io.err('Stopping: what is under way may end first. A second signal ends at once.')
  } finally {
    signals.off('SIGHUP', reload)
    await gateway.stop()
  }
  return EXIT.ok
}
