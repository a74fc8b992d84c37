import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { builtInSpecs, findSpecFiles, readBuiltInSpec, readSpecFile } from '../../src/spec/load.ts'

describe('a built-in spec', () => {
  test.each(findSpecFiles([builtInSpecs()]))('means the same whether it is checked again or not: %s', (file) => {
    expect(readBuiltInSpec(file).loaded?.spec).toEqual(readSpecFile(file).loaded?.spec)
  })

  test('that somebody has changed is checked like any other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-specs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const original = join(builtInSpecs(), 'github.yaml')
    const changed = join(folder, basename(original))
    writeFileSync(changed, readFileSync(original, 'utf8').replace('scheme: hmac-sha256', 'scheme: hmac-sha257'))
    expect(readBuiltInSpec(changed)).toMatchObject({ loaded: null, findings: [{ severity: 'error' }] })
  })
})
