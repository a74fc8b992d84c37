import { readFileSync, readdirSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'

// At run time our own schemas are compiled without being checked themselves, which would be a third of the work; so they are here.
for (const file of readdirSync('schemas').filter((name) => name.endsWith('.schema.json'))) {
  test(`${file} is a valid JSON Schema`, () => {
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } })
    const isValid = ajv.validateSchema(JSON.parse(readFileSync(`schemas/${file}`, 'utf8')) as object)
    expect(ajv.errors ?? []).toEqual([])
    expect(isValid).toBe(true)
  })
}
