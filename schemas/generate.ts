/**
 * Copies the definitions of syncs to the end of the schemas that declare them, because editors and our validator want every schema
 * whole; writes the TypeScript types of every schema beside the code that uses them, the reference page of provider specs, and the list
 * of built-in specs that have passed schema and linter. `--check` writes nothing and fails when a committed file is stale; the test suite runs it that way.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { compileFromFile } from 'json-schema-to-typescript'
import { builtInSpecs, findSpecFiles, readSpecFile, specDigest } from '../src/spec/load.ts'
import { renderReference } from './reference.ts'

const SPEC_SCHEMA = 'schemas/provider-spec.schema.json'
const TARGETS = [
  { schema: SPEC_SCHEMA, types: 'src/domain/provider-spec.gen.ts' },
  { schema: 'schemas/config.schema.json', types: 'src/config/config.gen.ts' },
]

const SYNC_SCHEMA = 'schemas/sync.schema.json'
const CONSTRUCTS = 'schemas/constructs.yaml'
const SOUND_SPECS = 'schemas/sound-specs.json'
const REFERENCE = 'schemas/provider-spec.md'

const check = process.argv.includes('--check')
let stale = 0
const syncDefinitions = definitionsIn(readFileSync(SYNC_SCHEMA, 'utf8'))
for (const { schema } of TARGETS) {
  const known = readFileSync(schema, 'utf8')
  const text = withSyncDefinitions(known)
  if (text === known) continue
  if (check) {
    stale += 1
    console.error(`the syncs in ${schema} are not what ${SYNC_SCHEMA} says. Run: npm run schemas`)
  } else {
    writeFileSync(schema, text)
    console.log(`wrote ${schema}`)
  }
}
for (const { schema, types } of TARGETS) {
  const banner = `// Generated from ${schema} by \`npm run schemas\`; do not edit.`
  const text = await compileFromFile(schema, {
    bannerComment: banner,
    additionalProperties: false,
    style: { semi: false, singleQuote: true, printWidth: 120 },
  })
  update(types, text, schema)
}
const reference = renderReference({ schema: readText(SPEC_SCHEMA), constructs: readText(CONSTRUCTS) })
update(REFERENCE, reference, `${SPEC_SCHEMA} and ${CONSTRUCTS}`)
update(SOUND_SPECS, soundSpecs(), 'specs/*.yaml')
process.exitCode = stale === 0 ? 0 : 1

/** Writes a file that is made of others, or says that it is stale. */
function update(file: string, text: string, source: string): void {
  if (text === readText(file)) return
  if (check) {
    stale += 1
    console.error(`${file} is not what ${source} says. Run: npm run schemas`)
  } else {
    writeFileSync(file, text)
    console.log(`wrote ${file}`)
  }
}

/** A spec with an error is left out, and so is checked, and refused, whenever it is read. */
function soundSpecs(): string {
  const digests = findSpecFiles([builtInSpecs()]).flatMap((file) =>
    readSpecFile(file).loaded === null ? [] : [[basename(file), specDigest(readText(file))]],
  )
  return `${JSON.stringify(Object.fromEntries(digests), null, 2)}\n`
}

/** The text of the definitions, which are the last member of their schema. */
function definitionsIn(text: string): string {
  return text.slice(text.indexOf('\n    "syncDeclarations"'), text.lastIndexOf('\n  }\n}'))
}

/** The definitions of syncs are the last ones of a schema, from `syncDeclarations` on. */
function withSyncDefinitions(text: string): string {
  const end = text.lastIndexOf('\n  }\n}')
  const at = text.indexOf(',\n    "syncDeclarations": {')
  return `${text.slice(0, at === -1 ? end : at)},${syncDefinitions}\n  }\n}\n`
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
