import { expect, test } from 'vitest'
import { describeFinding, type Finding, sortFindings } from '../../src/domain/finding.ts'

const finding: Finding = {
  code: 'x_y',
  severity: 'error',
  file: 'postern.yaml',
  line: 3,
  column: 5,
  message: 'unknown key "prot"',
  hint: 'Did you mean "port"?',
}

test('a finding is one line: place, severity, message, hint', () => {
  expect(describeFinding(finding)).toBe('postern.yaml:3:5: error: unknown key "prot". Did you mean "port"?')
})

test('a finding that stands in no file names its place alone', () => {
  const inEnvironment = { ...finding, file: 'environment variable PORT', line: 0, column: 0, hint: null }
  expect(describeFinding(inEnvironment)).toBe('environment variable PORT: error: unknown key "prot".')
})

test('findings are sorted by file, line and column', () => {
  const places = [
    { ...finding, line: 3, column: 9 },
    { ...finding, file: 'a.yaml', line: 9 },
    { ...finding, line: 3, column: 2 },
    { ...finding, line: 1 },
  ]
  expect(sortFindings(places).map(({ file, line, column }) => `${file}:${line}:${column}`)).toEqual([
    'a.yaml:9:5',
    'postern.yaml:1:5',
    'postern.yaml:3:2',
    'postern.yaml:3:9',
  ])
})
