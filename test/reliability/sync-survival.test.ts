/**
 * kill -9 and SIGTERM in the middle of runs, with webhooks writing to the same records. The provider knows what its records are; the
 * cache must come to the same, each record once, and an app that reads the change stream all the while must not be told of anything
 * that did not change.
 */
import { randomInt } from 'node:crypto'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { ReadConnection } from '../../src/store/sqlite/reader/read-connection.ts'
import { listRecords } from '../../src/store/sqlite/sync/reader/records.ts'
import { eventually } from '../support/gateway.ts'
import { createSyncWorld, type SyncWorld, WEBHOOK_SECRET } from '../support/sync-world.ts'
import { seededRandom } from './seeded-random.ts'
import { PATIENCE_MS } from './stats.ts'

const KILLS = 22
/** A life ends after so many pages at most, and some ms. */
const LONGEST_LIFE_PAGES = 6
const RECORDS = 3_000
const PER_PAGE = 25
/** Records that webhooks write, too. */
const TOUCHED = 100
const NODE_ARGS = ['--no-opt', '--min-semi-space-size=64']

const CONFIGURATION = `
  crm:
    provider: github
    secrets: { webhook_secret: [${WEBHOOK_SECRET}] }
    syncs:
      contacts:
        model: Contact
        every: 1d
        deletes: missing_on_full_run
        request: { get: "{url}/crm/v3/objects/contacts", query: { limit: ${PER_PAGE} } }
        pages: { next: response.body.paging.next.after, into: query.after }
        records: 'response.body.results.{ "id": id, "name": properties.firstname }'
        on: { contact.sent: { upsert: '{ "id": body.contact, "name": body.name }' } }
`

async function prepared(): Promise<SyncWorld> {
  const world = await createSyncWorld()
  world.configure(CONFIGURATION)
  world.apis.fill(RECORDS)
  return world
}

test(`a run that is killed at ${KILLS} random moments, while webhooks write, loses nothing and repeats nothing`, async () => {
  const seed = Number(process.env['RELIABILITY_SEED'] ?? randomInt(2 ** 31))
  const random = seededRandom(seed)
  console.log(`reliability: sync, kill -9: seed ${seed} (RELIABILITY_SEED)`)
  const world = await prepared()
  const { home, apis } = world
  apis.answerAfter(() => 20 + random() * 20)

  let upcoming = home.prepare({ nodeArgs: NODE_ARGS })
  let life = await world.start(upcoming)
  const app = followChanges(world)
  await world.connect({ config: { repository_id: 42 } })
  let isOver = false
  const sender = sendWebhooks(world, random, () => isOver)
  let killsUnderWay = 0
  for (let kills = 0; kills < KILLS; kills += 1) {
    upcoming = home.prepare({ nodeArgs: NODE_ARGS })
    const goal = apis.requests.length + Math.floor(random() * LONGEST_LIFE_PAGES)
    await eventually(
      () => apis.requests.length,
      (count) => count >= goal,
      PATIENCE_MS,
    )
    await afterMs(random() * 40)
    await life.kill('SIGKILL')
    if ((await initialRun(world))?.state === 'running') killsUnderWay += 1
    await app.readOn()
    life = await world.start(upcoming)
  }
  const run = await eventually(
    () => initialRun(world),
    (seen) => seen?.state === 'succeeded',
    PATIENCE_MS,
  )
  const initialRequests = apis.requests.filter(({ url }) => url.includes('limit='))
  isOver = true
  apis.answerAfter(() => 0)
  const sent = await sender
  await eventually(
    async () => (await world.runs()).every(({ state }) => state === 'succeeded') && waitingTriggers(world) === 0,
    Boolean,
    PATIENCE_MS,
  )
  await app.readOn()
  expect(await life.kill('SIGTERM')).toBe(0)

  const account = await takeSyncAccount(world, app)
  console.log(
    `reliability: sync, kill -9 at ${KILLS} random moments: records ${account.records}, missing ${account.missing}, ` +
      `twice ${account.twice}, out of date ${account.stale}, announced without a change ${account.repeated}, ` +
      `integrity ${account.integrity}; kills in the middle of the run ${killsUnderWay}, resumptions ${run!.resumptions}, ` +
      `pages ${run!.counters.pages}, requests for pages ${initialRequests.length}, webhooks ${sent}, ` +
      `changes that the app saw ${app.changes}`,
  )
  expect(account).toEqual({ records: RECORDS, missing: 0, twice: 0, stale: 0, repeated: 0, integrity: 'ok' })
  expect(killsUnderWay).toBeGreaterThanOrEqual(KILLS / 2)
  expect(run).toMatchObject({ type: 'INITIAL', counters: { pages: RECORDS / PER_PAGE } })
  // A page is asked for once more for each kill at most: the run goes on where it was.
  expect(initialRequests.length).toBeLessThanOrEqual(RECORDS / PER_PAGE + KILLS)
}, 300_000)

