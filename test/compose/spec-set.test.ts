import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadSpecSet } from '../../src/compose/spec-set.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'

test('tells where in a spec of the user stands what only compiling shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-specs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'acme.yaml'),
    `provider: acme
name: Acme
docs: https://acme.example/docs
confidence: docs
secrets: { key: { where: the settings page } }
verify:
  - scheme: hmac-sha256
    secret: key
    signature: { header: X-Signature }
    equal_to: nobody
    signed: "{body}"
event: { type: body.type }
match:
  - { field: connection_config.account, equals: body.account }
examples:
  - name: something happens
    given: { secrets: { key: k } }
    request: { json: { type: t, account: a } }
    expect: { answer: 200 }
`,
  )
  const { specs, findings } = loadSpecSet([folder], { compileExpression: createExpressionCompiler() })
  expect(specs.has('acme')).toBe(false)
  expect(findings).toMatchObject([{ code: 'spec_invalid', severity: 'error', line: 10 }])
})
