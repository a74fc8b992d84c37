/**
 * Programs that the bench starts: all are Node, say on which port they listen, and end with the bench whatever becomes of it.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Child {
  readonly process: ChildProcess
  readonly pid: number
  readonly port: number
  /** From the call to the line that names the port. */
  readonly listeningAfterMs: number
  /** Sends SIGTERM and waits. Throws when it did not end by itself with 0. */
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A TypeScript file of this folder, run by tsx. */
export function benchProgram(name: string): string[] {
  return ['--import', 'tsx', fileURLToPath(new URL(name, import.meta.url))]
}

const STDIO = {
  pipe: ['ignore', 'pipe', 'pipe'],
  inherit: ['ignore', 'inherit', 'inherit'],
  ipc: ['ignore', 'inherit', 'inherit', 'ipc'],
} satisfies Record<string, StdioOptions>

export function spawnNode(
  args: readonly string[],
  stdio: keyof typeof STDIO,
  env: Record<string, string> = {},
): ChildProcess {
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, ...env },
    stdio: STDIO[stdio],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Resolves when it has said where it listens. */
export async function startChild(args: readonly string[], env: Record<string, string> = {}): Promise<Child> {
  const begun = performance.now()
  const child = spawnNode(args, 'pipe', env)
  let output = ''
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4_000)
      const found = /"port":(\d+)|127\.0\.0\.1:(\d+)/.exec(output)
      if (found !== null) resolve(Number(found[1] ?? found[2]))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${output}`)))
  })
  return {
    process: child,
    pid: child.pid!,
    port,
    listeningAfterMs: performance.now() - begun,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        await ended
      }
      if (child.exitCode !== 0)
        throw new Error(`${args.join(' ')} ended with ${child.exitCode ?? child.signalCode}: ${output}`)
    },
  }
}
