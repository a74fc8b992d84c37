/** Which files `postern test` and `postern lint` read, and how they name them. */
import { existsSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { GatewayError } from '../../domain/errors.ts'
import { builtInSpecs, findSpecFiles } from '../../spec/load.ts'

/**
 * The spec files under the paths, absolute and sorted; without any path those in `specs` here, or the built-in ones where there is
 * no such folder. Throws `spec_unreadable` for a path that cannot be read.
 */
export function collectSpecFiles(paths: readonly string[], cwd: string): string[] {
  const wanted = paths.length > 0 ? paths.map((path) => resolve(cwd, path)) : [defaultFolder(cwd)]
  try {
    return findSpecFiles(wanted)
  } catch (error) {
    const { path } = error as NodeJS.ErrnoException
    throw unreadable(error, path === undefined ? 'The path' : nameFrom(cwd, path))
  }
}

function defaultFolder(cwd: string): string {
  const here = join(cwd, 'specs')
  return existsSync(here) ? here : builtInSpecs()
}

/** What the file system threw, as an error for the user. */
export function unreadable(error: unknown, name: string): GatewayError {
  const { code } = error as NodeJS.ErrnoException
  return new GatewayError({
    code: 'spec_unreadable',
    message:
      code === 'ENOENT'
        ? `There is no file or folder ${name}.`
        : `${name} cannot be read (${code ?? 'unknown error'}).`,
    hint: 'Give files or folders with provider specs: postern test ./specs',
    details: { path: name },
    cause: error,
  })
}

/** The file as somebody in this folder would type it. */
export function nameFrom(cwd: string, file: string): string {
  const path = relative(cwd, file)
  return path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path) ? file : path
}
