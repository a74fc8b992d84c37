/** A terminal in memory: what a command printed, line by line. */
import type { CliIo } from '../../src/cli/io.ts'

export interface MemoryIo extends CliIo {
  /** All that was printed as result. */
  stdout(): string
  /** All that was printed beside it. */
  stderr(): string
}

export function createMemoryIo(parts: Partial<Pick<CliIo, 'env' | 'cwd' | 'color'>> = {}): MemoryIo {
  const outLines: string[] = []
  const errLines: string[] = []
  return {
    out: (text) => void outLines.push(text),
    err: (text) => void errLines.push(text),
    color: parts.color ?? false,
    env: parts.env ?? {},
    cwd: parts.cwd ?? '/nowhere',
    stdout: () => outLines.join('\n'),
    stderr: () => errLines.join('\n'),
  }
}
