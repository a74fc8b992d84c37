import { expect, test } from 'vitest'
import { readYaml } from '../../src/document/read-yaml.ts'
import { createSchemaValidator, validateDocument, type ValidateOptions } from '../../src/document/validate.ts'
import { describeFinding } from '../../src/domain/finding.ts'

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { description: 'What it is called. Anything goes.', type: 'string', minLength: 1, maxLength: 5 },
    port: { type: 'integer', minimum: 0, maximum: 10, default: 8 },
    level: { enum: ['debug', 'info'] },
    when: { type: 'string', format: 'date-time' },
    wait: { oneOf: [{ $ref: '#/$defs/duration' }, { const: 'off' }] },
    kind: { oneOf: [{ $ref: '#/$defs/kind' }, { type: 'array', items: { $ref: '#/$defs/kind' } }] },
    secrets: {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string', pattern: '^[a-z]+$' } },
    },
    list: { type: 'array', minItems: 2, maxItems: 3, uniqueItems: true, items: { type: 'string' } },
    map: { type: 'object', propertyNames: { $ref: '#/$defs/word' }, additionalProperties: { type: 'string' } },
    shape: {
      type: 'object',
      discriminator: { propertyName: 'type' },
      oneOf: [
        { properties: { type: { const: 'circle' }, radius: { type: 'number' } }, required: ['type', 'radius'] },
        { properties: { type: { const: 'square' }, side: { type: 'number' } }, required: ['type', 'side'] },
      ],
    },
  },
  $defs: {
    word: { description: 'Letters only.', type: 'string', pattern: '^[a-z]+$' },
    duration: { description: 'A number and a unit.', type: 'string', pattern: '^[0-9]+s$' },
    kind: {
      oneOf: [
        { enum: ['json', 'form'] },
        { type: 'object', additionalProperties: false, required: ['field'], properties: { field: { type: 'string' } } },
      ],
    },
  },
} as const

function check(text: string, options?: ValidateOptions): string[] {
  const document = readYaml(text, 'f.yaml')
  expect(document.findings).toEqual([])
  return validateDocument(document, createSchemaValidator(SCHEMA), options).map(describeFinding)
}

