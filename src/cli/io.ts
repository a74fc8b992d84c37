/**
 * What a command sees of the terminal and the process. Results go to `out`, everything else to `err`; a command writes nowhere
 * else and reads no environment of its own, so that a test runs it with lines in memory.
 */
export interface CliIo {
  /** One line, or several, of the result. The line end is added. */
  readonly out: (text: string) => void
  /** One line, or several, that are not the result: progress, remarks, errors. The line end is added. */
  readonly err: (text: string) => void
  /** One line that takes the place of the one before, and goes when anything else is printed; only where a person is looking. */
  readonly progress?: (text: string) => void
  readonly color: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** The part of Node's `process` that is used. */
export interface ProcessLike {
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly env: Readonly<Record<string, string | undefined>>
  cwd(): string
}

const CLEAR_LINE = '\r\u001b[2K'

export function createProcessIo(from: ProcessLike): CliIo {
  let isLineOpen = false
  const clear = (): void => {
    if (isLineOpen) from.stderr.write(CLEAR_LINE)
    isLineOpen = false
  }
  const progress = (text: string): void => {
    clear()
    from.stderr.write(text)
    isLineOpen = true
  }
  return {
    out: (text) => {
      clear()
      from.stdout.write(`${text}\n`)
    },
    err: (text) => {
      clear()
      from.stderr.write(`${text}\n`)
    },
    ...(wantsProgress(from) ? { progress } : {}),
    color: wantsColor(from.env, from.stdout.isTTY === true),
    env: from.env,
    cwd: from.cwd(),
  }
}

/** Nothing moves in a file, in the log of a build, or on a terminal that cannot go back. */
function wantsProgress({ stderr, env }: ProcessLike): boolean {
  return stderr.isTTY === true && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb'
}

/** NO_COLOR (no-color.org: present and not empty) wins over FORCE_COLOR, and that over whether anybody is looking. */
function wantsColor(env: ProcessLike['env'], isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}
