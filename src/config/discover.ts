/** Which file holds the configuration: `--config`, then `POSTERN_CONFIG`, then `postern.yaml` or `postern.yml` here, then none. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

export interface ConfigLocation {
  /** Absolute. */
  readonly path: string
  /** As findings name it: the way the user wrote it. */
  readonly shownAs: string
  /** Who named it; a file that was named must exist. */
  readonly namedBy: '--config' | 'POSTERN_CONFIG' | null
}

/** The first that applies; files are never merged. Null when the gateway should run on the embedded default. */
export function discoverConfig(input: {
  /** The value of `--config`. */
  readonly argument: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
}): ConfigLocation | null {
  const { argument, env, workingDirectory } = input
  const named = (path: string, namedBy: '--config' | 'POSTERN_CONFIG'): ConfigLocation => ({
    path: resolve(workingDirectory, path),
    shownAs: path,
    namedBy,
  })
  if (argument !== undefined) return named(argument, '--config')
  if (env.POSTERN_CONFIG !== undefined && env.POSTERN_CONFIG !== '') return named(env.POSTERN_CONFIG, 'POSTERN_CONFIG')
  for (const name of ['postern.yaml', 'postern.yml']) {
    const path = join(workingDirectory, name)
    if (existsSync(path)) return { path, shownAs: name, namedBy: null }
  }
  return null
}
