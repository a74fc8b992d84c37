/**
 * The reference page of a provider spec, made of what is written elsewhere: every key from the schema, every function from the
 * expression language, and a table of what providers do and how a spec says it, each row with the test or example that proves it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { ADDED_FUNCTIONS } from '../src/expression/functions/catalog.ts'
import { TEXT_FILTERS } from '../src/verify/text-filters.ts'

interface Schema {
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly pattern?: string
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

/** Rows by section, as constructs.yaml has them. */
type Constructs = Readonly<
  Record<string, readonly { readonly what: string; readonly how: string; readonly proof: string }[]>
>

export interface ReferenceInput {
  /** The text of provider-spec.schema.json. */
  readonly schema: string
  /** The text of constructs.yaml. */
  readonly constructs: string
}

/** Throws for a row of constructs.yaml whose proof is not there. */
export function renderReference({ schema, constructs }: ReferenceInput): string {
  const root = JSON.parse(schema) as Schema
  const definitions = root.$defs ?? {}
  const objects = orderedObjects(root, definitions)
  const values = Object.entries(definitions).filter(([, one]) => !hasKeys(one) && one.pattern !== undefined)
  return [
    '# Provider specs: reference',
    '',
    'Made by `npm run schemas` from `provider-spec.schema.json`, `constructs.yaml` and the functions of the expression language; do not',
    'edit. Keys in bold are required.',
    '',
    root.description ?? '',
    '',
    keyTable(root),
    ...objects.flatMap(([name, one]) => ['', `## ${name}`, '', ...intro(one), keyTable(one)]),
    '',
    '## Values',
    '',
    table(
      ['value', 'form', 'description'],
      values.map(([name, one]) => [
        `<a id="${name.toLowerCase()}"></a>${name}`,
        code(one.pattern ?? ''),
        one.description ?? '',
      ]),
    ),
    '',
    '## Filters',
    '',
    `Behind a placeholder of \`signed\`, as in \`{body|sha256|hex}\`: ${Object.keys(TEXT_FILTERS).map(code).join(', ')}.`,
    '',
    '## Functions',
    '',
    "Expressions are JSONata, bounded in time and size. These functions are added to JSONata's own:",
    '',
    table(
      ['function', 'gives'],
      [...ADDED_FUNCTIONS.values()].map((one) => [code(`$${one.name}(${one.parameters.join(', ')})`), one.summary]),
    ),
    '',
    '## What providers do, and how a spec says it',
    '',
    ...constructTables(parse(constructs) as Constructs),
    '',
  ].join('\n')
}

function intro({ description }: Schema): string[] {
  return description === undefined ? [] : [description, '']
}

/** The definitions that have keys of their own, in the order in which the root leads to them. */
function orderedObjects(root: Schema, definitions: Readonly<Record<string, Schema>>): [name: string, schema: Schema][] {
  const found = new Map<string, Schema>()
  const visit = (schema: Schema | undefined): void => {
    if (schema === undefined) return
    const name = schema.$ref?.split('/').at(-1)
    if (name !== undefined) {
      const target = definitions[name]
      if (target === undefined || found.has(name) || !hasKeys(target)) return
      found.set(name, target)
      visit(target)
      return
    }
    for (const child of Object.values(schema.properties ?? {})) visit(child)
    visit(schema.items)
    for (const child of schema.oneOf ?? []) visit(child)
    if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties)
  }
  visit(root)
  return [...found]
}

function hasKeys(schema: Schema): boolean {
  return schema.properties !== undefined || (schema.oneOf ?? []).some(({ properties }) => properties !== undefined)
}

function keyTable(schema: Schema): string {
  return table(['key', 'type', 'default', 'description'], [...keyRows(schema, '')])
}

function* keyRows(schema: Schema, prefix: string): Generator<string[]> {
  for (const variant of schema.oneOf ?? []) {
    if (variant.enum !== undefined) yield [prefix, variant.enum.map(code).join(', '), '', variant.description ?? '']
    yield* keyRows(variant, prefix)
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${name}`
    const isRequired = schema.required?.includes(name) === true
    const shown = isRequired ? `**${code(path)}**` : code(path)
    const fallback = child.default === undefined ? '' : code(JSON.stringify(child.default))
    const examples = child.examples?.map((one) => code(typeof one === 'string' ? one : JSON.stringify(one))) ?? []
    const example = examples.length === 0 ? '' : ` For example ${examples.join(', ')}.`
    yield [shown, typeOf(child), fallback, `${child.description ?? ''}${example}`]
    if (child.properties !== undefined) yield* keyRows(child, `${path}.`)
    if (child.items?.properties !== undefined) yield* keyRows(child.items, `${path}[].`)
    for (const variant of child.oneOf ?? []) if (variant.properties !== undefined) yield* keyRows(variant, `${path}.`)
    if (typeof child.additionalProperties === 'object') {
      for (const variant of [child.additionalProperties, ...(child.additionalProperties.oneOf ?? [])]) {
        if (variant.properties !== undefined) yield* keyRows(variant, `${path}.*.`)
      }
    }
  }
}

function typeOf(schema: Schema): string {
  const name = schema.$ref?.split('/').at(-1)
  if (name !== undefined) return `[${name}](#${name.toLowerCase()})`
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.oneOf !== undefined) return [...new Set(schema.oneOf.map(typeOf))].join(' or ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map to ${typeOf(schema.additionalProperties)}`
  if (schema.type === undefined) return 'anything'
  return [schema.type].flat().join(' or ').replace('string', 'text')
}

function constructTables(sections: Constructs): string[] {
  const missing: string[] = []
  const lines = Object.entries(sections).flatMap(([section, rows]) => {
    const cells = rows.map(({ what, how, proof }) => {
      const found = findProof(proof)
      if (found === null) missing.push(`${what}: ${proof}`)
      return [what, how, found ?? '']
    })
    return [`### ${section}`, '', table(['what', 'how', 'proven by'], cells), '']
  })
  if (missing.length > 0) throw new Error(`constructs.yaml names proofs that are not there:\n${missing.join('\n')}`)
  return lines.slice(0, -1)
}

const FOLDERS: Readonly<Record<string, string>> = {
  T: 'test/verify/',
  C: 'test/verify/awkward/',
  E: 'test/engine/receive/',
  S: 'specs/',
}

/** The proof as it is shown, or null where the file does not hold the text. */
function findProof(proof: string): string | null {
  const [place = '', text = ''] = proof.split(' > ')
  const file = place.replace(/^([A-Z]):/, (_, folder: string) => FOLDERS[folder] ?? '')
  if (text === '' || !existsSync(file)) return null
  // In a test file a quote stands as it is, or escaped.
  const held = readFileSync(file, 'utf8').replaceAll("\\'", "'")
  return held.includes(text) ? `${code(file)}: ${text}` : null
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const shown = text.replaceAll('\n', String.raw`\n`)
  return shown.includes('`') ? `\`\` ${shown} \`\`` : `\`${shown}\``
}
