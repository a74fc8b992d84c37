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
      says: /^specs\/acme\.yaml:15:9 error spec_invalid_expression .*boddy/m,
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

describe('a configuration', () => {
  const config = `destinations:
  app: { url: "https://app.example.com/webhooks" }
specs: [./mine]
integrations:
  acme-prod:
    provider: acme
    secrets: { signing_secret: ["\${ACME_SECRET}"] }
    forward: [app]
`
  const env = { ACME_SECRET: 'of-the-dashboard' }

  test('is linted beside the specs here when no path is given', async () => {
    const files = { 'postern.yaml': config, 'mine/acme.yaml': sound, 'specs/acme.yaml': sound }
    const { exitCode, out } = await specFolder(files).lint([], {}, { env })
    expect(out).toBe('0 errors, 0 warnings in 2 files')
    expect(exitCode).toBe(0)
  })

  const cases = [
    {
      name: 'has an unknown key',
      text: config.replace('forward:', 'foward:'),
      says: /^postern\.yaml:8:5 error schema_unknown_key .*\n {4}Did you mean "forward"\?/m,
    },
    {
      name: 'needs a variable that is not set',
      text: config.replace('ACME_SECRET', 'ACME_SECRETS'),
      says: /^postern\.yaml:7:\d+ error config_missing_variable .*ACME_SECRETS.*\n {4}Did you mean ACME_SECRET\?/m,
    },
    {
      name: 'forwards to a destination that is not there',
      text: config.replace('[app]', '[ap]'),
      says: /^postern\.yaml:8:15 error config_unknown_destination /m,
    },
    {
      name: 'names a provider that nobody knows',
      text: config.replace('provider: acme', 'provider: acne'),
      says: /^postern\.yaml:6:15 error spec_unknown_provider .*\n {4}Did you mean "acme"\?/m,
    },
    {
      name: 'names a secret that the spec of the provider does not have',
      text: config.replace('signing_secret:', 'singing_secret:'),
      says: /^postern\.yaml:7:\d+ error config_unknown_key .*singing_secret/m,
    },
    {
      name: 'adds a spec with an error',
      text: config.replace('./mine', './broken'),
      says: /^broken\/acme\.yaml:12:5 error schema_unknown_key /m,
    },
  ]
  for (const { name, text, says } of cases) {
    test(`${name}: told with its place`, async () => {
      const files = {
        'postern.yaml': text,
        'mine/acme.yaml': sound,
        'broken/acme.yaml': sound.replace('signed:', 'sigend:'),
      }
      const { exitCode, out } = await specFolder(files).lint(['postern.yaml'], {}, { env })
      expect(out).toMatch(says)
      expect(exitCode).toBe(1)
    })
  }

  test('is known by its sections when it has another name', async () => {
    const { out } = await specFolder({
      'prod.yaml': config.replace('forward:', 'foward:'),
      'mine/acme.yaml': sound,
    }).lint(['prod.yaml'], {}, { env })
    expect(out).toContain('prod.yaml:8:5 error schema_unknown_key')
  })

  test('is no spec to be tested when it stands in the folder', async () => {
    const { exitCode, out } = await specFolder({ 'postern.yaml': config, 'mine/acme.yaml': sound }).test(['.'])
    expect(out).toContain('1 passed, 0 failed in 1 spec')
    expect(exitCode).toBe(0)
  })
})

describe('a page of Markdown', () => {
  const indented = sound.replaceAll(/^(?=.)/gm, '   ')
  const page = (block: string, before = ''): string =>
    `# Adding a provider\n\nWrite this:\n\n${before}\`\`\`yaml\n${block}${before}\`\`\`\n\nand run it.\n`

  test('has the specs in it linted, with the lines of the page', async () => {
    const files = { 'docs/guide.md': page(sound.replace('signed:', 'sigend:')), 'docs/fine.md': page(sound) }
    const { exitCode, out } = await specFolder(files).lint(['docs'])
    expect(out).toMatch(/^docs\/guide\.md:17:5 error schema_unknown_key .*sigend/m)
    expect(out).toContain('in 2 files')
    expect(out).not.toContain('fine.md')
    expect(exitCode).toBe(1)
  })

  test('may have them in a list', async () => {
    const text = page(indented.replace('signed:', 'sigend:'), '   ')
    const { out } = await specFolder({ 'guide.md': text }).lint(['guide.md'])
    expect(out).toMatch(/^guide\.md:17:8 error schema_unknown_key .*sigend/m)
  })

  test('has other blocks left alone', async () => {
    const text = `${page('server: { prot: 1 }\n')}\n\`\`\`json\nprovider: x\n\`\`\`\n~~~yaml\n# a part\nverify: []\n~~~\n`
    const { exitCode, out } = await specFolder({ 'guide.md': text }).lint(['guide.md'])
    expect(out).toBe('0 errors, 0 warnings in 1 file')
    expect(exitCode).toBe(0)
  })

  test('that is not there is no page', async () => {
    const { exitCode, err } = await specFolder({}).lint(['guide.md'])
    expect(err).toContain('There is no file or folder guide.md.')
    expect(exitCode).toBe(2)
  })
})
