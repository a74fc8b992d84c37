/** A running gateway with syncs, a provider's API for it, and the peer's published client, unchanged: what its tests share. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Nango } from '@nangohq/node'
import { expect } from 'vitest'
import {
  API_KEY,
  createGatewayHome,
  eventually,
  type GatewayHome,
  type RunningGateway,
  SIGNING_SECRET,
} from '../support/gateway.ts'
import { createProviderApis, type ProviderApis } from '../support/provider-apis.ts'
import { createReceiver, type Receiver } from '../support/receiver.ts'

export const CRM = 'crm-prod'

export interface PeerGateway {
  readonly home: GatewayHome
  readonly gateway: RunningGateway
  readonly apis: ProviderApis
  /** The app, which is told of runs. */
  readonly app: Receiver
  readonly client: Nango
  /** Makes a connection, whose syncs begin, and waits for the first run of `people` to end. */
  connect(connectionId: string): Promise<void>
  /** Triggers and waits until so many runs of a sync have ended since. */
  sync(connectionId: string, opts?: { reset?: boolean; emptyCache?: boolean }): Promise<SyncRunJson>
  /** Newest first. */
  runs(connectionId: string, sync?: string): Promise<SyncRunJson[]>
  close(): Promise<void>
}

export interface SyncRunJson {
  readonly id: string
  readonly sync: string
  readonly state: string
  readonly type: string
  readonly cause: string
  readonly full: boolean
  readonly started_at: string
  readonly [member: string]: unknown
}

const SPEC = `provider: acme-crm
name: Acme CRM
docs: https://docs.example.com
confidence: docs
secrets: { key: { where: here } }
verify:
  - { scheme: hmac-sha256, secret: key, signature: { header: X-Signature }, signed: "{body}", does_not_cover: [time] }
event: { type: body.type }
match: [{ field: connection_config.account, equals: body.account }]
examples:
  - { name: an event, request: { json: { type: contact.changed, account: 1 } }, expect: { answer: 200 } }
`

const SYNCS = `destinations: { app: { url: "{app}/webhooks" } }
integrations:
  ${CRM}:
    provider: acme-crm
    forward: [app]
    secrets: { key: [the key of the crm of these tests] }
    syncs:
      people:
        model: Person
        every: 1h
        request:
          post: "{url}/crm/v3/objects/contacts/search"
          body: '{ "limit": 10, "filterGroups": checkpoint.updated_at ? [{ "filters": [{ "propertyName": "lastmodifieddate", "operator": "GTE", "value": checkpoint.updated_at }] }] : [] }'
        pages: { next: response.body.paging.next.after, into: body.after }
        records: 'response.body.results.{ "id": id, "name": properties.firstname, "updated_at": updatedAt }'
        checkpoint: { updated_at: $max(records.updated_at) }
        deletes: missing_on_full_run
      companies:
        model: Company
        every: 2h
        auto_start: false
        request: { get: "{url}/crm/v3/objects/companies" }
        records: 'response.body.results.{ "id": id }'
  other:
    provider: acme-crm
    secrets: { key: [the key of the other of these tests] }
`

export async function startPeerGateway(): Promise<PeerGateway> {
  const apis = await createProviderApis()
  apis.fill(25)
  const app = await createReceiver()
  const home = createGatewayHome()
  const folder = join(home.folder, 'specs')
  mkdirSync(folder)
  writeFileSync(join(folder, 'acme-crm.yaml'), SPEC)
  home.configure(`specs: [${folder}]\n${SYNCS.replaceAll('{url}', apis.url).replaceAll('{app}', app.url)}`)
  const gateway = await home.start()
  const client = new Nango({ host: gateway.url, apiKey: API_KEY, webhookSigningKey: SIGNING_SECRET })

  async function runs(connectionId: string, sync = 'people'): Promise<SyncRunJson[]> {
    const answer = await gateway.api(`/api/v1/sync-runs?integration=${CRM}&connection_id=${connectionId}&sync=${sync}`)
    return ((await answer.json()) as { sync_runs: SyncRunJson[] }).sync_runs
  }
  const hasEnded = (run: SyncRunJson | undefined): boolean => run?.state === 'succeeded' || run?.state === 'failed'

  return {
    home,
    gateway,
    apis,
    app,
    client,
    runs,
    async connect(connectionId) {
      const body = {
        connection_id: connectionId,
        provider_config_key: CRM,
        credentials: { type: 'OAUTH2', access_token: 'good-token' },
        metadata: { plan: 'gold' },
      }
      const answer = await gateway.api('/connections', { method: 'POST', body: JSON.stringify(body) })
      expect(answer.status).toBe(201)
      await eventually(
        () => runs(connectionId),
        ([run]) => hasEnded(run),
      )
    },
    async sync(connectionId, opts) {
      const [last] = await runs(connectionId)
      await client.triggerSync(CRM, ['people'], connectionId, opts)
      const [run] = await eventually(
        () => runs(connectionId),
        ([latest]) => latest?.id !== last?.id && hasEnded(latest),
      )
      return run!
    },
    async close() {
      await home.remove()
      await Promise.all([apis.close(), app.close()])
    },
  }
}

/** What the client rejected with: the AxiosError of an answer that says what is wrong and, of what is not there, what to do. */
export async function refusalOf(call: Promise<unknown>): Promise<[status: number, code: string]> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!isAnswered(error)) throw new Error('the call was not refused with an answer', { cause: error })
  const { status, data } = error.response
  expect(data).toEqual({
    error: expect.objectContaining({ message: expect.stringMatching(/.{10}/) as string }) as unknown,
  })
  if (status === 404) expect(data.error.hint).toMatch(/.{10}/)
  return [status, data.error.code]
}

function isAnswered(
  error: unknown,
): error is { response: { status: number; data: { error: { code: string; hint?: string } } } } {
  return typeof error === 'object' && error !== null && 'isAxiosError' in error && 'response' in error
}
