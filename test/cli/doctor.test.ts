import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Check } from '../../src/cli/doctor/check.ts'
import { checkNode } from '../../src/cli/doctor/installation.ts'
import { runCli } from '../../src/cli/program.ts'
import { openInstanceSecrets } from '../../src/config/instance-secrets.ts'
import { type FakeApi, createFakeApi } from './fake-api.ts'
import { createMemoryIo } from './memory-io.ts'

let api: FakeApi
let folder: string

beforeEach(async () => {
  api = await createFakeApi()
  api.answer({ 'GET /readyz': { body: { ready: true, checks: [] } }, 'GET /api/v1/stats': { body: {} } })
  folder = mkdtempSync(join(tmpdir(), 'postern-doctor-'))
  openInstanceSecrets({ directory: join(folder, 'data'), randomBytes })
})

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  await api.close()
})

const INTEGRATION =
  'integrations: { gh: { provider: github, secrets: { webhook_secret: a-webhook-secret-123 }, forward: [app] } }'
const DESTINATION = 'destinations: { app: { url: "http://127.0.0.1:3000/" } }'
const ALLOWED = 'outbound: { allow_private: [127.0.0.0/8] }'

function configure(...lines: string[]): void {
  writeFileSync(join(folder, 'postern.yaml'), [`server: { port: ${new URL(api.url).port} }`, ...lines].join('\n'))
}

async function run(...argv: string[]): Promise<{ code: number; stdout: string; checks: Check[] }> {
  const io = createMemoryIo({ cwd: folder })
  const code = await runCli(['doctor', '--json', ...argv], io)
  expect(io.stderr()).toBe('')
  return { code, stdout: io.stdout(), checks: (JSON.parse(io.stdout()) as { checks: Check[] }).checks }
}

/** Without the specs, which have a test of their own. */
function wrong(checks: readonly Check[]): Pick<Check, 'area' | 'subject'>[] {
  return checks
    .filter((check) => check.status === 'error' && check.area !== 'specs')
    .map(({ area, subject }) => ({ area, subject }))
}

test('shows the syncs of each integration, and which of them wait to be started', async () => {
  configure(
    'integrations:',
    '  stripe: { provider: stripe, secrets: { signing_secret: a-webhook-secret-123 }, forward: [app], syncs: { charges: false } }',
    '  crm: { provider: hubspot, secrets: { client_secret: a-client-secret-123 }, forward: [app], syncs: { contacts: { auto_start: true, every: 2h } } }',
    DESTINATION,
    ALLOWED,
  )
  const { code, checks } = await run()
  expect(code).toBe(0)
  expect(checks.filter(({ message }) => message.startsWith('sync of '))).toMatchObject([
    {
      subject: 'stripe customers',
      status: 'ok',
      message: expect.stringMatching(
        /^sync of Customer every 12h; set off by customer.created, .*; waits to be started$/,
      ) as unknown,
      hint: expect.stringContaining('postern sync start stripe customers') as unknown,
    },
    {
      subject: 'crm contacts',
      message: expect.stringMatching(/^sync of Contact every 2h; .*contact.merge$/) as unknown,
      hint: null,
    },
  ])
})

test('finds nothing wrong where nothing is, and names the URL to give to the provider', async () => {
  configure(INTEGRATION, DESTINATION, ALLOWED)
  const { code, checks } = await run()
  expect(wrong(checks)).toEqual([])
  expect(code).toBe(0)
  expect(checks).toContainEqual({
    area: 'integrations',
    subject: 'gh',
    status: 'ok',
    message: `${api.url}/webhook/gh`,
    hint: null,
  })
  expect(new Set(checks.map((check) => check.area))).toEqual(
    new Set(['runtime', 'configuration', 'data', 'specs', 'integrations', 'destinations', 'gateway']),
  )
})

test('names the public URL and the ingress token where there are any', async () => {
  configure(INTEGRATION.replace('forward', 'ingress_tokens: [a-token-0123456789], forward'), DESTINATION, ALLOWED)
  const file = join(folder, 'postern.yaml')
  writeFileSync(
    file,
    `server: { port: ${new URL(api.url).port}, public_url: "https://hooks.example.com/" }\n${INTEGRATION.replace('forward', 'ingress_tokens: [a-token-0123456789], forward')}\n${DESTINATION}\n${ALLOWED}`,
  )
  const { checks } = await run('--config', file)
  expect(checks.find((check) => check.subject === 'gh')?.message).toBe(
    'https://hooks.example.com/webhook/gh/a-token-0123456789',
  )
})

