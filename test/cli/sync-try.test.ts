/** `postern sync try`: a declaration run against recordings and against an API that is played faithfully, and nothing kept. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliIo } from '../../src/cli/io.ts'
import { runCli } from '../../src/cli/program.ts'
import { createProviderApis, type ProviderApis } from '../support/provider-apis.ts'
import { createMemoryIo } from './memory-io.ts'

const SPEC = `provider: acme
name: Acme
docs: https://acme.example/webhooks
confidence: docs
secrets: { key: { where: there } }
verify: [{ scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}" }]
event: { type: body.type }
match: [{ field: connection_config.account, equals: event.account }]
syncs:
  contacts:
    model: Contact
    request:
      get: https://{connection.connection_config.subdomain}.example.com/contacts
      query: { since: checkpoint.updated_at }
    pages: { next: response.body.next, into: query.after }
    records: 'response.body.results.{ "id": id, "updated_at": at }'
    checkpoint: { updated_at: $max(records.updated_at) }
    examples:
      - name: two pages
        given: { connection: { connection_config: { subdomain: acme } } }
        answers:
          - { request: GET https://acme.example.com/contacts, json: { results: [{ id: 1, at: b }], next: c2 } }
          - { request: GET https://acme.example.com/contacts?after=c2, json: { results: [{ id: 2, at: a }] } }
        expect: { checkpoint: { updated_at: b } }
      - name: nothing
        given: { connection: { connection_config: { subdomain: acme } } }
        answers: [{ json: { results: [] } }]
examples:
  - { name: x, request: { json: { type: a } }, expect: { answer: 200 } }
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-try-'))
  write('acme.yaml', SPEC)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text)
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = createMemoryIo({ cwd: folder })
  const code = await runCli(['sync', 'try', ...argv], io)
  return { code, stdout: io.stdout(), stderr: io.stderr() }
}

async function tried(...argv: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await run(...argv, '--json')).stdout) as Record<string, unknown>
}

describe('against a recording', () => {
  test('shows the pages of an example, what became of their items, and the checkpoint', async () => {
    const { code, stdout } = await run('acme.yaml', 'contacts', '--example', 'two')
    expect(code).toBe(0)
    expect(stdout).toContain(
      'page 2  GET https://acme.example.com/contacts?after=c2  200  1 items, 1 records\n  {"id":2,',
    )
    expect(stdout).toMatch(/pages +2\nrequests +2\nrecords +2\n[\s\S]*checkpoint +\{"updated_at":"b"\}/)
  })

  test('takes a file of answers, and what the command line says goes before what is in it', async () => {
    write(
      'answers.yaml',
      '[{ request: "GET https://other.example.com/contacts?since=x", json: { results: [{ id: 7, at: y }] } }]',
    )
    const given = ['--connection-config', 'subdomain=other', '--checkpoint', '{"updated_at":"x"}']
    expect(await tried('acme.yaml', 'contacts', '--recorded', 'answers.yaml', ...given)).toMatchObject({
      ok: true,
      pages: [{ records: [{ id: 7, updated_at: 'y' }] }],
      checkpoint: { updated_at: 'y' },
      differences: [],
    })
  })

  test('takes the body of one answer as it was saved', async () => {
    write('body.json', '{"results":[{"id":12345678901234567890,"at":"z"}]}')
    const result = await tried(
      'acme.yaml',
      'contacts',
      '--recorded',
      'body.json',
      '--connection-config',
      'subdomain=acme',
    )
    expect(result).toMatchObject({ ok: true, pages: [{ records: [{ id: '12345678901234567890' }] }] })
  })

  test('fails where something else is asked for than was recorded, or less', async () => {
    write(
      'answers.yaml',
      '{ given: { connection: { connection_config: { subdomain: acme } } }, answers: [{ request: GET https://acme.example.com/people, json: { results: [] } }, { json: {} }] }',
    )
    const { code, stdout } = await run('acme.yaml', 'contacts', '--recorded', 'answers.yaml')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /differs +request 1 was GET https:\/\/acme.example.com\/contacts, and recorded is GET .*people/,
    )
    expect(stdout).toMatch(/differs +answer 2 was never asked for/)
  })

  test('fails with the cause when the run does', async () => {
    write('page.html', '<html>maintenance</html>')
    const { code, stdout } = await run(
      'acme.yaml',
      'contacts',
      '--recorded',
      'page.html',
      '--connection-config',
      'subdomain=a',
    )
    expect(code).toBe(1)
    expect(stdout).toMatch(/failed +answer_not_json: .*HTML page[\s\S]*answer +200 <html>/)
  })

  test('ends after as many pages as were asked for, and says so', async () => {
    expect(await tried('acme.yaml', 'contacts', '--example', 'two pages', '--pages', '1')).toMatchObject({
      ok: true,
      complete: false,
      requests: 1,
    })
  })

  test('writes nothing', async () => {
    await run('acme.yaml', 'contacts', '--example', 'two pages')
    expect(readdirSync(folder)).toEqual(['acme.yaml'])
  })

  test('knows the syncs of built-in specs as an integration without configuration has them', async () => {
    expect((await run('stripe', 'customers', '--example', 'two pages')).code).toBe(0)
  })
})

describe('what cannot be run', () => {
  const cases = [
    { name: 'a sync that is not there', argv: ['acme.yaml', 'contact'], says: 'Did you mean "contacts"?' },
    {
      name: 'an example that is not there',
      argv: ['acme.yaml', 'contacts', '--example', 'three'],
      says: 'example_unknown',
    },
    {
      name: 'a name that fits several examples',
      argv: ['acme.yaml', 'contacts', '--example', 'o'],
      says: '2 examples',
    },
    { name: 'a spec that is not there', argv: ['none.yaml', 'contacts'], says: 'There is no file or folder none.yaml' },
    { name: 'an integration that is not there', argv: ['stripes', 'customers'], says: 'Did you mean "stripe"?' },
    {
      name: 'two recordings',
      argv: ['acme.yaml', 'contacts', '--example', 'two', '--recorded', 'x'],
      says: 'Keep one of the two',
    },
    {
      name: 'a checkpoint that is no object',
      argv: ['acme.yaml', 'contacts', '--checkpoint', '[]'],
      says: 'JSON object',
    },
    {
      name: 'credentials that are no JSON, which are not shown',
      argv: ['acme.yaml', 'contacts', '--credentials', 'acme.yaml'],
      says: 'cannot be read from acme.yaml',
    },
  ]
  for (const { name, argv, says } of cases) {
    test(name, async () => {
      const { code, stderr } = await run(...argv)
      expect(code).toBe(2)
      expect(stderr).toContain(says)
    })
  }
})

describe('against a live API', () => {
  let apis: ProviderApis
  beforeEach(async () => {
    apis = await createProviderApis()
    apis.fill(5)
  })
  afterEach(() => apis.close())

  function configure(allowPrivate: string): void {
    write(
      'postern.yaml',
      `outbound: { allow_private: [${allowPrivate}] }
integrations:
  crm:
    provider: hubspot
    secrets: { client_secret: a-client-secret-of-some-length }
    syncs:
      contacts: { auth: bearer, request: { get: "${apis.url}/crm/v3/objects/contacts", query: { limit: 2 } } }
`,
    )
  }

  test('asks as the configuration in force says, with the credentials it is given', async () => {
    configure('127.0.0.0/8')
    write('credentials.json', '{"access_token":"good-token"}')
    const result = await tried('crm', 'contacts', '--credentials', 'credentials.json')
    expect(result).toMatchObject({ ok: true, complete: true, requests: 3, checkpoint: {} })
    expect((result['pages'] as { records: unknown[] }[]).flatMap(({ records }) => records)).toHaveLength(5)
    expect(new Set(apis.requests.map(({ headers }) => headers['authorization']))).toEqual(
      new Set(['Bearer good-token']),
    )
    expect(readdirSync(folder).sort()).toEqual(['acme.yaml', 'credentials.json', 'postern.yaml'])
  })

  test('reaches no private address that the configuration does not allow', async () => {
    configure('')
    expect(await tried('crm', 'contacts', '--token', 'good-token')).toMatchObject({
      ok: false,
      failure: { code: 'blocked_address' },
    })
    expect(apis.requests).toEqual([])
  })

  test('never shows the token, also where the provider repeats it', async () => {
    configure('127.0.0.0/8')
    apis.failNext({ status: 400, body: 'the token very-secret-token is odd' })
    const { code, stdout, stderr } = await run('crm', 'contacts', '--token', 'very-secret-token')
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toMatch(/answer +400 the token /)
    expect(stdout).not.toContain('very-secret-token')
  })

  test('shows progress where somebody looks, one line in the place of the one before', async () => {
    configure('127.0.0.0/8')
    const progress: string[] = []
    const io: CliIo = { ...createMemoryIo({ cwd: folder }), progress: (text) => void progress.push(text) }
    expect(await runCli(['sync', 'try', 'crm', 'contacts', '--token', 'good-token'], io)).toBe(0)
    expect(progress).toEqual([
      'page 1 …',
      'page 2, 2 items so far …',
      'page 3, 4 items so far …',
      'page 4, 5 items so far …',
    ])
  })
})
