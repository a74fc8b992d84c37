import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventMatch } from '../../../src/domain/event.ts'
import { type Given, given, HOUR, NOW } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

const ACCOUNT = 'connection_config.account'

export function heldDeliveries(open: OpenStore): void {
  let opened: OpenedStore
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.dispose())

  const looksFor = (...values: string[]): EventMatch => ({
    kind: 'unmatched',
    reason: 'no_connection',
    identifiers: values.map((value) => ({ field: ACCOUNT, value })),
  })

  /** A request whose events nobody is there for, each with a held delivery of its own. */
  const hold = async ({ acceptance, destination }: Given, ...matches: EventMatch[]) => {
    const plan = acceptance({ events: matches.map((match) => ({ match })), payload: { batchPath: [] } })
    const accepted = {
      ...plan,
      deliveries: plan.events.map((event) => {
        const [delivery] = acceptance({ deliveries: [{ connectionId: null, held: true }] }).deliveries
        return { ...delivery!, eventIds: [event.id], positions: [event.position] }
      }),
      leaseUntil: NOW + HOUR,
      leasedDestinations: new Set([destination]),
    }
    await opened.store.acceptRequest(accepted)
    return accepted
  }

  const claimAll = ({ destination }: Given, now: number) =>
    opened.store.claimDueDeliveries({ destination, now, limit: 10, leaseUntil: now + HOUR })

  test('are not due, whatever their destination, and show as held', async () => {
    const place = given()
    const { deliveries } = await hold(place, looksFor('a'))
    expect(await claimAll(place, NOW + 1_000 * HOUR)).toEqual([])
    expect((await opened.store.nextDueTimes()).has(place.destination)).toBe(false)
    expect(await opened.store.getDelivery(deliveries[0]!.id)).toMatchObject({ state: 'held', dueAt: null })
  })

  test('flow to the connection that comes to have their identifier, and to no other', async () => {
    const place = given()
    const { deliveries, events, request } = await hold(place, looksFor('a', 'b'), looksFor('c'))
    await opened.store.putConnection(place.connection({ connectionConfig: { account: 'z' } }), NOW + 1)
    expect(await claimAll(place, NOW + 2)).toEqual([])
    const input = place.connection({
      connectionConfig: { account: 'b' },
      webhookUrlOverride: 'https://tenant.example.com/hook',
    })
    await opened.store.putConnection(input, NOW + 3)
    const { connectionId } = place
    expect(await claimAll(place, NOW + 3)).toMatchObject([
      { id: deliveries[0]!.id, connectionId, urlOverride: 'https://tenant.example.com/hook', positions: [0] },
    ])
    expect(await opened.store.getDelivery(deliveries[1]!.id)).toMatchObject({ state: 'held', connectionId: null })
    expect(await opened.store.getEvent(events[0]!.id)).toMatchObject({
      status: 'matched',
      matchedBy: ACCOUNT,
      connections: [connectionId],
    })
    const page = await opened.store.listRequests({ connectionId }, { limit: 10, after: null })
    expect(page.items.map(({ id }) => id)).toEqual([request.id])
  })

  test('flow when an existing connection is changed', async () => {
    const place = given()
    const { deliveries } = await hold(place, looksFor('a'))
    await opened.store.putConnection(place.connection(), NOW)
    await opened.store.changeConnection(
      place.integration,
      place.connectionId,
      { connectionConfig: { account: 'a' } },
      NOW + 1,
    )
    expect(await claimAll(place, NOW + 1)).toMatchObject([{ id: deliveries[0]!.id, connectionId: place.connectionId }])
  })

  test('do not flow to a connection of another integration', async () => {
    const [place, other] = [given(), given()]
    await hold(place, looksFor('a'))
    await opened.store.putConnection(other.connection({ connectionConfig: { account: 'a' } }), NOW)
    expect(await claimAll(place, NOW)).toEqual([])
  })

  test('can be replayed without a connection, and then do not flow again', async () => {
    const place = given()
    const { deliveries } = await hold(place, looksFor('a'))
    const { id } = deliveries[0]!
    expect(await opened.store.replayDelivery({ id, now: NOW })).toBe('replayed')
    expect(await claimAll(place, NOW)).toMatchObject([{ id, connectionId: null, trigger: 'manual' }])
    await opened.store.putConnection(place.connection({ connectionConfig: { account: 'a' } }), NOW)
    expect(await opened.store.getDelivery(id)).toMatchObject({ state: 'in_flight', connectionId: null })
  })
}