test('ends with 0 at SIGTERM in the middle of a run, and its successor goes on without asking for a saved page again', async () => {
  const world = await prepared()
  world.apis.answerAfter(() => 10)
  let gateway = await world.start()
  const app = followChanges(world)
  await world.connect({ config: { repository_id: 42 } })
  for (const pages of [20, 60, 100]) {
    await eventually(
      () => world.apis.requests.length,
      (count) => count >= pages,
    )
    expect(await gateway.kill('SIGTERM')).toBe(0)
    expect(await initialRun(world)).toMatchObject({ state: 'waiting' })
    await app.readOn()
    gateway = await world.start()
  }
  await eventually(
    () => initialRun(world),
    (run) => run?.state === 'succeeded',
    PATIENCE_MS,
  )
  await app.readOn()
  expect(await gateway.kill('SIGTERM')).toBe(0)
  const asked = world.apis.requests.filter(({ url }) => url.includes('limit='))
  const account = await takeSyncAccount(world, app)
  console.log(
    `reliability: sync, SIGTERM 3 times: records ${account.records}, missing ${account.missing}, twice ${account.twice}, ` +
      `announced without a change ${account.repeated}, requests for ${RECORDS / PER_PAGE} pages ${asked.length}`,
  )
  expect(account).toEqual({ records: RECORDS, missing: 0, twice: 0, stale: 0, repeated: 0, integrity: 'ok' })
  // What is under way when the signal comes may be given up, once each time.
  expect(asked.length).toBeLessThanOrEqual(RECORDS / PER_PAGE + 3)
}, 120_000)

async function initialRun(world: SyncWorld) {
  return (await world.runs()).find(({ type }) => type === 'INITIAL')
}

/** A provider's way: the record changes, then its webhook is sent until it is accepted, one after the other. */
async function sendWebhooks(world: SyncWorld, random: () => number, isOver: () => boolean): Promise<number> {
  let sent = 0
  const lane = async (number: number): Promise<void> => {
    while (!isOver()) {
      const id = 1 + Math.floor(random() * (TOUCHED / 2)) * 2 + number + (random() < 0.5 ? 0 : RECORDS - TOUCHED)
      sent += 1
      const name = `version ${sent}`
      world.apis.put(id, '2026-02-01T00:00:00.000Z', name)
      const body = { action: 'sent', contact: String(id), name, repository: { id: 42 } }
      const delivery = `sent-${sent}`
      while ((await world.webhook({ event: 'contact', body, delivery }).catch(() => 0)) !== 200) await afterMs(20)
      await afterMs(random() * 10)
    }
  }
  await Promise.all([lane(0), lane(1)])
  return sent
}

interface Follower {
  readonly changes: number
  /** Changes that came although the content was what the app had. */
  readonly repeated: number
  readonly cache: ReadonlyMap<string, string>
  /** Reads the change stream from where it was to its end. */
  readOn(): Promise<void>
}

/** An app with a copy of its own, made of the change stream alone. */
function followChanges(world: SyncWorld): Follower {
  const reader = new ReadConnection(world.home.database)
  onTestFinished(() => reader.close())
  const cache = new Map<string, string>()
  let cursor: string | null = null
  let changes = 0
  let repeated = 0
  return {
    cache,
    get changes() {
      return changes
    },
    get repeated() {
      return repeated
    },
    async readOn() {
      for (;;) {
        const place = { integration: 'crm' as never, connectionId: 'acme' as never, model: 'Contact' }
        const page = await listRecords(reader, {
          ...place,
          after: cursor,
          limit: 500,
          modifiedAfter: null,
          actions: null,
          ids: null,
        })
        for (const { id, payload, cursor: place } of page.records) {
          const text = Buffer.from(payload).toString()
          if (cache.get(id) === text) repeated += 1
          cache.set(id, text)
          changes += 1
          cursor = place
        }
        if (page.nextCursor === null) return
      }
    },
  }
}

/** The provider's records, the cache's, and the app's copy, against each other. */
async function takeSyncAccount(world: SyncWorld, app: Follower) {
  const seen = await world.records()
  const names = new Map(
    seen.filter(({ action }) => action !== 'DELETED').map(({ id, payload }) => [id, payload['name']]),
  )
  const items = [...world.apis.items.values()]
  const database = new Database(world.home.database, { readonly: true })
  const integrity = String(database.pragma('integrity_check', { simple: true }))
  database.close()
  return {
    records: names.size,
    missing: items.filter(({ id }) => !names.has(id) || !app.cache.has(id)).length,
    twice: seen.length - new Set(seen.map(({ id }) => id)).size,
    stale: items.filter(({ id, name }) => names.get(id) !== name || app.cache.get(id) !== JSON.stringify({ id, name }))
      .length,
    repeated: app.repeated,
    integrity,
  }
}

function waitingTriggers(world: SyncWorld): number {
  const database = new Database(world.home.database, { readonly: true })
  const count = database.prepare<[], number>('SELECT count(*) FROM sync_triggers').pluck().get() ?? 0
  database.close()
  return count
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
