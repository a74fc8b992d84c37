import { describe, expect, test } from 'vitest'
import { acme, PASSING, specFolder } from './spec-test/spec-folder.ts'

const sound = acme(PASSING)

test('says that all is well in one line and exits with 0', async () => {
  const { exitCode, out, err } = await specFolder({ 'specs/acme.yaml': sound }).lint()
  expect(out).toBe('0 errors, 0 warnings in 1 file')
  expect(err).toBe('')
  expect(exitCode).toBe(0)
})

describe('prints every finding with its place, severity, code and remedy', () => {
  const cases = [
    {
      name: 'an unknown key',
      text: sound.replace('    signed:', '    sigend:'),
      says: /^specs\/acme\.yaml:12:5 error \w+ .*"?sigend"?.*\n {4}.*Did you mean "signed"\?/m,
    },
    {
      name: 'what the parts of a spec make of each other',
      text: sound.replace('secret: signing_secret', 'secret: signing_key'),
      says: /^specs\/acme\.yaml:10:13 error spec_undeclared_secret /m,
    },
    {
      name: 'an expression that names something unknown',
      text: sound.replace('type: body.type', 'type: boddy.type'),
      says: /^specs\/acme\.yaml:14:9 error spec_invalid_expression .*boddy/m,
    },
    { name: 'YAML that cannot be read', text: 'provider: [', says: /^specs\/acme\.yaml:1:\d+ error yaml_/m },
  ]
  for (const { name, text, says } of cases) {
    test(name, async () => {
      const { exitCode, out } = await specFolder({ 'specs/acme.yaml': text }).lint()
      expect(out).toMatch(says)
      expect(out).toMatch(/\n[1-9]\d* errors?, \d+ warnings? in 1 file$/)
      expect(exitCode).toBe(1)
    })
  }
})

test('does not fail for warnings alone', async () => {
  const { exitCode, out } = await specFolder({ 'specs/other.yaml': sound }).lint()
  expect(out).toContain('specs/other.yaml:1:11 warning spec_misnamed_file')
  expect(out).toContain('0 errors, 1 warning in 1 file')
  expect(exitCode).toBe(0)
})

test('with --json prints one document and nothing else', async () => {
  const folder = specFolder({
    'specs/acme.yaml': sound.replace('secret: signing_secret', 'secret: signing_key'),
    'specs/b.yaml': sound,
  })
  const { exitCode, out, err } = await folder.lint([], { json: true })
  const report = JSON.parse(out) as { summary: object; findings: object[] }
  expect(report.summary).toEqual({ files: 2, errors: 1, warnings: 2 })
  expect(report.findings).toContainEqual({
    code: 'spec_undeclared_secret',
    severity: 'error',
    file: 'specs/acme.yaml',
    line: 10,
    column: 13,
    message: '"signing_key" is not declared under secrets',
    hint: 'Declared are: signing_secret.',
  })
  expect(err).toBe('')
  expect(exitCode).toBe(1)
})

test('fails when there is no spec to lint', async () => {
  const { exitCode, err } = await specFolder({ 'specs/notes.txt': '' }).lint()
  expect(err).toContain('No spec found')
  expect(exitCode).toBe(1)
})

test('exits with 2 for a path that is not there and names it', async () => {
  const { exitCode, out, err } = await specFolder({}).lint(['nowhere.yaml'])
  expect(err).toContain('spec_unreadable: There is no file or folder nowhere.yaml.')
  expect(out).toBe('')
  expect(exitCode).toBe(2)
})
