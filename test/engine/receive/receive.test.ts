import { expect, test } from 'vitest'
import type { DestinationName, IntegrationKey } from '../../../src/domain/ids.ts'
import { createIds } from '../../../src/domain/ids.ts'
import { Secret } from '../../../src/domain/secret.ts'
import { createReceive, type ReceiveDeps } from '../../../src/engine/receive/receive.ts'
import type { IntegrationSettings, Settings } from '../../../src/engine/settings.ts'
import { createExpressionCompiler } from '../../../src/expression/compile.ts'
import { compileSpec } from '../../../src/spec/compile.ts'
import { readSpecText } from '../../../src/spec/load.ts'

const SPEC = `provider: crm
name: CRM
docs: https://crm.example/docs
confidence: docs
secrets: { token: { where: the settings page } }
verify: [{ scheme: token, secret: token, signature: { header: X-Token } }]
event: { type: body.type }
match: [{ field: connection_config.account, equals: body.account }]
examples:
  - name: a contact is created
    request: { headers: { X-Token: t0ken }, json: { type: contact.created, account: a } }
    expect: { answer: 200 }
`
const APP = 'app' as DestinationName

function createWorld(change: Partial<ReceiveDeps>) {
  const { spec } = readSpecText(SPEC, 'crm.yaml').loaded!
  const integration: IntegrationSettings = {
    key: 'crm' as IntegrationKey,
    spec: compileSpec(spec, 'crm.yaml', { compileExpression: createExpressionCompiler() }),
    secrets: new Map([['token', [new Secret('t0ken')]]]),
    options: {},
    ingressTokens: [],
    forward: [APP],
    unmatched: 'raw',
    dedupeWindowMs: null,
    syncs: new Map(),
  }
  const settings: Settings = {
    integrations: new Map([['crm', integration]]),
    destinations: new Map(),
    publicUrl: null,
    signingSecrets: [],
    retrySchedule: { delaysMs: [], jitter: 0, maxRetryAfterMs: 0 },
    maxBodyBytes: 1_000,
  }
  const steps: string[] = []
  const note = (step: string) => (): void => void steps.push(step)
  const receive = createReceive({
    settings: { current: () => settings },
    store: {
      assertRoom: note('asked for room'),
      findConnections: () => [],
      acceptRequest: ({ deliveries }) => {
        steps.push('stored')
        const stored = deliveries.map(({ id, positions, eventIds }) => ({ id, positions, eventIds }))
        return Promise.resolve({ duplicates: new Set(), stored })
      },
      recordRefusal: note('refused'),
      recordHandshake: note('handshake'),
    },
    handOff: { hasRoom: () => true, offer: note('handed over'), kick: note('kicked'), leaseMs: () => 1_000 },
    keySets: {} as never,
    keyring: {
      secretsOf: ({ secrets }) => secrets,
      connectionSecrets: () => undefined as never,
      keep: () => Promise.reject(new Error('no handshake')),
    },
    confirm: note('confirmed'),
    clock: { now: () => 1_000, after: () => ({ cancel: () => undefined }) },
    ids: createIds({ now: () => 1_000, randomBytes: (size) => Buffer.alloc(size, 1) }),
    journal: { record: () => undefined, warn: () => undefined, error: () => undefined },
    ...change,
  })
  const send = (token: string) =>
    receive({
      integrationKey: 'crm',
      ingressToken: null,
      method: 'POST',
      target: '/webhook/crm',
      host: 'localhost',
      rawHeaders: ['X-Token', token, 'Content-Type', 'application/json'],
      rawBody: Buffer.from('{"type":"contact.created","account":"a"}'),
      remoteAddress: null,
      startedAt: 1_000,
    })
  return { steps, send }
}

test('hands over what was stored before it waits for syncs, so that trouble with them delays no delivery', async () => {
  const { steps, send } = createWorld({ onAccepted: () => Promise.reject(new Error('the store is gone')) })
  await expect(send('t0ken')).rejects.toThrow('the store is gone')
  expect(steps).toEqual(['asked for room', 'stored', 'handed over'])
})

test('answers when the syncs have kept what the events ask of them', async () => {
  const { steps, send } = createWorld({
    onAccepted: async ({ events }) => {
      await new Promise(setImmediate)
      steps.push(`kept ${events.length}`)
    },
  })
  expect(await send('t0ken')).toMatchObject({ status: 200 })
  expect(steps).toEqual(['asked for room', 'stored', 'handed over', 'kept 1'])
})

test('asks nothing of syncs for what is refused', async () => {
  const { steps, send } = createWorld({ onAccepted: () => Promise.reject(new Error('must not be asked')) })
  expect(await send('wrong')).toMatchObject({ status: 401 })
  expect(steps).toEqual(['asked for room', 'refused'])
})
