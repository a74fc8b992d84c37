/** Specs that are refused at load: what would never work, what would open the gate, and what would take the gateway down. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readSpecFile, readSpecText } from '../../src/spec/load.ts'

const SOUND = `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
secrets:
  signing_secret: { where: the Acme dashboard }
  old_secret: { where: the Acme dashboard }
verify:
  - name: new
    scheme: hmac-sha256
    secret: signing_secret
    signature: { header: X-New, format: "t={timestamp},v1={signature}" }
    signed: "{timestamp}.{body}"
    timestamp: { part: timestamp, unit: s }
    tolerance: 5m
  - name: old
    scheme: token
    secret: old_secret
    signature: { header: X-Old }
    unless_configured: [signing_secret]
    does_not_cover: [body, time]
event: { type: body.type }
match: [{ field: connection_config.account, equals: body.account }]
examples:
  - { name: one, request: { json: { type: a } }, expect: {} }
`

function refusals(text: string): string[] {
  const { loaded, findings } = readSpecText(text, 'acme.yaml')
  const errors = findings.filter((finding) => finding.severity === 'error')
  expect(loaded === null, 'refused').toBe(errors.length > 0)
  return errors.map(({ line, column, code }) => `${line}:${column} ${code}`)
}

test('the spec that all others differ from is sound', () => {
  expect(readSpecText(SOUND, 'acme.yaml').findings).toEqual([])
})

const cases: { name: string; from: string; to: string; refused: string }[] = [
  { name: 'an unknown key', from: 'signed:', to: 'sigend:', refused: '13:5 schema_unknown_key' },
  { name: 'an unknown key at the top', from: 'match:', to: 'matches:', refused: '23:1 schema_unknown_key' },
  {
    name: 'a signature without a secret',
    from: '    secret: signing_secret\n',
    to: '',
    refused: '9:5 spec_missing_clause',
  },
  {
    name: 'a digest without a secret',
    from: 'scheme: hmac-sha256\n    secret: signing_secret',
    to: 'scheme: digest-sha256',
    refused: '9:5 spec_missing_clause',
  },
  { name: 'a token without a secret', from: '    secret: old_secret\n', to: '', refused: '16:5 spec_missing_clause' },
  {
    name: 'a secret that is not declared',
    from: 'secret: old_secret',
    to: 'secret: older_secret',
    refused: '18:13 spec_undeclared_secret',
  },
  {
    name: 'a public-key scheme with two keys',
    from: 'scheme: hmac-sha256',
    to: 'scheme: ed25519\n    public_key: abc',
    refused: '9:5 spec_missing_key',
  },
  {
    name: 'an alternative behind one that accepts everything',
    from: '  - name: new',
    to: '  - { scheme: unverified, reason: nothing is signed here }\n  - name: new',
    refused: '10:5 spec_unreachable_alternative',
  },
  {
    name: 'an alternative whose signature another reads',
    from: 'secret: old_secret\n    signature: { header: X-Old }',
    to: 'secret: signing_secret\n    signature: { header: x-new }',
    refused: '16:5 spec_unreachable_alternative',
  },
  {
    name: 'an alternative that steps aside for its own secret',
    from: 'unless_configured: [signing_secret]',
    to: 'unless_configured: [signing_secret, old_secret]',
    refused: '20:41 spec_unreachable_alternative',
  },
  {
    name: 'an expression that does not parse',
    from: 'type: body.type',
    to: 'type: "body.(type"',
    refused: '22:16 spec_invalid_expression',
  },
  {
    name: 'an expression that names something unknown',
    from: 'equals: body.account',
    to: 'equals: boddy.account',
    refused: '23:53 spec_invalid_expression',
  },
  {
    name: 'a format whose elements begin alike',
    from: 't={timestamp},v1={signature}',
    to: 'v1={timestamp},v1={signature}',
    refused: '12:41 spec_ambiguous_format',
  },
  {
    name: 'a format with two signatures',
    from: 't={timestamp},v1={signature}',
    to: 't={timestamp},v1={signature},v2={signature}',
    refused: '12:41 spec_ambiguous_format',
  },
  {
    name: 'a format whose placeholders touch each other',
    from: 't={timestamp},v1={signature}',
    to: 't={timestamp}{signature}',
    refused: '12:41 spec_ambiguous_format',
  },
  {
    name: 'a format without a signature',
    from: 't={timestamp},v1={signature}',
    to: 't={timestamp},v1={other}',
    refused: '12:41 spec_format_without_signature',
  },
  { name: 'a tolerance of zero', from: 'tolerance: 5m', to: 'tolerance: 0m', refused: '15:16 schema_bad_format' },
  { name: 'a tolerance without a unit', from: 'tolerance: 5m', to: 'tolerance: 0', refused: '15:16 schema_wrong_type' },
  {
    name: 'a tolerance that applies to nothing',
    from: '    timestamp: { part: timestamp, unit: s }\n',
    to: '',
    refused: '14:5 spec_tolerance_without_timestamp',
  },
  {
    name: 'a key set on a host that the request names',
    from: 'scheme: token\n    secret: old_secret\n    signature: { header: X-Old }\n    unless_configured: [signing_secret]',
    to: 'scheme: jwt\n    jwks: "https://{host}/keys"\n    algorithms: [RS256]\n    signature: { header: X-Old }\n    when: $exists(body.x)',
    refused: '18:11 spec_unpinned_key',
  },
  {
    name: 'algorithms of which one would take the public key for a secret',
    from: 'scheme: token\n    secret: old_secret\n    signature: { header: X-Old }\n    unless_configured: [signing_secret]',
    to: 'scheme: jwt\n    secret: old_secret\n    algorithms: [RS256, HS256]\n    signature: { header: X-Old }\n    when: $exists(body.x)',
    refused: '19:17 spec_mixed_algorithms',
  },
  {
    name: 'a body that is not signed and not said to be',
    from: '"{timestamp}.{body}"',
    to: '"{timestamp}"',
    refused: '13:13 spec_body_not_covered',
  },
  {
    name: 'a weaker alternative that nobody is kept from',
    from: '    unless_configured: [signing_secret]\n',
    to: '',
    refused: '16:5 spec_downgrade',
  },
  {
    name: 'an alias inside what it repeats',
    from: 'secrets:',
    to: 'secrets: &all\n  loop: *all',
    refused: '6:9 yaml_cyclic_alias',
  },
  {
    name: 'a key that stands twice',
    from: 'name: Acme',
    to: 'name: Acme\nname: Acne',
    refused: '3:1 yaml_duplicate_key',
  },
]
for (const { name, from, to, refused } of cases) {
  test(`refuses ${name}, with line and column`, () => {
    expect(SOUND).toContain(from)
    expect(refusals(SOUND.replace(from, to))).toContain(refused)
  })
}

test('a format may have several elements that are told apart by their position', () => {
  expect(refusals(SOUND.replace('t={timestamp},v1={signature}', '{timestamp},{signature}'))).toEqual([])
})

test('refuses a bomb of aliases without harm', () => {
  const lists = 'b c d e f g h i'
    .split(' ')
    .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at]!}`).join()}]`)
  expect(refusals(`a: &a [x,x,x,x,x,x,x,x,x]\n${lists.join('\n')}\n${SOUND}`)).toEqual(['1:1 yaml_too_many_aliases'])
})

test('refuses a spec of ten megabytes without reading it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-specs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'acme.yaml')
  writeFileSync(file, `${SOUND}# ${'x'.repeat(10 * 1_048_576)}`)
  const { loaded, findings } = readSpecFile(file)
  expect(loaded).toBeNull()
  expect(findings).toMatchObject([{ code: 'spec_too_large', line: 1, column: 1 }])
})
