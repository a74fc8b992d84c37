/**
 * What a command sees of the terminal and the process. Results go to `out`, everything else to `err`; a command writes nowhere
 * else and reads no environment of its own, so that a test runs it with lines in memory.
 */
export interface CliIo {
  /** One line, or several, of the result. The line end is added. */
  readonly out: (text: string) => void
  /** One line, or several, that are not the result: progress, remarks, errors. The line end is added. */
  readonly err: (text: string) => void
  readonly color: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** The part of Node's `process` that is used. */
export interface ProcessLike {
  readonly stdout: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  readonly env: Readonly<Record<string, string | undefined>>
  cwd(): string
}

export function createProcessIo(from: ProcessLike): CliIo {
  return {
    out: (text) => void from.stdout.write(`${text}\n`),
    err: (text) => void from.stderr.write(`${text}\n`),
    color: wantsColor(from.env, from.stdout.isTTY === true),
    env: from.env,
    cwd: from.cwd(),
  }
}

/** NO_COLOR (no-color.org: present and not empty) wins over FORCE_COLOR, and that over whether anybody is looking. */
function wantsColor(env: ProcessLike['env'], isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return isTerminal && env['TERM'] !== 'dumb'
}
