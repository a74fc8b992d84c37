import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { parseDuration } from '../../src/domain/duration.ts'
import { DEFAULT_BREAKER } from '../../src/domain/delivery.ts'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../outbound/localhost-certificate.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function load(text: string) {
  const argument = join(folder, 'postern.yaml')
  writeFileSync(argument, text)
  return loadConfig({ argument, env: {}, workingDirectory: folder })
}

function destination(members: string) {
  const { config, findings } = load(`destinations: { app: { url: "https://a.example", ${members} } }`)
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
  return config!.destinations.get('app' as never)!
}

describe('a destination', () => {
  const cases = [
    { members: 'rate: 100/s', expected: { rate: { count: 100, perMs: 1_000 } } },
    { members: 'rate: 30/m', expected: { rate: { count: 30, perMs: 60_000 } } },
    { members: 'breaker: off', expected: { breaker: null } },
    {
      members: 'breaker: { min_attempts: 5, open_for: 1m }',
      expected: { breaker: { ...DEFAULT_BREAKER, minAttempts: 5, openForMs: 60_000 } },
    },
    { members: 'order: connection', expected: { order: 'connection' } },
    { members: 'body: raw', expected: { body: 'raw' } },
    { members: `filter: 'type = "push"'`, expected: { filter: 'type = "push"' } },
    {
      members: 'proxy: "http://proxy.internal:3128"',
      expected: { transport: { cert: null, key: null, ca: null, proxy: 'http://proxy.internal:3128' } },
    },
  ]
  for (const { members, expected } of cases) {
    test(members, () => expect(destination(members)).toMatchObject(expected))
  }

  test('reads its certificate and key from files, and shows neither', () => {
    writeFileSync(join(folder, 'cert.pem'), LOCALHOST_CERTIFICATE)
    writeFileSync(join(folder, 'key.pem'), LOCALHOST_KEY)
    const text =
      'destinations: { app: { url: "https://a.example", tls: { cert: "${file:cert.pem}", key: "${file:key.pem}" } } }'
    const { config } = load(text)
    const { transport } = config!.destinations.get('app' as never)!
    expect(transport!.cert).toContain('BEGIN CERTIFICATE')
    expect(transport!.key).toContain('BEGIN PRIVATE KEY')
    expect(JSON.stringify(config!.entries)).not.toContain('BEGIN')
  })

  const refusals = [
    { members: 'rate: 100', code: /schema_/ },
    { members: 'rate: 0/s', code: /schema_/ },
    { members: 'breaker: { failure_ratio: 2 }', code: /schema_/ },
    { members: 'breaker: { window: 30d }', code: /config_out_of_bounds/ },
    { members: 'order: strict', code: /schema_/ },
    { members: 'tls: { cert: /path/to/cert.pem, key: /path/key.pem }', code: /config_invalid_pem/ },
    { members: 'tls: { cert: "-----BEGIN CERTIFICATE-----" }', code: /config_incomplete_tls/ },
    { members: 'proxy: "socks5://proxy"', code: /schema_/ },
  ]
  for (const { members, code } of refusals) {
    test(`is refused with ${members}`, () => {
      const { config, findings } = load(`destinations: { app: { url: "https://a.example", ${members} } }`)
      expect(config).toBeNull()
      expect(findings.map((finding) => finding.code).join()).toMatch(code)
    })
  }
})

test('the breaker that the schema names as the default is the one of the code', () => {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/config.schema.json', import.meta.url), 'utf8')) as {
    $defs: { destination: { properties: { breaker: { default: Record<string, string | number> } } } }
  }
  const named = schema.$defs.destination.properties.breaker.default
  expect({
    failureRatio: named['failure_ratio'],
    minAttempts: named['min_attempts'],
    windowMs: parseDuration(String(named['window'])),
    openForMs: parseDuration(String(named['open_for'])),
  }).toEqual(DEFAULT_BREAKER)
})

describe('retention', () => {
  const DAY = 86_400_000

  test('has defaults, and each can be set', () => {
    const defaults = { acceptedMs: 30 * DAY, refusedMs: 7 * DAY, attemptsMs: 30 * DAY, heldMs: 30 * DAY }
    expect(load('log: { level: info }').config!.retention).toEqual(defaults)
    expect(load('retention: { refused: 1d }').config!.retention).toEqual({ ...defaults, refusedMs: DAY })
  })

  test('that is shorter than the window of duplicates is remarked', () => {
    const { findings } = load('retention: { accepted: 1h }')
    expect(findings.map(({ code }) => code)).toContain('config_short_retention')
  })
})
