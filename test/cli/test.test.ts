import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acme, PASSING, specFolder } from './spec-test/spec-folder.ts'

/** Of the body that the refund below has, under the secret "s3cret"; computed with `openssl dgst -sha256 -hmac s3cret`. */
const SIGNATURE = '2bf20972444a6b46e7f29bf75ac3ef31af5f621ef281b036d7bed1299495d156'

/** An example that differs from the passing one in what it expects. */
const failing = (expectation: string): string => `  - name: a refund
    given: { connections: [{ connection_id: bob, connection_config: { account: a-2 } }] }
    request: { json: { type: order.refunded, id: o-2, at: 1772445600, account: a-2 } }
    expect: ${expectation}
`

describe('a run that passes', () => {
  test('prints one line for each example, counts at the end, and exits with 0', async () => {
    const { exitCode, out, err } = await specFolder({ 'specs/acme.yaml': acme(PASSING) }).test()
    expect(out.replaceAll(/\b\d\d attacks?.*/g, 'N attacks…')).toBe(
      [
        '✓ specs/acme.yaml:23:5  acme: an order is placed',
        'Not covered by the schemes, as their specs admit:',
        '  acme  v1: time, headers',
        'N attacks…',
        '1 passed, 0 failed in 1 spec (0.00 s)',
      ].join('\n'),
    )
    expect(err).toBe('')
    expect(exitCode).toBe(0)
  })

  test('takes files and folders, each file once', async () => {
    const folder = specFolder({ 'mine/acme.yaml': acme(PASSING), 'mine/deep/acme.yml': acme(PASSING) })
    const { exitCode, out } = await folder.test(['mine/acme.yaml', 'mine'])
    expect(out).toContain('2 passed, 0 failed in 2 specs')
    expect(exitCode).toBe(0)
  })

  test('runs only the examples whose name contains the text, whatever the case', async () => {
    const folder = specFolder({ 'specs/acme.yaml': acme(PASSING + failing('{ refused: signature_mismatch }')) })
    const { exitCode, out } = await folder.test([], { name: 'ORDER IS' })
    expect(out).toContain('1 passed, 0 failed')
    expect(exitCode).toBe(0)
  })
})

