/**
 * From a file, the environment and the defaults to the configuration in force. Everything that is wrong comes back as findings with
 * places and remedies; a configuration with an error among them is not given out, so a reload that fails changes nothing.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { packageFile } from '../document/package-file.ts'
import { readYaml } from '../document/read-yaml.ts'
import { capFindings, createSchemaValidator, type SchemaValidator, validateDocument } from '../document/validate.ts'
import type { YamlDocument } from '../document/yaml-document.ts'
import { type Finding, sortFindings } from '../domain/finding.ts'
import { crossCheck } from './cross-checks.ts'
import { type ConfigLocation, discoverConfig } from './discover.ts'
import { Draft, isMapping } from './draft.ts'
import { applyEnvironment, type Environment, FORWARD_DESTINATION, unknownVariables } from './environment.ts'
import { interpolate } from './interpolate.ts'
import { resolveConfig } from './resolve.ts'
import type { ResolvedConfig } from './resolved-config.ts'

export interface ConfigReading {
  /** Null when there is an error among the findings. */
  readonly config: ResolvedConfig | null
  /** By place, at most 20 and one that counts the rest. */
  readonly findings: readonly Finding[]
}

export interface ConfigSources {
  /** The value of `--config`. */
  readonly argument: string | undefined
  readonly env: Environment
  readonly workingDirectory: string
}

const MAX_FINDINGS = 20

/** With no file at all: a trial on this machine, which may forward to a receiver on this machine. */
const EMBEDDED_DEFAULT = { outbound: { allow_private: ['127.0.0.0/8', '::1/128'] } }

/** Sections whose members have defaults; an absent one is as good as an empty one. */
const SECTIONS_WITH_DEFAULTS = ['server', 'outbound', 'delivery', 'ingest', 'retention', 'log']

/** Finds the configuration and reads it. Throws nothing: a file that cannot be read is a finding. */
export function loadConfig(sources: ConfigSources): ConfigReading {
  const location = discoverConfig(sources)
  if (location === null) return build(embeddedDocument(), null, sources)
  let text: string
  try {
    text = readFileSync(location.path, 'utf8')
  } catch (error) {
    return { config: null, findings: [unreadable(location, error)] }
  }
  const document = readYaml(text, location.shownAs)
  if (document.findings.length > 0) return { config: null, findings: document.findings }
  return build(document, location, sources)
}

function build(document: YamlDocument, location: ConfigLocation | null, sources: ConfigSources): ConfigReading {
  const validator = createSchemaValidator(readSchema(), { withDefaults: true })
  const data = document.data ?? {}
  if (!isMapping(data)) return { config: null, findings: validateDocument(document, validator) }

  const draft = new Draft(document, structuredClone(data))
  const directory = location === null ? sources.workingDirectory : dirname(location.path)
  const interpolated = interpolate(draft, { env: sources.env, directory })
  const findings = [
    ...interpolated.findings,
    ...applyEnvironment(draft, sources.env, sources.workingDirectory),
    ...unknownVariables(sources.env, interpolated.variables),
  ]
  for (const section of SECTIONS_WITH_DEFAULTS) draft.data[section] ??= {}
  readNumbers(draft, validator)
  const shape = validateDocument(draft, validator, {
    isHidden: (path) => draft.isInterpolated(path),
    maxFindings: Infinity,
  })
  findings.push(...shape)
  if (shape.length === 0) findings.push(...crossCheck(draft, draft.data))

  const sorted = capFindings(sortFindings(findings), MAX_FINDINGS)
  if (findings.some((finding) => finding.severity === 'error')) return { config: null, findings: sorted }
  const config = resolveConfig(draft, draft.data, {
    file: location?.path ?? null,
    directory,
    defaultForward: draft.originOf(['destinations', FORWARD_DESTINATION, 'url']).includes('POSTERN_FORWARD_URL')
      ? [FORWARD_DESTINATION]
      : [],
  })
  return { config, findings: sorted }
}

/** `port: ${PORT}` is a text until here; where the schema wants a number and the text is one, it becomes one. */
function readNumbers(draft: Draft, validator: SchemaValidator): void {
  const copy = structuredClone(draft.data)
  for (const error of validator.check(copy)) {
    if (error.keyword !== 'type' || (error.params.type !== 'integer' && error.params.type !== 'number')) continue
    const path = error.instancePath.slice(1).split('/')
    const holder = path
      .slice(0, -1)
      .reduce<unknown>((value, step) => (isMapping(value) ? value[step] : undefined), draft.data)
    const last = path.at(-1)!
    if (!isMapping(holder) || !draft.isInterpolated(path)) continue
    const text = holder[last]
    if (typeof text === 'string' && /^(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text)) holder[last] = Number(text)
  }
}

function embeddedDocument(): YamlDocument {
  const file = 'embedded default'
  return { file, data: EMBEDDED_DEFAULT, findings: [], positionOf: () => ({ file, line: 0, column: 0 }) }
}

function readSchema(): object {
  return JSON.parse(readFileSync(packageFile('schemas/config.schema.json'), 'utf8')) as object
}

function unreadable(location: ConfigLocation, error: unknown): Finding {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  const hint =
    location.namedBy === null
      ? 'Make it readable for the user of the gateway.'
      : `${location.namedBy} names it; correct that or ${isMissing ? 'create the file' : 'make it readable'}.`
  return {
    code: 'config_unreadable',
    severity: 'error',
    file: location.shownAs,
    line: 0,
    column: 0,
    message: isMissing ? 'there is no such file' : 'the file cannot be read',
    hint,
  }
}
