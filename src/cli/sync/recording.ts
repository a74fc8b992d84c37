/** What `postern sync try` runs against instead of an API: an example of the sync, or a file with answers. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readYaml } from '../../document/read-yaml.ts'
import { GatewayError } from '../../domain/errors.ts'
import type { SyncDeclaration, SyncExample } from '../../domain/provider-spec.gen.ts'
import { describeFinding } from '../../domain/finding.ts'
import { parseLossless } from '../../domain/json-text.ts'
import { suggest } from '../../domain/suggestion.ts'
import { isRecord } from '../client.ts'
import type { CliIo } from '../io.ts'

export type Recording = Pick<SyncExample, 'answers' | 'given'>

/** By its whole name, or by a part of it that no other has. */
export function exampleCalled(name: string, { examples = [] }: SyncDeclaration): SyncExample {
  const wanted = name.toLowerCase()
  const similar = examples.filter((example) => example.name.toLowerCase().includes(wanted))
  const found = examples.find((example) => example.name === name) ?? (similar.length === 1 ? similar[0] : undefined)
  if (found !== undefined) return found
  const names = examples.map((example) => example.name)
  throw new GatewayError({
    code: 'example_unknown',
    message:
      similar.length > 1
        ? `${similar.length} examples of the sync have "${name}" in their names.`
        : `The sync has no example "${name}".`,
    hint:
      names.length === 0 ? 'It has none at all; add some under examples:.' : (suggest(name, names) ?? names.join('; ')),
  })
}

/**
 * A YAML or JSON file: a list of answers as those of an example, or an object with `answers` and, as an example has it, `given`.
 * One JSON document that is neither is taken for the body of the only answer, so that what `curl` has saved can be used as it is.
 */
export function readRecording(file: string, io: CliIo): Recording {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : resolve(io.cwd, file), 'utf8')
  } catch (cause) {
    throw unusable(`The recording cannot be read from ${file}.`, cause)
  }
  const { data, findings } = readYaml(text, file)
  // What is JSON is a body at least; YAML's own rules, such as that on large numbers, are not for it.
  if (findings.length > 0 && !parseLossless(text).ok) throw unusable(findings.map(describeFinding).join('\n'))
  const answers: unknown = isRecord(data) ? data['answers'] : data
  const given: unknown = isRecord(data) ? data['given'] : undefined
  if (areAnswers(answers) && (given === undefined || isRecord(given)))
    return { answers, ...(given === undefined ? {} : { given }) }
  return { answers: [{ text }] }
}

const MEMBERS: ReadonlySet<string> = new Set(['request', 'status', 'headers', 'json', 'text'])

function areAnswers(value: unknown): value is SyncExample['answers'] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((answer) => isRecord(answer) && Object.keys(answer).every((member) => MEMBERS.has(member)))
  )
}

function unusable(message: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'usage_invalid',
    message,
    hint: 'A recording is what stands under answers: of an example, or one JSON answer.',
    cause,
  })
}
