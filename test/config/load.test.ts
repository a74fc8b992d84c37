import { DEFAULT_BREAKER } from '../../src/domain/delivery.ts'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ConfigReading, loadConfig } from '../../src/config/load.ts'
import { printConfig, printConfigJson } from '../../src/config/print.ts'
import type { ResolvedConfig } from '../../src/config/resolved-config.ts'
import { DEFAULT_RETRY_SCHEDULE } from '../../src/domain/delivery.ts'
import { describeFinding } from '../../src/domain/finding.ts'

type Env = Record<string, string | undefined>

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function load(text: string | null, env: Env = {}, argument?: string): ConfigReading {
  if (text !== null) writeFileSync(join(folder, 'postern.yaml'), text)
  return loadConfig({ argument, env, workingDirectory: folder })
}

function configOf(reading: ConfigReading): ResolvedConfig {
  expect(reading.findings.filter(({ severity }) => severity === 'error').map(describeFinding)).toEqual([])
  return reading.config!
}

function findingsOf(reading: ConfigReading): string[] {
  return reading.findings.map(describeFinding)
}

const SECRET = 'a-secret-of-good-length'

test('reads the example of the design', () => {
  const config = configOf(
    load(
      `server: { host: 127.0.0.1, port: 8080, public_url: https://hooks.example.com/, max_body: 5mb }
storage: sqlite:./data/postern.db
api: { keys: ["\${POSTERN_API_KEY}"] }
encryption: { keys: ["\${POSTERN_ENCRYPTION_KEY}"] }
signing: { secrets: ["\${POSTERN_SIGNING_SECRET}"] }
specs: [./my-specs]
destinations:
  app: { url: "https://app.example.com/webhooks", timeout: 10s, concurrency: 4 }
integrations:
  billing-prod:
    provider: billing
    secrets: { webhook_secret: ["\${BILLING_SECRET}"], other: plain-text }
    forward: [app]
outbound: { allow_private: [] }
`,
      {
        POSTERN_API_KEY: `${SECRET}-1`,
        POSTERN_ENCRYPTION_KEY: `${SECRET}-2`,
        POSTERN_SIGNING_SECRET: `${SECRET}-3`,
        BILLING_SECRET: 's',
      },
    ),
  )
  expect(config.server).toEqual({
    host: '127.0.0.1',
    port: 8080,
    publicUrl: 'https://hooks.example.com',
    maxBodyBytes: 5_242_880,
  })
  expect(config.storage).toEqual({ kind: 'sqlite', file: join(folder, 'data', 'postern.db') })
  expect(config.dataDirectory).toBe(join(folder, 'data'))
  expect(config.specs).toEqual([join(folder, 'my-specs')])
  expect(config.apiKeys.map((key) => key.reveal())).toEqual([`${SECRET}-1`])
  expect(config.destinations.get('app' as never)).toEqual({
    name: 'app',
    url: 'https://app.example.com/webhooks',
    timeoutMs: 10_000,
    concurrency: 4,
    headers: {},
    rate: null,
    breaker: DEFAULT_BREAKER,
    order: 'none',
    filter: null,
    body: 'wrapper',
    transport: null,
  })
  const integration = config.integrations.get('billing-prod' as never)!
  expect(integration).toMatchObject({
    provider: 'billing',
    forward: ['app'],
    unmatched: 'raw',
    dedupeWindowMs: 86_400_000,
  })
  expect([...integration.secrets].map(([name, secrets]) => [name, secrets.map((one) => one.reveal())])).toEqual([
    ['webhook_secret', ['s']],
    ['other', ['plain-text']],
  ])
  expect(config.outbound.allowPrivate).toEqual([])
})

test('without a file runs a trial on loopback that may forward to loopback', () => {
  const reading = load(null)
  const config = configOf(reading)
  expect(reading.findings).toEqual([])
  expect(config).toMatchObject({
    file: null,
    isEmbeddedDefault: true,
    server: { host: '127.0.0.1', port: 8080, publicUrl: null },
    storage: { file: join(folder, 'data', 'postern.db') },
    outbound: { allowPrivate: ['127.0.0.0/8', '::1/128'] },
    apiKeys: [],
    defaultForward: [],
    log: { level: 'info' },
  })
  expect(config.integrations.size).toBe(0)
})

test('an empty file is a configuration with every default, and is no trial', () => {
  expect(configOf(load('# later\n'))).toMatchObject({
    isEmbeddedDefault: false,
    outbound: { allowPrivate: [] },
    server: { port: 8080 },
  })
})

