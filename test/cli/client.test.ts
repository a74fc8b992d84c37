import { createServer } from 'node:net'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { connectClient } from '../../src/cli/client.ts'
import { runCli } from '../../src/cli/program.ts'
import { openInstanceSecrets } from '../../src/config/instance-secrets.ts'
import { type FakeApi, createFakeApi } from './fake-api.ts'
import { createMemoryIo } from './memory-io.ts'

let api: FakeApi
let folder: string

beforeAll(async () => {
  api = await createFakeApi()
})
afterAll(() => api.close())
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function configure(text: string): void {
  writeFileSync(join(folder, 'postern.yaml'), text)
}

async function keySent(
  options: { url?: string; apiKey?: string; config?: string },
  env: Record<string, string> = {},
): Promise<string | undefined> {
  api.answer({ 'GET /healthz': { body: { status: 'ok' } } })
  const client = await connectClient(options, createMemoryIo({ env, cwd: folder }))
  await client.call('GET', '/healthz')
  return api.seen.at(-1)?.headers.authorization
}

const CONFIGURED = 'configured-key-0123456789'

test('takes address and key from options before the environment', async () => {
  const env = { POSTERN_URL: 'http://127.0.0.1:9', POSTERN_API_KEY: 'from-env' }
  expect(await keySent({ url: api.url, apiKey: 'from-option' }, env)).toBe('Bearer from-option')
})

test('takes address and key from the environment before the configuration', async () => {
  configure(`api: { keys: [${CONFIGURED}] }`)
  expect(await keySent({}, { POSTERN_URL: `${api.url}/`, POSTERN_API_KEY: 'from-env' })).toBe('Bearer from-env')
})

test('takes address and key from the configuration', async () => {
  configure(`server: { port: ${new URL(api.url).port} }\napi: { keys: [${CONFIGURED}, another-key-0123456789] }`)
  expect(await keySent({})).toBe(`Bearer ${CONFIGURED}`)
})

test('calls loopback where the configuration listens on every address', async () => {
  configure(`server: { host: 0.0.0.0, port: ${new URL(api.url).port} }\napi: { keys: [${CONFIGURED}] }`)
  expect(await keySent({})).toBe(`Bearer ${CONFIGURED}`)
})

test("takes the instance's own key from the data directory where none is configured", async () => {
  const { secrets } = openInstanceSecrets({ directory: join(folder, 'data'), randomBytes })
  expect(await keySent({ url: api.url })).toBe(`Bearer ${secrets.apiKey.reveal()}`)
})

test('makes no data directory by itself, and says that no gateway has run', async () => {
  await expect(keySent({ url: api.url })).rejects.toMatchObject({
    code: 'gateway_unreachable',
    hint: expect.stringContaining('postern serve') as string,
  })
  expect(() => rmSync(join(folder, 'data'))).toThrow('ENOENT')
})

test('asks for the address where only the running gateway knows its port', async () => {
  configure(`server: { port: 0 }\napi: { keys: [${CONFIGURED}] }`)
  await expect(keySent({})).rejects.toMatchObject({ code: 'usage_invalid' })
})

test('shows every fault of a configuration that cannot be used', async () => {
  configure('server: { prot: 1 }\nstorrage: x')
  const error = await keySent({}).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'config_invalid' })
  expect(String(error)).toMatch(/postern\.yaml:1:11.*prot/s)
  expect(String(error)).toMatch(/postern\.yaml:2:1.*storrage/s)
})

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = createMemoryIo({ cwd: folder, env: { POSTERN_URL: api.url, POSTERN_API_KEY: 'k' } })
  const code = await runCli(argv, io)
  return { code, stdout: io.stdout(), stderr: io.stderr() }
}

const answers = [
  {
    name: 'a key that is refused could not run: 2',
    answer: { status: 401, body: { error: { code: 'api_unauthorized', message: 'The API key is not one of ours.' } } },
    code: 2,
    says: /^api_unauthorized: .*\n {2}.*--api-key/,
  },
  {
    name: 'what is not there is a negative answer: 1',
    answer: {
      status: 404,
      body: { error: { code: 'request_unknown', message: 'There is no request "x".', hint: 'Look again.' } },
    },
    code: 1,
    says: /^request_unknown: There is no request "x"\.\n {2}Look again\.$/,
  },
  {
    name: 'an overloaded store could not run: 2',
    answer: { status: 503, body: { error: { code: 'store_overloaded', message: 'Too much at once.' } } },
    code: 2,
    says: /^store_overloaded: /,
  },
  {
    name: 'an error code of another version is not taken for one of ours',
    answer: { status: 400, body: { error: { code: 'brand_new', message: 'Surprise.' } } },
    code: 2,
    says: /answered 400 with something that is not an answer of Postern/,
  },
  {
    name: "a proxy's page is not taken for an answer",
    answer: { status: 502, body: '<html>' },
    code: 2,
    says: /answered 502/,
  },
  { name: 'nor is a page that says 200', answer: { status: 200, body: '<html>' }, code: 2, says: /answered 200/ },
  {
    name: 'what an answer says cannot steer the terminal',
    answer: { status: 404, body: { error: { code: 'request_unknown', message: 'a\u001B[2Jb' } } },
    code: 1,
    says: /^request_unknown: a\[2Jb/,
  },
]
for (const { name, answer, code, says } of answers) {
  test(name, async () => {
    api.answer({ 'GET /api/v1/requests/x': answer })
    const plain = await run('requests', 'x')
    expect([plain.code, plain.stdout]).toEqual([code, ''])
    expect(plain.stderr).toMatch(says)
    const json = await run('requests', 'x', '--json')
    expect(json.code).toBe(code)
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: expect.any(String) as string } })
  })
}

test('a gateway that does not answer is named, with the remedy, exit code 2', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as { port: number }
  closed.close()
  await once(closed, 'close')
  const { code, stderr } = await run('requests', '--url', `http://127.0.0.1:${port}`)
  expect(code).toBe(2)
  expect(stderr).toContain(`gateway_unreachable: No gateway answers at http://127.0.0.1:${port} (connection refused).`)
  expect(stderr).toContain('postern serve')
})
