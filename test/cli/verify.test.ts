import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.ts'
import { createMemoryIo } from './memory-io.ts'

const SECRET = "It's a Secret to Everybody"
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-verify-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Verified {
  exitCode: number
  document: Record<string, unknown>
  out: string
}

async function verify(input: {
  provider?: string
  secret?: string
  headers?: string[]
  body: string
  args?: string[]
}): Promise<Verified> {
  const file = join(folder, 'body')
  writeFileSync(file, input.body)
  const io = createMemoryIo({ cwd: folder })
  const headers = (input.headers ?? [`x-hub-signature-256: ${SIGNATURE}`]).flatMap((header) => ['--header', header])
  const secret = ['--secret', input.secret ?? `webhook_secret=${SECRET}`]
  const argv = [
    'verify',
    '--provider',
    input.provider ?? 'github',
    ...secret,
    '--url',
    'https://hooks.example.com/webhook/github',
    ...headers,
  ]
  const exitCode = await runCli([...argv, '--body-file', file, ...(input.args ?? ['--json'])], io)
  const text = io.stdout()
  return { exitCode, out: text, document: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

const sign = (body: string, secret = SECRET): string =>
  `x-hub-signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

describe('a request that verifies', () => {
  test('exits with 0 and says scheme, secret by fingerprint, events and what would be forwarded', async () => {
    const body = '{"repository":{"id":12345678901234567890}}'
    const connection = '{"connection_id":"acme","connection_config":{"repository_id":12345678901234567890}}'
    const { exitCode, document } = await verify({
      body,
      headers: [sign(body), 'X-GitHub-Event: push', 'X-GitHub-Delivery: d-1'],
      args: ['--json', '--connection', connection],
    })
    expect(exitCode).toBe(0)
    expect(document).toMatchObject({
      verified: true,
      scheme: 'hmac-sha256',
      code: null,
      handshake: null,
      answer: { status: 200, body: '{"status":"success"}' },
      events: [{ type: 'push', dedupe: 'd-1', connections: ['acme'] }],
      forwarded_headers: { 'x-github-event': 'push' },
      secret: { name: 'webhook_secret', fingerprint: '2f8894d9' },
    })
  })

  test('says the handshake it would answer', async () => {
    const { exitCode, document } = await verify({
      provider: 'microsoft',
      secret: 'client_state=s',
      headers: [],
      body: '',
      args: ['--json', '--url', 'https://hooks.example.com/webhook/microsoft?validationToken=abc'],
    })
    expect([exitCode, document['handshake'], document['answer']]).toMatchObject([
      0,
      'validation',
      { status: 200, body: 'abc' },
    ])
  })
})

const mistakes: { name: string; input: Parameters<typeof verify>[0]; code: string }[] = [
  {
    name: 'a line break behind the secret',
    input: { body: 'Hello, World!', secret: `webhook_secret=${SECRET}\n` },
    code: 'secret_whitespace',
  },
  { name: 'a line break that was added to the body', input: { body: 'Hello, World!\n' }, code: 'body_newline' },
  {
    name: 'a body that was parsed and written anew',
    input: { body: '{ "a": [1, 2], "b": "x" }', headers: [sign('{"a":[1,2],"b":"x"}')] },
    code: 'body_reserialized',
  },
  {
    name: 'line endings that were changed',
    input: { body: 'a\r\nb', headers: [sign('a\nb')] },
    code: 'body_line_endings',
  },
  {
    name: 'a secret in hex that is taken for text',
    input: {
      body: '{}',
      secret: 'webhook_secret=00ff10',
      headers: [
        `x-hub-signature-256: sha256=${createHmac('sha256', Buffer.from('00ff10', 'hex')).update('{}').digest('hex')}`,
      ],
    },
    code: 'secret_encoding',
  },
]

describe('a request that is refused', () => {
  for (const { name, input, code } of mistakes) {
    test(`names the mistake: ${name}`, async () => {
      const { exitCode, document } = await verify(input)
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({ verified: false, code: 'signature_mismatch', likely_mistake: { code } })
    })
  }

  test('names the stale clock only when the signature is right', async () => {
    const body = 'x=1'
    const old = { provider: 'slack', secret: 'signing_secret=k', body }
    const header = (secret: string): string[] => [
      'X-Slack-Request-Timestamp: 1772445600',
      `X-Slack-Signature: v0=${createHmac('sha256', secret).update(`v0:1772445600:${body}`).digest('hex')}`,
    ]
    const args = ['--json', '--now', '2026-03-02T11:00:00Z']
    const right = await verify({ ...old, headers: header('k'), args })
    expect(right.document).toMatchObject({
      code: 'signature_expired',
      clock_skew_ms: 3_600_000,
      likely_mistake: { code: 'stale_clock' },
    })
    const wrong = await verify({ ...old, headers: header('other'), args })
    expect(wrong.document).toMatchObject({ code: 'signature_mismatch', likely_mistake: null })
  })

  test('names the public URL where the provider signs another one', async () => {
    const timestamp = '1772445600000'
    const signature = createHmac('sha256', 'k')
      .update(`POSThttps://hooks.example.com/webhook/hubspot[]${timestamp}`)
      .digest('base64')
    const { document } = await verify({
      provider: 'hubspot',
      secret: 'client_secret=k',
      headers: [`X-HubSpot-Signature-v3: ${signature}`, `X-HubSpot-Request-Timestamp: ${timestamp}`],
      body: '[]',
      args: ['--json', '--now', '2026-03-02T10:00:01Z', '--url', 'http://hooks.example.com/webhook/hubspot'],
    })
    expect(document).toMatchObject({ verified: false, likely_mistake: { code: 'public_url' } })
  })

  test('shows neither a secret nor the signature that was expected', async () => {
    const expected = createHmac('sha256', SECRET).update('other').digest('hex')
    for (const args of [['--json'], []]) {
      const { out } = await verify({ body: 'other', args })
      expect(out).not.toContain(expected)
      expect(out).not.toContain(SECRET)
    }
  })
})

describe('what could not run', () => {
  const cases = [
    { name: 'an unknown provider', argv: ['--provider', 'nobody', '--url', 'https://x.example'] },
    {
      name: 'a secret the spec does not name',
      argv: ['--provider', 'github', '--secret', 'signing=x', '--url', 'https://x.example'],
    },
    { name: 'a URL that is none', argv: ['--provider', 'github', '--url', 'nonsense'] },
    {
      name: 'a body that is not there',
      argv: ['--provider', 'github', '--url', 'https://x.example', '--body-file', '/nowhere/body'],
    },
    { name: 'a time that is none', argv: ['--provider', 'github', '--url', 'https://x.example', '--now', 'yesterday'] },
  ]
  for (const { name, argv } of cases) {
    test(`exits with 2 for ${name}`, async () => {
      expect(await runCli(['verify', ...argv], createMemoryIo({ cwd: folder }))).toBe(2)
    })
  }
})