const cases = [
  { name: 'finds nothing in a valid document', text: 'name: a\nkind: [json, { field: x }]\nwait: off', findings: [] },
  {
    name: 'an unknown key is shown at the key, with the name that was meant',
    text: 'name: a\nprot: 1',
    findings: ['f.yaml:2:1: error: unknown key "prot". Did you mean "port"?'],
  },
  {
    name: 'a mistyped required key is one finding, not two',
    text: 'nmae: a',
    findings: ['f.yaml:1:1: error: unknown key "nmae". Did you mean "name"?'],
  },
  {
    name: 'a missing key is shown at what lacks it, with what it is for',
    text: 'port: 1',
    findings: ['f.yaml:1:1: error: the document has no "name". Add "name: …": what it is called.'],
  },
  {
    name: 'a wrong type names the value seen',
    text: 'name: a\nport: x',
    findings: ['f.yaml:2:7: error: port must be a whole number, not "x".'],
  },
  {
    name: 'a number in quotes is told to lose them',
    text: 'name: a\nport: "8"',
    findings: ['f.yaml:2:7: error: port must be a whole number, not "8". Write it without quotes.'],
  },
  {
    name: 'a text without quotes is told to get them',
    text: 'name: 7',
    findings: ['f.yaml:1:7: error: name must be a text, not 7. Put it in quotes.'],
  },
  {
    name: 'a single value for a list is told to get brackets',
    text: 'name: a\nlist: x',
    findings: ['f.yaml:2:7: error: list must be a list, not "x". Put it in brackets: [ … ].'],
  },
  {
    name: 'a word that is not allowed comes with those that are',
    text: 'name: a\nlevel: inf',
    findings: ['f.yaml:2:8: error: level is "inf", which is not one of debug, info. Did you mean "info"?'],
  },
  {
    name: 'bounds are named',
    text: 'name: abcdef\nport: 11\nlist: [a]',
    findings: [
      'f.yaml:1:7: error: name is too long. What it is called. Anything goes.',
      'f.yaml:2:7: error: port is 11 but must be <= 10.',
      'f.yaml:3:7: error: list must have at least 2 entries.',
    ],
  },
  {
    name: 'an empty text is called empty',
    text: 'name: ""',
    findings: ['f.yaml:1:7: error: name is empty. What it is called. Anything goes.'],
  },
  {
    name: 'a repeated item is shown where it repeats',
    text: 'name: a\nlist: [x, y, x]',
    findings: ['f.yaml:2:14: error: list names the same thing twice. Remove one of them.'],
  },
  {
    name: 'a key of the wrong form is shown at the key',
    text: 'name: a\nmap: { ok: x, "no way": y }',
    findings: ['f.yaml:2:15: error: the key "no way" has not the right form. Letters only.'],
  },
  {
    name: 'a wrong time comes with a right one',
    text: 'name: a\nwhen: yesterday',
    findings: ['f.yaml:2:7: error: when is "yesterday", which is no date-time. Write it like 2026-03-02T10:00:00Z.'],
  },
  {
    name: 'of alternatives, a value that fits none is told what all would take',
    text: 'name: a\nwait: of',
    findings: ['f.yaml:2:7: error: wait must be a number and a unit or "off", not "of". Did you mean "off"?'],
  },
  {
    name: 'of alternatives, only the one that was meant speaks',
    text: 'name: a\nkind: [json, { feild: x }]',
    findings: ['f.yaml:2:16: error: unknown key "feild" in kind[1]. Did you mean "field"?'],
  },
  {
    name: 'nested alternatives are one finding',
    text: 'name: a\nkind: jsn',
    findings: [
      'f.yaml:2:7: error: kind must be one of json, form or a mapping (key: value) or a list, each one of json, form or a mapping (key: value), not "jsn". Did you mean "json"?',
    ],
  },
  {
    name: 'a tagged union complains of the tag alone',
    text: 'name: a\nshape: { type: sqare, side: 1 }',
    findings: ['f.yaml:2:16: error: shape.type is "sqare", which is not one of circle, square. Did you mean "square"?'],
  },
  {
    name: 'a tagged union complains of what the tag asks for',
    text: 'name: a\nshape: { type: circle }',
    findings: ['f.yaml:2:1: error: shape has no "radius". Add "radius: …".'],
  },
  {
    name: 'a union without its tag says which there are',
    text: 'name: a\nshape: { side: 1 }',
    findings: ['f.yaml:2:1: error: shape has no "type". Give it as one of circle, square.'],
  },
  {
    name: 'a merge key is explained',
    text: 'name: a\n<<: { port: 1 }',
    findings: ['f.yaml:2:1: error: unknown key "<<". Merge keys are not supported; write the values out.'],
  },
  {
    name: 'a document of the wrong kind is one finding',
    text: '[a]',
    findings: ['f.yaml:1:1: error: the document must be a mapping (key: value), not a list.'],
  },
  {
    name: 'findings come in the order of the file',
    text: 'port: x\nlevel: y\nname: 1',
    findings: [
      'f.yaml:1:7: error: port must be a whole number, not "x".',
      'f.yaml:2:8: error: level is "y", which is not one of debug, info.',
      'f.yaml:3:7: error: name must be a text, not 1. Put it in quotes.',
    ],
  },
]
for (const { name, text, findings } of cases) test(name, () => expect(check(text)).toEqual(findings))

test('the value of a secret is never shown', () => {
  const findings = check('name: a\nsecrets: { x: [hunter2], y: hunter3 }').join('\n')
  expect(findings).toContain('secrets.x[0] is a text, which has not the right form')
  expect(findings).toContain('secrets.y must be a list, not a text')
  expect(findings).not.toContain('hunter')
})

test('nor is one that the caller calls hidden', () => {
  expect(check('name: a\nport: hunter2', { isHidden: (path) => path[0] === 'port' }).join()).not.toContain('hunter')
})

test('long values are cut', () => {
  expect(check(`name: a\nlevel: ${'x'.repeat(500)}`)[0]!.length).toBeLessThan(200)
})

test('beyond twenty findings, one more says how many are left', () => {
  const text = `name: a\n${Array.from({ length: 25 }, (_, at) => `unknown${at}: 1`).join('\n')}`
  const findings = check(text)
  expect(findings).toHaveLength(21)
  expect(findings[20]).toBe('f.yaml:22:1: error: and 5 more findings from here on. Correct the ones above first.')
})

test('defaults are filled in where they are asked for', () => {
  const document = readYaml('name: a', 'f.yaml')
  expect(validateDocument(document, createSchemaValidator(SCHEMA, { withDefaults: true }))).toEqual([])
  expect(document.data).toEqual({ name: 'a', port: 8 })
})
