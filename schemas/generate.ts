/**
 * Writes the TypeScript types of every schema beside the code that uses them. `--check` writes nothing and fails when a committed
 * file is stale; the test suite runs it that way.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { compileFromFile } from 'json-schema-to-typescript'

const TARGETS = [
  { schema: 'schemas/provider-spec.schema.json', types: 'src/domain/provider-spec.gen.ts' },
  { schema: 'schemas/config.schema.json', types: 'src/config/config.gen.ts' },
]

const check = process.argv.includes('--check')
let stale = 0
for (const { schema, types } of TARGETS) {
  const banner = `// Generated from ${schema} by \`npm run schemas\`; do not edit.`
  const text = await compileFromFile(schema, {
    bannerComment: banner,
    additionalProperties: false,
    style: { semi: false, singleQuote: true, printWidth: 120 },
  })
  const known = readText(types)
  if (text === known) continue
  if (check) {
    stale += 1
    console.error(`${types} is not what ${schema} says. Run: npm run schemas`)
  } else {
    writeFileSync(types, text)
    console.log(`wrote ${types}`)
  }
}
process.exitCode = stale === 0 ? 0 : 1

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