describe('finds wrong', () => {
  test('a configuration that cannot be used, with every fault, and stops there', async () => {
    configure('storrage: x', 'integrations: { gh: { provder: github } }')
    const { code, checks } = await run()
    expect(code).toBe(1)
    expect(wrong(checks).length).toBeGreaterThanOrEqual(2)
    expect(checks.some((check) => check.area === 'gateway')).toBe(false)
  })

  test('an integration without its secret, saying where the provider shows it', async () => {
    configure(INTEGRATION.replace('secrets: { webhook_secret: a-webhook-secret-123 }, ', ''), DESTINATION, ALLOWED)
    const { code, checks } = await run()
    expect([code, wrong(checks)]).toEqual([1, [{ area: 'integrations', subject: 'gh' }]])
    expect(checks.find((check) => check.subject === 'gh')?.hint).toMatch(/webhook_secret: Settings/)
  })

  test('a provider nobody knows', async () => {
    configure(INTEGRATION.replace('github', 'githib'), DESTINATION, ALLOWED)
    const { checks } = await run()
    expect(wrong(checks)).toMatchObject([{ area: 'integrations' }])
  })

  test('a destination that the address guard refuses', async () => {
    configure(INTEGRATION, DESTINATION)
    const { code, checks } = await run()
    expect([code, wrong(checks)]).toEqual([1, [{ area: 'destinations', subject: 'app' }]])
    expect(checks.find((check) => check.subject === 'app')?.hint).toContain('127.0.0.1/32')
  })

  test('a data directory and secrets that others can get at', async () => {
    configure(INTEGRATION, DESTINATION, ALLOWED)
    chmodSync(join(folder, 'data'), 0o777)
    chmodSync(join(folder, 'data/instance.json'), 0o644)
    const { code, checks } = await run()
    expect([code, wrong(checks).map((check) => check.area)]).toEqual([1, ['data', 'data']])
  })

  test('secrets that are damaged', async () => {
    configure(INTEGRATION, DESTINATION, ALLOWED)
    writeFileSync(join(folder, 'data/instance.json'), '{}', { mode: 0o600 })
    const { checks } = await run('--url', api.url, '--api-key', 'k')
    expect(wrong(checks)).toMatchObject([{ area: 'data' }])
  })

  test('a spec with an error', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'provider: bad\n')
    configure('specs: [bad.yaml]', INTEGRATION, DESTINATION, ALLOWED)
    const { code, checks } = await run()
    expect([code, wrong(checks)]).toEqual([1, []])
    const found = checks.filter((check) => check.area === 'specs' && check.status === 'error')
    expect(found.map((check) => check.subject)).toContainEqual(expect.stringMatching(/bad\.yaml:1:1$/))
  })

  const gateways = [
    {
      name: 'a gateway that is not ready',
      answers: {
        'GET /readyz': {
          status: 503,
          body: { ready: false, checks: [{ name: 'store', ok: false, detail: 'disk full' }] },
        },
      },
      says: 'is not ready: store disk full',
    },
    {
      name: 'a gateway that does not take the key',
      answers: {
        'GET /readyz': { body: { ready: true, checks: [] } },
        'GET /api/v1/stats': {
          status: 401,
          body: { error: { code: 'api_unauthorized', message: 'Not one of ours.' } },
        },
      },
      says: 'Not one of ours.',
    },
    { name: 'something else at its address', answers: {}, says: 'There is no /readyz here.' },
  ]
  for (const { name, answers, says } of gateways) {
    test(name, async () => {
      configure(INTEGRATION, DESTINATION, ALLOWED)
      api.answer(answers)
      const { code, checks } = await run()
      expect([code, wrong(checks).map((check) => check.area)]).toEqual([1, ['gateway']])
      expect(checks.find((check) => check.area === 'gateway')?.message).toBe(says)
    })
  }

  test('no gateway at all', async () => {
    configure(INTEGRATION, DESTINATION, ALLOWED)
    const { checks } = await run('--url', 'http://127.0.0.1:1')
    expect(checks.find((check) => check.area === 'gateway')?.hint).toContain('postern serve')
  })
})

test('before the first start shows what can be known, makes nothing, and invents no ingress token', async () => {
  rmSync(join(folder, 'data'), { recursive: true })
  const { checks } = await run('--url', api.url, '--api-key', 'k')
  expect(wrong(checks)).toEqual([])
  expect(checks.find((check) => check.area === 'data')?.message).toBe('will be made at the first start')
  expect(checks.filter((check) => check.area === 'integrations').length).toBeGreaterThanOrEqual(12)
  expect(() => rmSync(join(folder, 'data'))).toThrow('ENOENT')
})

test('prints for people one line per check and a count', async () => {
  configure(INTEGRATION, DESTINATION, ALLOWED)
  const io = createMemoryIo({ cwd: folder })
  expect(await runCli(['doctor'], io)).toBe(0)
  expect(io.stdout()).toMatch(/\nintegrations\n {2}ok {5}gh: http:/)
  expect(io.stdout()).toMatch(/0 wrong, \d+ to look at, \d+ fine$/)
})

const versions = [
  { version: '18.20.4', status: 'error' },
  { version: '20.18.3', status: 'error' },
  { version: '20.20.2', status: 'warning' },
  { version: '22.1.0', status: 'ok' },
  { version: '24.0.0', status: 'ok' },
]
for (const { version, status } of versions) {
  test(`judges Node ${version}: ${status}`, () => expect(checkNode(version).status).toBe(status))
}
