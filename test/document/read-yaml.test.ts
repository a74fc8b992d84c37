import { expect, test } from 'vitest'
import { readYaml } from '../../src/document/read-yaml.ts'
import { placeOf } from '../../src/domain/finding.ts'

function findingsOf(text: string): string[] {
  return readYaml(text, 'f.yaml').findings.map((finding) => `${placeOf(finding)} ${finding.code}`)
}

test('reads YAML 1.2 into plain data', () => {
  const document = readYaml('a: [1, two, true]\nb: { c: no, d: 010 }\n', 'f.yaml')
  expect(document.findings).toEqual([])
  expect(document.data).toEqual({ a: [1, 'two', true], b: { c: 'no', d: 10 } })
})

test('reads JSON, a byte order mark in front, and Windows line breaks', () => {
  expect(readYaml('{"a": [1, null]}', 'f.json').data).toEqual({ a: [1, null] })
  expect(readYaml('\u{feff}a: 1\r\nb: 2\r\n', 'f.yaml').data).toEqual({ a: 1, b: 2 })
})

test('an empty file is read as nothing, without a finding', () => {
  expect(readYaml('# nothing yet\n', 'f.yaml')).toMatchObject({ data: null, findings: [] })
})

const positions = [
  { name: 'a value stands where it begins', path: ['a', 'b'], atKey: false, place: '2:6' },
  { name: 'a key stands where it begins', path: ['a', 'b'], atKey: true, place: '2:3' },
  { name: 'an item of a list stands where it begins', path: ['list', 1], atKey: false, place: '5:5' },
  { name: 'an item of a list is its own key', path: ['list', 1], atKey: true, place: '5:5' },
  { name: 'a value in an item of a list is found', path: ['list', 0, 'c'], atKey: false, place: '4:10' },
  { name: 'a value behind an alias stands where it was written', path: ['again', 'b'], atKey: false, place: '2:6' },
  { name: 'a key that is a number is found by its text', path: ['7'], atKey: false, place: '7:4' },
  { name: 'a key without a value stands in for the value', path: ['none'], atKey: false, place: '8:6' },
  { name: 'what is missing stands at what should hold it', path: ['a', 'nope'], atKey: false, place: '1:1' },
  { name: 'the root stands at the first key', path: [], atKey: false, place: '1:1' },
]
for (const { name, path, atKey, place } of positions) {
  test(name, () => {
    const text = 'a: &x\n  b: 1\nlist:\n  - { c: 2 }\n  - 3\nagain: *x\n7: seven\nnone:\n'
    const { line, column } = readYaml(text, 'f.yaml').positionOf(path, atKey)
    expect(`${line}:${column}`).toBe(place)
  })
}