describe('a run that fails', () => {
  test('shows what was sent, what differs and where both are written', async () => {
    const folder = specFolder({
      'specs/acme.yaml': acme(
        `  - name: a refund
    given:
      secrets: { signing_secret: s3cret }
      connections: [{ connection_id: bob, connection_config: { account: a-2 } }]
    request:
      query: source=test
      json: { type: order.refunded, id: o-2, at: 1772445600, account: a-2 }
    expect:
      answer: 204
      events:
        - type: order.refund
          connections: [alice]
      forwarded:
        - connection: bob
          payload: { type: order.refunded, id: o-3, at: 1772445600, account: a-2, note: none }
`,
      ),
    })
    const { exitCode, out } = await folder.test()
    expect(out).toBe(`✗ specs/acme.yaml:23:5  acme: a refund
  expected answer (specs/acme.yaml:31:15)
    - 204
    + 200
  expected events[0].type (specs/acme.yaml:33:17)
    - "order.refund"
    + "order.refunded"
  expected events[0].connections (specs/acme.yaml:34:24)
      [
    -   "alice"
    +   "bob"
      ]
  expected forwarded[0].payload (specs/acme.yaml:37:20)
      {
        … 1 equal member
    -   "id": "o-3"
    +   "id": "o-2"
        … 2 equal members
    -   "note": "none"
      }
  request
    POST https://hooks.example.com/webhook/acme?source=test
    content-type: application/json
    x-acme-signature: sha256=${SIGNATURE}

    {"type":"order.refunded","id":"o-2","at":1772445600,"account":"a-2"}
0 passed, 1 failed in 1 spec (0.00 s)`)
    expect(exitCode).toBe(1)
  })

  test('says of a refusal its code and its reason, and never the signature that was expected', async () => {
    const folder = specFolder({
      'specs/acme.yaml': acme(`  - name: signed by somebody else
    given: { secrets: { signing_secret: s3cret } }
    request: { headers: { X-Acme-Signature: sha256=${'0'.repeat(64)} }, body: '{"type":"order.refunded","id":"o-2","at":1772445600,"account":"a-2"}' }
    expect: { events: [] }
`),
    })
    const { exitCode, out } = await folder.test()
    expect(out).toContain('expected the request to be accepted (specs/acme.yaml:26:13)')
    expect(out).toMatch(/- "accepted"\n\s+\+ "refused: signature_mismatch \(/)
    expect(out).toContain(`x-acme-signature: sha256=${'0'.repeat(64)}`)
    expect(out).not.toContain(SIGNATURE)
    expect(exitCode).toBe(1)
  })

  test('goes on with the examples after the one that failed', async () => {
    const folder = specFolder({ 'specs/acme.yaml': acme(failing('{ answer: 500 }') + PASSING) })
    const { exitCode, out } = await folder.test()
    expect(out).toContain('1 passed, 1 failed in 1 spec')
    expect(exitCode).toBe(1)
  })

  test('calls an example broken that cannot be signed as it asks', async () => {
    const folder = specFolder({
      'specs/acme.yaml': acme(`  - name: signed by an unknown way
    request: { body: '{}' }
    sign: v9
    expect: {}
${PASSING}`),
    })
    const { exitCode, out } = await folder.test()
    expect(out).toContain('! specs/acme.yaml:23:5  acme: signed by an unknown way\n  could not be run: ')
    expect(out).toContain('1 passed, 0 failed, 1 broken in 1 spec')
    expect(exitCode).toBe(1)
  })
})

describe('a spec with errors', () => {
  test('has its findings printed and its examples left out, while the others run', async () => {
    const folder = specFolder({
      'specs/acme.yaml': acme(PASSING),
      'specs/other.yaml': acme(PASSING)
        .replace('provider: acme', 'provider: other')
        .replace('    signed:', '    sigend:'),
    })
    const { exitCode, out } = await folder.test()
    expect(out).toMatch(/specs\/other\.yaml:12:5 error \w+ .*sigend/)
    expect(out).toContain('Did you mean "signed"?')
    expect(out).toContain('1 passed, 0 failed, 1 spec with errors in 1 spec')
    expect(exitCode).toBe(1)
  })
})

describe('a run without an example', () => {
  const cases = [
    { name: 'fails when the folder holds no spec', files: { 'specs/readme.txt': '' }, says: 'No spec found' },
    {
      name: 'fails when no name contains the text',
      files: { 'specs/acme.yaml': acme(PASSING) },
      options: { name: 'nothing like it' },
      says: 'No example has "nothing like it" in its name.',
    },
    {
      name: 'fails when every spec has errors',
      files: { 'specs/acme.yaml': 'provider: acme' },
      says: 'No example was run: every spec has errors.',
    },
  ]
  for (const { name, files, options, says } of cases) {
    test(name, async () => {
      const { exitCode, out, err } = await specFolder(files).test([], options)
      expect(err).toContain(says)
      expect(out).toContain('0 passed, 0 failed')
      expect(exitCode).toBe(1)
    })
  }
})

describe('a run that cannot be made', () => {
  test('exits with 2 for a path that is not there and names it', async () => {
    const { exitCode, out, err } = await specFolder({}).test(['nowhere'])
    expect(err).toContain('spec_unreadable: There is no file or folder nowhere.')
    expect(out).toBe('')
    expect(exitCode).toBe(2)
  })

  test('exits with 2 when the report cannot be written', async () => {
    const folder = specFolder({ 'specs/acme.yaml': acme(PASSING) })
    const { exitCode, err } = await folder.test([], { junit: 'nowhere/report.xml' })
    expect(err).toContain('nowhere/report.xml')
    expect(exitCode).toBe(2)
  })
})

describe('reports for programs', () => {
  test('with --json print one document and nothing else', async () => {
    const folder = specFolder({ 'specs/acme.yaml': acme(PASSING + failing('{ answer: { status: 500 } }')) })
    const { exitCode, out, err } = await folder.test([], { json: true })
    expect(JSON.parse(out)).toMatchObject({
      success: false,
      summary: { passed: 1, failed: 1, broken: 0, invalid_specs: 0, specs: 1 },
      results: [
        {
          file: 'specs/acme.yaml',
          line: 23,
          column: 5,
          provider: 'acme',
          name: 'an order is placed',
          status: 'passed',
          duration_ms: 1,
        },
        {
          name: 'a refund',
          status: 'failed',
          mismatches: [{ file: 'specs/acme.yaml', line: 43, subject: 'answer.status', expected: 500, seen: 200 }],
          problems: [],
          request: { method: 'POST', body: '{"type":"order.refunded","id":"o-2","at":1772445600,"account":"a-2"}' },
        },
      ],
      findings: [],
    })
    expect(err).toBe('')
    expect(exitCode).toBe(1)
  })

  test('are the same in two runs', async () => {
    const files = { 'specs/acme.yaml': acme(PASSING + failing('{ events: [{ type: x }] }')) }
    const runs = [await specFolder(files).test([], { json: true }), await specFolder(files).test([], { json: true })]
    expect(runs[0]).toEqual(runs[1])
  })

  test('with --junit also go to a file, escaped', async () => {
    const folder = specFolder({
      'specs/acme.yaml': acme(PASSING + failing('{ answer: 500 }').replace('a refund', '"a <refund> & \\"more\\""')),
    })
    const { out } = await folder.test([], { junit: 'report.xml' })
    expect(out).toContain('1 passed, 1 failed')
    const xml = readFileSync(join(folder.path, 'report.xml'), 'utf8')
    expect(xml).toContain('<testsuite name="specs/acme.yaml" tests="2" failures="1" errors="0"')
    expect(xml).toContain('name="a &lt;refund&gt; &amp; &quot;more&quot;"')
    expect(xml).toContain('<failure message="not as expected: answer">')
  })
})

test('without a path and without a folder "specs" the built-in specs are run', async () => {
  const { out, err } = await specFolder({}).test([], { name: 'no example has this name' })
  expect(err).not.toContain('spec_unreadable')
  expect(out).toMatch(/in \d+ specs? \(/)
})

test('a file given by its name is read whatever its ending', async () => {
  const folder = specFolder({})
  writeFileSync(join(folder.path, 'acme.spec'), acme(PASSING))
  expect((await folder.test(['acme.spec'])).out).toContain('1 passed, 0 failed')
})
