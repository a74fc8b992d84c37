/** Which files `postern test` and `postern lint` read, and how they name them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { GatewayError } from '../../domain/errors.ts'
import { builtInSpecs, findSpecFiles } from '../../spec/load.ts'

/**
 * The spec files under the paths, absolute and sorted; without any path those in `specs` here, or the built-in ones where there is
 * no such folder. Throws `spec_unreadable` for a path that cannot be read.
 */
export function collectSpecFiles(paths: readonly string[], cwd: string): string[] {
  const wanted = wantedPaths(paths, cwd)
  return yamlFiles(wanted, cwd).filter((file) => wanted.includes(file) || !isConfigName(file))
}

export type LintSubject = { readonly kind: 'spec' | 'config' | 'page'; readonly file: string }

/**
 * Everything under the paths that can be linted, sorted: specs, configurations, pages of Markdown. Without any path the specs that
 * `collectSpecFiles` finds, and the configuration here where there is one.
 */
export function collectLintSubjects(paths: readonly string[], cwd: string): LintSubject[] {
  const wanted = wantedPaths(paths, cwd)
  const named = wanted.filter(isPage)
  const yaml = yamlFiles(
    wanted.filter((path) => !isPage(path)),
    cwd,
  )
  const pages = [...named, ...watchedFolders(paths, cwd).flatMap(pagesIn)]
  const config =
    paths.length > 0 ? undefined : CONFIG_NAMES.map((name) => join(cwd, name)).find((file) => existsSync(file))
  const subjects = [...new Set([...pages, ...yaml, ...(config === undefined ? [] : [config])])].sort()
  for (const file of named) if (!existsSync(file)) throw unreadable({ code: 'ENOENT' }, nameFrom(cwd, file))
  return subjects.map((file) => ({ kind: isPage(file) ? 'page' : isConfig(file) ? 'config' : 'spec', file }))
}

const CONFIG_NAMES = ['postern.yaml', 'postern.yml']
/** Members of a configuration that no spec has. */
const CONFIG_SECTIONS = /^(server|storage|api|encryption|signing|destinations|integrations|outbound):/m

function isConfigName(file: string): boolean {
  return CONFIG_NAMES.includes(basename(file))
}

/** A file of any other name is one when it has a section of a configuration and no provider. */
function isConfig(file: string): boolean {
  if (isConfigName(file)) return true
  if (statSync(file).size > MAX_CONFIG_BYTES) return false
  const text = readFileSync(file, 'utf8')
  return CONFIG_SECTIONS.test(text) && !/^provider:/m.test(text)
}

/** Larger is neither. */
const MAX_CONFIG_BYTES = 1_048_576

function isPage(path: string): boolean {
  return /\.(md|markdown)$/i.test(path)
}

function pagesIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isPage(entry.name))
    .map((entry) => join(folder, entry.name))
}

function yamlFiles(paths: readonly string[], cwd: string): string[] {
  try {
    return findSpecFiles(paths)
  } catch (error) {
    const { path } = error as NodeJS.ErrnoException
    throw unreadable(error, path === undefined ? 'The path' : nameFrom(cwd, path))
  }
}

/** The paths and every folder below them, absolute: where something may change that `collectSpecFiles` would find. */
export function watchedFolders(paths: readonly string[], cwd: string): string[] {
  const found: string[] = []
  const visit = (path: string, depth: number): void => {
    found.push(path)
    const entries =
      statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && depth < 8
        ? readdirSync(path, { withFileTypes: true })
        : []
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') {
        visit(join(path, entry.name), depth + 1)
      }
    }
  }
  for (const path of wantedPaths(paths, cwd)) visit(path, 0)
  return found
}

function wantedPaths(paths: readonly string[], cwd: string): string[] {
  return paths.length > 0 ? paths.map((path) => resolve(cwd, path)) : [defaultFolder(cwd)]
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