const refusals = [
  { name: 'refuses a key that stands twice', text: 'a: 1\nb: 2\na: 3', finding: 'f.yaml:3:1 yaml_duplicate_key' },
  {
    name: 'refuses a key that stands twice in a flow mapping',
    text: 'x: { a: 1, "a": 2 }',
    finding: 'f.yaml:1:12 yaml_duplicate_key',
  },
  { name: 'refuses an unclosed bracket', text: 'a: [1, 2\nb: 3', finding: 'f.yaml:2:1 yaml_bad_indent' },
  { name: 'refuses a tab as indentation', text: 'a:\n\tb: 1', finding: 'f.yaml:2:1 yaml_tab_as_indent' },
  { name: 'refuses several documents in one file', text: 'a: 1\n---\nb: 2', finding: 'f.yaml:2:1 yaml_multiple_docs' },
  { name: 'refuses a tag it does not know', text: 'a: !secret x', finding: 'f.yaml:1:4 yaml_tag_resolve_failed' },
  { name: 'refuses another version of YAML', text: '%YAML 1.1\n---\na: yes', finding: 'f.yaml:1:1 yaml_version' },
  { name: 'refuses an alias without an anchor', text: 'a: *nope', finding: 'f.yaml:1:4 yaml_unknown_alias' },
  { name: 'refuses an alias inside what it repeats', text: 'a: &x [1, *x]', finding: 'f.yaml:1:11 yaml_cyclic_alias' },
  { name: 'refuses a document that holds itself', text: '&x\na: *x', finding: 'f.yaml:2:4 yaml_cyclic_alias' },
  { name: 'refuses the key __proto__', text: 'a:\n  __proto__: { b: 1 }', finding: 'f.yaml:2:3 yaml_forbidden_key' },
  { name: 'refuses a list as a key', text: '? [a, b]\n: 1', finding: 'f.yaml:1:3 yaml_forbidden_key' },
  {
    name: 'refuses an integer that would lose digits',
    text: 'id: 12345678901234567890',
    finding: 'f.yaml:1:5 yaml_inexact_number',
  },
  { name: 'refuses a number beyond all numbers', text: 'a: 1e400', finding: 'f.yaml:1:4 yaml_inexact_number' },
  { name: 'refuses a number that is none', text: 'a: .nan', finding: 'f.yaml:1:4 yaml_inexact_number' },
]
for (const { name, text, finding } of refusals) {
  test(name, () => {
    expect(findingsOf(text)).toEqual([finding])
    expect(readYaml(text, 'f.yaml').data).toBeNull()
  })
}

const bombs = [
  { name: 'a million brackets', text: '['.repeat(1_000_000), code: 'yaml_too_deep' },
  { name: 'five thousand brackets, closed', text: '['.repeat(5_000) + ']'.repeat(5_000), code: 'yaml_too_deep' },
  { name: 'three thousand nested mappings', text: '{a: '.repeat(3_000), code: 'yaml_too_deep' },
  { name: 'lists in lists in one line', text: '- '.repeat(20_000), code: 'yaml_too_deep' },
  { name: 'explicit keys in one line', text: '? '.repeat(20_000), code: 'yaml_too_deep' },
  {
    name: 'a staircase of mappings',
    text: Array.from({ length: 1_300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
    code: 'yaml_too_deep',
  },
  { name: 'half a million commas', text: `[${','.repeat(500_000)}`, code: 'yaml_too_large' },
  {
    name: 'sixty thousand keys',
    text: Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join('\n'),
    code: 'yaml_too_large',
  },
  { name: 'ten megabytes', text: `a: "${'x'.repeat(10_000_000)}"`, code: 'yaml_too_large' },
  {
    name: 'a hundred laughs',
    text: `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at]!}`).join()}]`)
      .join('\n')}`,
    code: 'yaml_too_many_aliases',
  },
  { name: 'thirty thousand aliases', text: `a: &a 1\nb: [${'*a,'.repeat(30_000)}]`, code: 'yaml_too_many_aliases' },
]
for (const { name, text, code } of bombs) {
  test(`refuses ${name} without harm`, () =>
    expect(readYaml(text, 'f.yaml').findings.map((finding) => finding.code)).toEqual([code]))
}

test('sixty levels are not too deep', () => {
  expect(findingsOf(`${'['.repeat(60)}${']'.repeat(60)}`)).toEqual([])
  expect(findingsOf(Array.from({ length: 40 }, (_, at) => `${'  '.repeat(at)}- a:`).join('\n'))).toEqual([])
})

test('merge keys are ordinary keys', () => {
  expect(readYaml('a: &a { x: 1 }\nb:\n  <<: *a', 'f.yaml').data).toEqual({ a: { x: 1 }, b: { '<<': { x: 1 } } })
})

test('a syntax error quotes nothing of the file, which may be a secret', () => {
  const [finding] = readYaml('key: "a" s3cr3t-token', 'f.yaml').findings
  expect(JSON.stringify(finding)).not.toContain('s3cr3t')
})

test('gives at most twenty findings', () => {
  expect(readYaml(`a: "${'\\x'.repeat(500)}"`, 'f.yaml').findings).toHaveLength(20)
})
