/** What the machine gives the gateway: the runtime, and the data directory with who may read what is in it. */
import { existsSync, statSync } from 'node:fs'
import type { ResolvedConfig } from '../../config/resolved-config.ts'
import { instanceFile } from '../find-gateway.ts'
import { readVersions } from '../versions.ts'
import { type Check, ofError, ok } from './check.ts'

/** As in `engines` of package.json: undici 7 and the lock file's other packages need it. */
const MIN_NODE = [20, 19] as const

export async function checkRuntime(): Promise<Check[]> {
  const { node, sqlite } = await readVersions()
  return [checkNode(node), sqlite === null ? unloadable() : await checkSqlite(sqlite)]
}

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const check = { area: 'runtime', subject: 'Node.js', message: version } as const
  if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
    return {
      ...check,
      status: 'error',
      hint: `Install ${MIN_NODE.join('.')} or later; 24 is the one with long-term support.`,
    }
  }
  if (major > 20) return { ...check, status: 'ok', hint: null }
  return {
    ...check,
    status: 'warning',
    hint: 'Node 20 has had no security fixes since 2026-04-30; 24 is the one with long-term support.',
  }
}

function unloadable(): Check {
  return {
    area: 'runtime',
    subject: 'SQLite',
    status: 'error',
    message: 'the addon better-sqlite3 cannot be loaded',
    hint: 'After a change of the Node version, run: npm rebuild better-sqlite3',
  }
}

/** The adapter itself says which SQLite it trusts; the doctor must not have a second opinion. */
async function checkSqlite(version: string): Promise<Check> {
  const { assertSqliteVersion } = await import('../../store/sqlite/database-file.ts')
  try {
    assertSqliteVersion(version)
    return ok('runtime', 'SQLite', version)
  } catch (error) {
    return ofError('runtime', 'SQLite', error)
  }
}

/** Look before anything opens the directory: opening sets a wrong mode right. */
export function checkDataDirectory(config: ResolvedConfig): Check[] {
  const directory = config.dataDirectory
  if (!existsSync(directory)) return [ok('data', directory, 'will be made at the first start')]
  const checks: Check[] = []
  const others = modeOf(directory) & 0o077
  if (others !== 0) {
    checks.push({
      area: 'data',
      subject: directory,
      status: (others & 0o022) === 0 ? 'warning' : 'error',
      message: `others may ${(others & 0o022) === 0 ? 'look into' : 'write to'} the data directory`,
      hint: `chmod 700 ${directory}`,
    })
  }
  const { file } = config.storage
  for (const path of [instanceFile(config), file, `${file}-wal`, `${file}-shm`]) {
    if (!existsSync(path) || (modeOf(path) & 0o077) === 0) continue
    checks.push({
      area: 'data',
      subject: path,
      status: 'error',
      message: 'others may read it',
      hint: `chmod 600 ${path}`,
    })
  }
  return checks.length > 0 ? checks : [ok('data', directory, 'only its owner may read it')]
}

function modeOf(path: string): number {
  return process.platform === 'win32' ? 0 : statSync(path).mode
}
