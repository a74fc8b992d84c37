import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { buildSettings, type SettingsReading } from '../../src/compose/build-settings.ts'
import { loadSpecSet } from '../../src/compose/spec-set.ts'
import { loadConfig } from '../../src/config/load.ts'
import { describeFinding } from '../../src/domain/finding.ts'
import { Secret } from '../../src/domain/secret.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'
import type { IntegrationSettings } from '../../src/engine/settings.ts'

const SPEC = `provider: crm
name: CRM
docs: https://crm.example/docs
confidence: docs
secrets:
  token: { where: the settings page }
verify:
  - { scheme: token, secret: token, signature: { header: X-Token } }
event: { type: body.type }
match:
  - { field: connection_config.account, equals: body.account }
syncs:
  contacts:
    model: Contact
    every: 1h
    request: { get: "https://api.crm.example/contacts" }
    records: 'response.body.{ "id": id }'
    on: { contact.created: run }
examples:
  - name: a contact is created
    given: { secrets: { token: t0ken } }
    request: { headers: { X-Token: t0ken }, json: { type: contact.created, account: a } }
    expect: { answer: 200 }
`

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-compose-'))
  mkdirSync(join(folder, 'specs'))
  writeFileSync(join(folder, 'specs/crm.yaml'), SPEC)
})
afterEach(() => rmSync(folder, { recursive: true }))

function read(integration: string): SettingsReading {
  writeFileSync(
    join(folder, 'postern.yaml'),
    `specs: [./specs]
destinations: { app: { url: "https://app.example.com/webhooks" } }
integrations:
  crm-prod:
    provider: crm
    secrets: { token: [a-token-of-good-length] }
    forward: [app]
${integration}`,
  )
  const { config, findings } = loadConfig({ argument: undefined, env: {}, workingDirectory: folder })
  expect(findings.map(describeFinding)).toEqual([])
  const { specs } = loadSpecSet(config!.specs, { compileExpression: createExpressionCompiler() })
  const secret = new Secret('a-secret-of-good-length')
  return buildSettings({ config: config!, specs, instanceKey: secret, signingSecret: secret })
}

function integrationOf({ settings, findings }: SettingsReading): IntegrationSettings {
  expect(findings.map(describeFinding)).toEqual([])
  return settings!.integrations.get('crm-prod')!
}

describe('syncs', () => {
  test('of the spec are those of every integration that says nothing else', () => {
    const reading = read('')
    expect(integrationOf(reading).syncs?.get('contacts' as never)).toMatchObject({
      model: 'Contact',
      everyMs: 3_600_000,
    })
    expect(reading.settings!.syncing).toEqual(['crm-prod'])
  })

  test('can be changed member by member, switched off and added', () => {
    const changed = integrationOf(read('    syncs: { contacts: { every: 30m } }\n'))
    expect(changed.syncs?.get('contacts' as never)).toMatchObject({ model: 'Contact', everyMs: 1_800_000 })

    const off = read('    syncs: { contacts: false }\n')
    expect(integrationOf(off).syncs).toBeUndefined()
    expect(off.settings!.syncing).toEqual([])

    const added = integrationOf(
      read(`    syncs:
      deals: { model: Deal, request: { get: "https://api.crm.example/deals" }, records: 'response.body.{ "id": id }' }
`),
    )
    expect([...added.syncs!.keys()]).toEqual(['contacts', 'deals'])
  })

  test('may name options and a client secret that the spec does not know', () => {
    const { syncs, options } = integrationOf(
      read(`    options: { region: eu, client_id: app-1 }
    syncs:
      contacts:
        request: { get: "https://{options.region}.crm.example/contacts" }
        auth: { oauth2: { token_url: "https://crm.example/token" } }
`),
    )
    expect(syncs?.get('contacts' as never)?.auth).toMatchObject({ kind: 'oauth2', clientSecret: 'client_secret' })
    expect(options).toEqual({ region: 'eu', client_id: 'app-1' })
  })

  const mistakes = [
    {
      name: 'a member that is missing after all was put together',
      yaml: '    syncs: { deals: { model: Deal } }\n',
      finding: /^postern\.yaml:8:\d+: error: the sync has no request/m,
    },
    {
      name: 'an interval below the least',
      yaml: '    syncs: { contacts: { every: 5s } }\n',
      finding: /^postern\.yaml:8:\d+: error: every is 5s/,
    },
    {
      name: 'an expression that reads what is not there',
      yaml: '    syncs: { contacts: { records: item.id } }\n',
      finding: /^postern\.yaml:8:\d+: error: "item" is not to be had here/,
    },
    {
      name: 'switching off what is not there',
      yaml: '    syncs: { contact: false }\n',
      finding: /^postern\.yaml:8:\d+: warning: .*no sync "contact".*\n?.*contacts/,
    },
  ]
  test.each(mistakes)('are told with their place: $name', ({ yaml, finding }) => {
    const { findings } = read(yaml)
    expect(findings.map(describeFinding).join('\n')).toMatch(finding)
  })
})

describe('what destinations get', () => {
  const cases = [
    { deliver: 'both', forward: ['app'], syncNotices: ['app'] },
    { deliver: 'events', forward: ['app'], syncNotices: [] },
    { deliver: 'syncs', forward: [], syncNotices: ['app'] },
  ]
  test.each(cases)('with deliver: $deliver', ({ deliver, ...expected }) => {
    expect(integrationOf(read(`    deliver: ${deliver}\n`))).toMatchObject(expected)
  })
})
