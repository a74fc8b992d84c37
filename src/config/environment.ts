/**
 * Values that the environment sets without a word in the file, for containers and for trials. They go through the same checks as the
 * file's own. A `POSTERN_` variable that means nothing is most likely a mistyped one, and is said so.
 */
import { resolve } from 'node:path'
import type { Finding } from '../domain/finding.ts'
import { nearest } from '../domain/suggestion.ts'
import { type Draft, isMapping } from './draft.ts'
import { readSecretFile } from './interpolate.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The destination that `POSTERN_FORWARD_URL` makes. */
export const FORWARD_DESTINATION = 'app'

const OVERRIDES = [
  'POSTERN_PORT',
  'POSTERN_HOST',
  'POSTERN_PUBLIC_URL',
  'POSTERN_DATA_DIR',
  'POSTERN_LOG_LEVEL',
  'POSTERN_FORWARD_URL',
] as const

/** These only fill a gap: a list in the file may hold several live secrets, of which the variable would hide all but one. */
const SECRETS = [
  { name: 'POSTERN_API_KEY', path: ['api', 'keys'] },
  { name: 'POSTERN_ENCRYPTION_KEY', path: ['encryption', 'keys'] },
  { name: 'POSTERN_SIGNING_SECRET', path: ['signing', 'secrets'] },
] as const

/** Every variable that means something, here or to the command line. */
export const KNOWN_VARIABLES: readonly string[] = [
  'POSTERN_CONFIG',
  'POSTERN_URL',
  ...OVERRIDES,
  ...SECRETS.flatMap(({ name }) => [name, `${name}_FILE`]),
]

/** Kubernetes gives every pod variables about a service of our name: `POSTERN_SERVICE_HOST`, `POSTERN_PORT=tcp://…`, `POSTERN_PORT_8080_TCP`. */
const SERVICE_LINK = /^POSTERN_(SERVICE_|PORT_)/

/** Puts the values into the draft. */
export function applyEnvironment(draft: Draft, env: Environment, workingDirectory: string): Finding[] {
  const findings: Finding[] = []
  const set = (path: readonly string[], value: unknown, name: string): void => draft.set(path, value, originOf(name))

  const port = given(env, 'POSTERN_PORT')?.startsWith('tcp://') === false ? 'POSTERN_PORT' : 'PORT'
  const portText = given(env, port)
  if (portText !== undefined) set(['server', 'port'], /^\d{1,5}$/.test(portText) ? Number(portText) : portText, port)
  for (const [name, path] of [
    ['POSTERN_HOST', ['server', 'host']],
    ['POSTERN_PUBLIC_URL', ['server', 'public_url']],
    ['POSTERN_LOG_LEVEL', ['log', 'level']],
  ] as const) {
    const value = given(env, name)
    if (value !== undefined) set(path, value, name)
  }
  const dataDirectory = given(env, 'POSTERN_DATA_DIR')
  if (dataDirectory !== undefined)
    set(['storage'], `sqlite:${resolve(workingDirectory, dataDirectory, 'postern.db')}`, 'POSTERN_DATA_DIR')

  for (const { name, path } of SECRETS) {
    const section = draft.data[path[0]]
    if (isMapping(section) && section[path[1]] !== undefined) continue
    const file = given(env, `${name}_FILE`)
    const value = given(env, name)
    if (value !== undefined) set(path, [value], name)
    else if (file !== undefined) {
      const read = readSecretFile(resolve(workingDirectory, file))
      if (typeof read === 'string') set(path, [read], `${name}_FILE`)
      else findings.push({ ...read, severity: 'error', file: originOf(`${name}_FILE`), line: 0, column: 0 })
    }
  }

  const forwardUrl = given(env, 'POSTERN_FORWARD_URL')
  if (forwardUrl !== undefined) {
    set(['destinations', FORWARD_DESTINATION, 'url'], forwardUrl, 'POSTERN_FORWARD_URL')
    const integrations = isMapping(draft.data.integrations) ? draft.data.integrations : {}
    for (const [key, integration] of Object.entries(integrations)) {
      if (!isMapping(integration) || integration.forward !== undefined) continue
      set(['integrations', key, 'forward'], [FORWARD_DESTINATION], 'POSTERN_FORWARD_URL')
    }
  }
  return findings
}

/** A warning for every `POSTERN_` variable that nothing asks for. `used` are those that the file refers to. */
export function unknownVariables(env: Environment, used: ReadonlySet<string>): Finding[] {
  return Object.keys(env)
    .filter(
      (name) =>
        name.startsWith('POSTERN_') && !KNOWN_VARIABLES.includes(name) && !used.has(name) && !SERVICE_LINK.test(name),
    )
    .map((name): Finding => {
      const near = nearest(name, KNOWN_VARIABLES)
      return {
        code: 'config_unknown_variable',
        severity: 'warning',
        file: originOf(name),
        line: 0,
        column: 0,
        message: `nothing reads ${name}`,
        hint: near === null ? `Known are ${KNOWN_VARIABLES.join(', ')}.` : `Did you mean ${near}?`,
      }
    })
}

/** Set and not empty: an empty variable is how compose files and shells say "none". */
function given(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === undefined || value === '' ? undefined : value
}

function originOf(name: string): string {
  return `environment variable ${name}`
}