test('the default retry schedule of the schema is the one of the domain', () => {
  expect(configOf(load('')).retrySchedule).toEqual(DEFAULT_RETRY_SCHEDULE)
})

test('the configuration cannot be changed', () => {
  const config = configOf(load('destinations: { app: { url: "https://a.example" } }'))
  for (const part of [
    config,
    config.server,
    config.retrySchedule.delaysMs,
    config.specs,
    config.destinations.get('app' as never),
  ]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
})

test('a member of a mapping may be called like something every object has', () => {
  const config = configOf(
    load('integrations: { x: { provider: p, forward: [], options: { constructor: a, toString: b } } }'),
  )
  expect({ ...config.integrations.get('x' as never)!.options }).toEqual({ constructor: 'a', toString: 'b' })
})

const discoveries = [
  { name: '--config wins over POSTERN_CONFIG', argument: 'one.yaml', env: { POSTERN_CONFIG: 'two.yaml' }, port: 1 },
  { name: 'POSTERN_CONFIG wins over postern.yaml', argument: undefined, env: { POSTERN_CONFIG: 'two.yaml' }, port: 2 },
  { name: 'postern.yaml wins over postern.yml', argument: undefined, env: {}, port: 3 },
]
for (const { name, argument, env, port } of discoveries) {
  test(name, () => {
    for (const [at, file] of ['one.yaml', 'two.yaml', 'postern.yaml', 'postern.yml'].entries()) {
      writeFileSync(join(folder, file), `server: { port: ${at + 1} }`)
    }
    expect(configOf(load(null, env, argument)).server.port).toBe(port)
  })
}

test('postern.yml is found too', () => {
  writeFileSync(join(folder, 'postern.yml'), 'server: { port: 4 }')
  expect(configOf(load(null)).server.port).toBe(4)
})

test('paths of the file start at its folder, not at the working directory', () => {
  mkdirSync(join(folder, 'etc'))
  writeFileSync(join(folder, 'etc', 'p.yaml'), 'specs: [specs]')
  const config = configOf(load(null, {}, 'etc/p.yaml'))
  expect(config.specs).toEqual([join(folder, 'etc', 'specs')])
  expect(config.dataDirectory).toBe(join(folder, 'etc', 'data'))
})

test('a file that was named but is not there is an error, not the default', () => {
  expect(findingsOf(load(null, {}, 'nope.yaml'))).toEqual([
    'nope.yaml: error: there is no such file. --config names it; correct that or create the file.',
  ])
  expect(load(null, { POSTERN_CONFIG: '.' }).config).toBeNull()
})

const interpolations = [
  { name: 'a variable', text: '${NAME}', value: 'value' },
  { name: 'a variable inside a text, several times', text: 'a-${NAME}-${OTHER}', value: 'a-value-x y' },
  { name: 'a default for a variable that is not set', text: '${NOPE:-fallback}', value: 'fallback' },
  { name: 'a default for a variable that is empty', text: '${EMPTY:-fallback}', value: 'fallback' },
  { name: 'no default for one that is set', text: '${NAME:-fallback}', value: 'value' },
  { name: 'an empty default', text: 'x${NOPE:-}', value: 'x' },
  { name: 'a default with colons and dashes', text: '${NOPE:-http://a:-b}', value: 'http://a:-b' },
  { name: 'a file, without its last line break', text: '${file:./token}', value: 'from\nfile' },
  { name: 'an escaped reference as it is', text: '$${NAME}', value: '${NAME}' },
  { name: 'a lonely dollar as it is', text: '$NAME and {NAME}', value: '$NAME and {NAME}' },
  { name: 'what a variable holds is not looked into again', text: '${NESTED}', value: '${NAME}' },
]
for (const { name, text, value } of interpolations) {
  test(`interpolates ${name}`, () => {
    writeFileSync(join(folder, 'token'), 'from\nfile\n')
    const env = { NAME: 'value', OTHER: 'x y', EMPTY: '', NESTED: '${NAME}' }
    const config = configOf(
      load(`integrations: { x: { provider: p, forward: [], options: { o: ${JSON.stringify(text)} } } }`, env),
    )
    expect(config.integrations.get('x' as never)!.options.o).toBe(value)
  })
}

test('a number may come from a variable', () => {
  const text = 'server: { port: "${MY_PORT}" }\ndelivery: { jitter: "${JITTER:-0.5}" }'
  expect(configOf(load(text, { MY_PORT: '9090' }))).toMatchObject({
    server: { port: 9090 },
    retrySchedule: { jitter: 0.5 },
  })
  expect(findingsOf(load(text, { MY_PORT: '9090x' }))).toEqual([
    'postern.yaml:1:17: error: server.port must be a whole number, not a text. Port to listen on; 0 takes a free one.',
  ])
})

test('a secret of digits only keeps its zeros', () => {
  const config = configOf(load('api: { keys: ["${KEY}"] }', { KEY: '00012345678901234567' }))
  expect(config.apiKeys[0]!.reveal()).toBe('00012345678901234567')
})

const refusals = [
  {
    name: 'a variable that is not set, with its like',
    text: 'api:\n  keys: ["${MY_SECRT}"]',
    env: { MY_SECRET: SECRET },
    findings: [
      'postern.yaml:2:10: error: api.keys[0] needs the environment variable MY_SECRT, which is not set. Did you mean MY_SECRET? Otherwise set MY_SECRT.',
    ],
  },
  {
    name: 'a variable that is empty: an empty secret would let everybody in',
    text: 'api: { keys: ["${KEY}"] }',
    env: { KEY: '' },
    findings: [
      'postern.yaml:1:15: error: api.keys[0] needs the environment variable KEY, which is empty. Set it, or give a default: ${KEY:-…}.',
    ],
  },
  {
    name: 'a reference that is not closed',
    text: 'api: { keys: ["${KEY"] }',
    findings: [
      'postern.yaml:1:15: error: api.keys[0] has a reference that cannot be read. Write ${NAME}, ${NAME:-default} or ${file:/path}; a plain ${ is written $${.',
    ],
  },
  {
    name: 'a file that does not exist',
    text: 'api: { keys: ["${file:/nonexistent/key}"] }',
    findings: [
      'postern.yaml:1:15: error: api.keys[0] reads /nonexistent/key, which does not exist. Create it, readable for the user of the gateway.',
    ],
  },
  {
    name: 'an unknown key',
    text: 'server:\n  prot: 80',
    findings: ['postern.yaml:2:3: error: unknown key "prot" in server. Did you mean "port"?'],
  },
  {
    name: 'a destination that does not exist',
    text: 'destinations: { app: { url: "https://a.example" } }\nintegrations:\n  x: { provider: p, forward: [ap] }',
    findings: [
      'postern.yaml:3:31: error: integrations.x forwards to "ap", which is no destination. Did you mean "app"?',
    ],
  },
  {
    name: 'a password in the URL of a destination',
    text: 'destinations: { app: { url: "https://u:hunter2@a.example" } }',
    findings: [
      'postern.yaml:1:29: error: destinations.app.url holds a user name or password. Give them as a header: headers: { authorization: "Basic …" }.',
    ],
  },
  {
    name: 'names that differ in case only',
    text: 'integrations: { Shop: { provider: p, forward: [] }, shop: { provider: p, forward: [] } }',
    code: 'config_ambiguous_name',
  },
  { name: 'a network that is none', text: 'outbound: { allow_private: [10.0.0.0/33] }', code: 'config_invalid_cidr' },
  { name: 'a wait of a year', text: 'delivery: { retries: [365d] }', code: 'config_out_of_bounds' },
  { name: 'a body limit beyond memory', text: 'server: { max_body: 900000gb }', code: 'config_out_of_bounds' },
  {
    name: 'an ingress token that cannot stand in a URL',
    text: 'integrations: { x: { provider: p, forward: [], ingress_tokens: ["a b/c-0123456789"] } }',
    code: 'config_invalid_token',
  },
  { name: 'storage in memory', text: 'storage: "sqlite::memory:"', code: 'config_volatile_storage' },
  { name: 'storage it does not know', text: 'storage: mysql://x', code: 'schema_bad_format' },
  { name: 'a document that is a list', text: '- a', code: 'schema_wrong_type' },
  {
    name: 'a section that is a number, also when the environment sets a part of it',
    text: 'server: 5',
    env: { PORT: '80' },
    code: 'schema_wrong_type',
  },
]
for (const { name, text, env, findings, code } of refusals as {
  name: string
  text: string
  env?: Env
  findings?: string[]
  code?: string
}[]) {
  test(`refuses ${name}`, () => {
    const reading = load(text, env)
    expect(reading.config).toBeNull()
    const errors = reading.findings.filter(({ severity }) => severity === 'error')
    if (findings !== undefined) expect(errors.map(describeFinding)).toEqual(findings)
    else expect(errors.map((finding) => finding.code)).toEqual([code])
  })
}

test('tells everything that is wrong at once', () => {
  const text = 'server: { prot: 1 }\napi: { keys: ["${NOPE}"] }\nlog: { level: loud }'
  expect(load(text).findings.map(({ line, code }) => `${line} ${code}`)).toEqual([
    '1 schema_unknown_key',
    '2 config_missing_variable',
    '3 schema_not_allowed',
  ])
})

test('no finding shows a secret, wherever it stands', () => {
  const text = `api: { keys: [hunter2, hunter2, 7] }
signing: { secrets: "\${S}" }
destinations: { app: { url: "\${S}", headers: { authorization: [hunter2] } } }
integrations: { x: { provider: p, secrets: { a: { b: hunter2 } }, ingress_tokens: ["hunter2 !"] } }`
  const findings = findingsOf(load(text, { S: 'hunter2' }))
  expect(findings.length).toBeGreaterThan(3)
  expect(findings.join('\n')).not.toContain('hunter2')
})

const warnings = [
  {
    name: 'a destination on loopback that outbound calls may not reach, with the line to add',
    text: 'destinations: { app: { url: "http://127.0.0.1:3000" } }',
    findings: [
      'postern.yaml:1:29: warning: destinations.app.url is on a private network, which outbound calls may not reach: every forward to it will fail. If that is meant, add: outbound: { allow_private: ["127.0.0.1/32"] }',
    ],
  },
  {
    name: 'localhost',
    text: 'destinations: { app: { url: "http://localhost:3000" } }',
    code: 'config_private_destination',
  },
  {
    name: 'a private address in IPv6',
    text: 'destinations: { app: { url: "http://[fd00::1]:3000" } }',
    code: 'config_private_destination',
  },
  {
    name: 'a loopback address in disguise',
    text: 'destinations: { app: { url: "http://2130706433/" } }',
    code: 'config_private_destination',
  },
  {
    name: 'an integration that forwards nowhere',
    text: 'integrations: { x: { provider: p } }',
    code: 'config_forwards_nowhere',
  },
  { name: 'a key that can be guessed', text: 'api: { keys: [short] }', code: 'config_weak_secret' },
  { name: 'a secret that stands twice', text: `api: { keys: [${SECRET}, ${SECRET}] }`, code: 'config_duplicate' },
  {
    name: 'an allow list that allows everything',
    text: 'outbound: { allow_private: [0.0.0.0/0] }',
    code: 'config_open_allow_list',
  },
  { name: 'a variable that nothing reads', text: '', env: { POSTERN_PROT: '80' }, code: 'config_unknown_variable' },
]
for (const { name, text, env, findings, code } of warnings as {
  name: string
  text: string
  env?: Env
  findings?: string[]
  code?: string
}[]) {
  test(`warns of ${name}`, () => {
    const reading = load(text, env)
    configOf(reading)
    if (findings !== undefined) expect(findingsOf(reading)).toEqual(findings)
    else expect(reading.findings.map((finding) => finding.code)).toEqual([code])
  })
}

const quiet = [
  {
    name: 'a private destination that is allowed',
    text: 'destinations: { app: { url: "http://10.1.2.3" } }\noutbound: { allow_private: [10.0.0.0/8] }',
  },
  { name: 'a public destination', text: 'destinations: { app: { url: "https://93.184.216.34/" } }' },
  {
    name: 'an integration that says it forwards nowhere on purpose',
    text: 'integrations: { x: { provider: p, forward: [] } }',
  },
  {
    name: 'a variable that the file reads',
    text: 'api: { keys: ["${POSTERN_MY_KEY}"] }',
    env: { POSTERN_MY_KEY: SECRET },
  },
  {
    name: 'what Kubernetes sets for a service of our name',
    text: '',
    env: {
      POSTERN_SERVICE_HOST: '10.0.0.1',
      POSTERN_PORT: 'tcp://10.0.0.1:8080',
      POSTERN_PORT_8080_TCP_ADDR: '10.0.0.1',
    },
  },
]
for (const { name, text, env } of quiet as {
  name: string
  text: string
  env?: Env
}[]) {
  test(`says nothing of ${name}`, () => expect(findingsOf(load(text, env))).toEqual([]))
}

const overrides = [
  {
    name: 'POSTERN_PORT sets the port',
    env: { POSTERN_PORT: '9000', PORT: '1' },
    expected: { server: { port: 9000 } },
  },
  { name: 'PORT sets the port', env: { PORT: '9001' }, expected: { server: { port: 9001 } } },
  {
    name: 'PORT counts where POSTERN_PORT is a service link',
    env: { POSTERN_PORT: 'tcp://10.0.0.1:80', PORT: '9002' },
    expected: { server: { port: 9002 } },
  },
  { name: 'an empty variable sets nothing', env: { POSTERN_PORT: '' }, expected: { server: { port: 7 } } },
  {
    name: 'POSTERN_HOST sets the host',
    env: { POSTERN_HOST: '0.0.0.0' },
    expected: { server: { host: '0.0.0.0', port: 7 } },
  },
  {
    name: 'POSTERN_PUBLIC_URL sets the public URL',
    env: { POSTERN_PUBLIC_URL: 'https://h.example/x/' },
    expected: { server: { publicUrl: 'https://h.example/x' } },
  },
  {
    name: 'POSTERN_LOG_LEVEL sets the level',
    env: { POSTERN_LOG_LEVEL: 'debug' },
    expected: { log: { level: 'debug' } },
  },
  {
    name: 'POSTERN_DATA_DIR moves the database',
    env: { POSTERN_DATA_DIR: '/var/lib/x' },
    expected: { dataDirectory: '/var/lib/x', storage: { file: '/var/lib/x/postern.db' } },
  },
]
for (const { name, env, expected } of overrides as { name: string; env: Env; expected: object }[]) {
  test(name, () => expect(configOf(load('server: { port: 7 }', env))).toMatchObject(expected))
}

test('a wrong value of a variable is found at the variable', () => {
  expect(findingsOf(load('', { POSTERN_PORT: '80a', POSTERN_LOG_LEVEL: 'inf' }))).toEqual([
    'environment variable POSTERN_LOG_LEVEL: error: log.level is "inf", which is not one of trace, debug, info, warn, error, silent. Did you mean "info"?',
    'environment variable POSTERN_PORT: error: server.port must be a whole number, not "80a". Port to listen on; 0 takes a free one.',
  ])
})

test('secrets may come from the environment where the file has none', () => {
  writeFileSync(join(folder, 'signing'), `${SECRET}\n`)
  const env = { POSTERN_API_KEY: `${SECRET}-env`, POSTERN_SIGNING_SECRET_FILE: 'signing' }
  const config = configOf(load('', env))
  expect(config.apiKeys[0]!.reveal()).toBe(`${SECRET}-env`)
  expect(config.signingSecrets[0]!.reveal()).toBe(SECRET)
  expect(configOf(load(`api: { keys: [${SECRET}-file] }`, env)).apiKeys.map((key) => key.reveal())).toEqual([
    `${SECRET}-file`,
  ])
})

test('POSTERN_FORWARD_URL makes a destination for every integration that names none', () => {
  const text =
    'destinations: { other: { url: "https://o.example" } }\nintegrations: { a: { provider: p }, b: { provider: p, forward: [other] } }'
  const config = configOf(load(text, { POSTERN_FORWARD_URL: 'https://app.example/hook' }))
  expect(config.destinations.get('app' as never)).toMatchObject({
    url: 'https://app.example/hook',
    timeoutMs: 20_000,
    concurrency: 16,
  })
  expect(config.integrations.get('a' as never)!.forward).toEqual(['app'])
  expect(config.integrations.get('b' as never)!.forward).toEqual(['other'])
  expect(config.defaultForward).toEqual(['app'])
})

test('prints every value with its origin, and no secret', () => {
  const text = `server: { port: 7 }
api: { keys: ["\${KEY}", hunter2-hunter2-hunter2] }
destinations: { app: { url: "https://a.example", headers: { x-key: hunter2 } } }
integrations: { x: { provider: p, forward: [app], secrets: { s: hunter2 }, ingress_tokens: [hunter2-hunter2-hunter2] } }`
  const config = configOf(load(text, { KEY: 'hunter2-0123456789', POSTERN_HOST: '0.0.0.0' }))
  const printed = printConfig(config)
  expect(printed).toMatch(/^server\.port = 7 +# postern\.yaml:1:17$/m)
  expect(printed).toMatch(/^server\.host = "0\.0\.0\.0" +# environment variable POSTERN_HOST$/m)
  expect(printed).toMatch(/^api\.keys\[0\] = "\[secret\]" +# postern\.yaml:2:15 \(\$\{KEY\}\)$/m)
  expect(printed).toMatch(/^log\.level = "info" +# default$/m)
  expect(printed + printConfigJson(config) + JSON.stringify(config)).not.toContain('hunter2-')
  expect(printed).not.toContain('hunter2')
})
