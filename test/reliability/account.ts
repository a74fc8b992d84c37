/**
 * The account of a scenario, drawn from three books that know nothing of each other: what the provider was answered, what the database
 * holds, and what the app received. They must agree:
 *
 * - accepted = delivered + pending + dead, number by number: nothing that was answered 2xx is lost, nothing is kept twice;
 * - nothing is stored that was only ever refused: neither found in the database nor, sent again, taken for a duplicate;
 * - what is delivered was received, under one `webhook-id` for each number;
 * - SQLite finds nothing wrong with its file.
 *
 * A duplicate is a forward under a `webhook-id` that the app answered 2xx when it saw it before; after any other answer it is a retry.
 */
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import type { Receiver } from '../support/receiver.ts'
import { numberOf, type Provider } from './provider.ts'

export interface Account {
  readonly accepted: number
  readonly delivered: number
  /** Still to be done: pending or in flight. */
  readonly pending: number
  readonly dead: number
  readonly lost: number
  /** Attempts that did not come to 2xx in time. */
  readonly failedTries: number
  /** Forwards that the app saw. */
  readonly received: number
  readonly retries: number
  readonly duplicates: number
  /** Stored although the provider never saw the answer, and not sent again since. */
  readonly unannounced: number
}

export interface AccountInput {
  readonly scenario: string
  readonly database: string
  readonly provider: Provider
  readonly receiver: Receiver
  /** Where the integration forwards to several. */
  readonly destination?: string
  /** Further counts for the line. */
  readonly also?: Readonly<Record<string, number | string>>
}

interface StoredDelivery {
  readonly id: string
  readonly state: string
}

/** Checks the books against each other and prints the line. The receiver may see more afterwards, but not less. */
export function takeAccount(input: AccountInput): Account {
  const { provider, receiver, scenario } = input
  const database = new Database(input.database, { readonly: true })
  try {
    const stored = storedByNumber(database, provider.integration, input.destination ?? 'app')
    const receivedIds = idsByNumber(receiver)
    const counts = { delivered: 0, pending: 0, dead: 0, lost: 0 }
    const wrong: string[] = []
    for (const number of provider.accepted) {
      const deliveries = stored.get(number) ?? []
      if (deliveries.length !== 1) wrong.push(`number ${number} was accepted and has ${deliveries.length} deliveries`)
      const [delivery] = deliveries
      if (delivery === undefined) counts.lost += 1
      else if (delivery.state === 'delivered' || delivery.state === 'dead') counts[delivery.state] += 1
      else if (delivery.state === 'pending' || delivery.state === 'in_flight') counts.pending += 1
      else wrong.push(`number ${number} is ${delivery.state}`)
    }
    for (const [number, deliveries] of stored) {
      if (!provider.accepted.has(number) && !provider.inDoubt.has(number)) {
        wrong.push(`number ${number} was never accepted and is stored`)
      }
      const ids = receivedIds.get(number)
      for (const { id, state } of deliveries) {
        if (state === 'delivered' && ids?.has(id) !== true) wrong.push(`number ${number} was not received: ${id}`)
      }
    }
    for (const [number, ids] of receivedIds) {
      if (ids.size > 1) wrong.push(`number ${number} was received under ${ids.size} webhook-ids`)
      for (const id of ids) {
        if (stored.get(number)?.some((delivery) => delivery.id === id) !== true)
          wrong.push(`number ${number} was received as ${id}, which is not stored`)
      }
    }
    const account: Account = {
      accepted: provider.accepted.size,
      ...counts,
      failedTries: countFailedTries(database, input.destination ?? 'app'),
      received: receiver.requests.length,
      ...repetitions(receiver),
      unannounced: [...stored.keys()].filter((number) => !provider.accepted.has(number)).length,
    }
    const recognised = countDuplicateRequests(database, provider.integration)
    if (recognised > provider.cutOff)
      wrong.push(`${recognised} requests counted as sent twice, of ${provider.cutOff} cut off`)
    const integrity = database.pragma('integrity_check', { simple: true })
    console.log(
      lineOf(scenario, account, { ...sendingFacts(provider, recognised), ...input.also, integrity: String(integrity) }),
    )
    expect(wrong).toEqual([])
    expect(account.lost).toBe(0)
    expect(account.delivered + account.pending + account.dead).toBe(account.accepted)
    expect(integrity).toBe('ok')
    return account
  } finally {
    database.close()
  }
}

function storedByNumber(database: Database.Database, integration: string, destination: string) {
  const rows = database
    .prepare<[string, string], StoredDelivery & { key: string }>(
      `SELECT d.id, d.state, e.dedupe_key AS key
       FROM deliveries d, json_each(d.event_ids) j JOIN events e ON e.id = j.value
       WHERE e.dedupe_key LIKE ? || '-%' AND d.destination = ?`,
    )
    .all(integration, destination)
  const stored = new Map<number, StoredDelivery[]>()
  for (const { key, id, state } of rows) {
    const number = Number(key.slice(integration.length + 1))
    stored.set(number, [...(stored.get(number) ?? []), { id, state }])
  }
  return stored
}

function idsByNumber(receiver: Receiver): Map<number, Set<string>> {
  const ids = new Map<number, Set<string>>()
  for (const { body, headers } of receiver.requests) {
    const number = numberOf(body)
    const known = ids.get(number) ?? new Set()
    known.add(headers['webhook-id'] ?? '(none)')
    ids.set(number, known)
  }
  return ids
}

function repetitions({ requests }: Receiver): { retries: number; duplicates: number } {
  const wasTaken = new Map<string, boolean>()
  const counts = { retries: 0, duplicates: 0 }
  for (const { headers, answeredStatus } of requests) {
    const id = headers['webhook-id'] ?? '(none)'
    const before = wasTaken.get(id)
    if (before !== undefined) counts[before ? 'duplicates' : 'retries'] += 1
    const isTaken = answeredStatus !== null && answeredStatus >= 200 && answeredStatus < 300
    wasTaken.set(id, isTaken || before === true)
  }
  return counts
}

function countDuplicateRequests(database: Database.Database, integration: string): number {
  const sql = `SELECT count(*) AS count FROM requests WHERE integration = ? AND outcome = 'duplicate'`
  return database.prepare<[string], { count: number }>(sql).get(integration)?.count ?? 0
}

function countFailedTries(database: Database.Database, destination: string): number {
  const sql = `SELECT count(*) AS count FROM attempts a JOIN deliveries d ON d.seq = a.delivery_seq
    WHERE d.destination = ? AND a.outcome <> 'accepted'`
  return database.prepare<[string], { count: number }>(sql).get(destination)?.count ?? 0
}

function sendingFacts({ refusals, cutOff }: Provider, recognised: number): Record<string, number> {
  return { ...(cutOff > 0 ? { 'cut off': cutOff, 'of them known when sent again': recognised } : {}), ...refusals }
}

function lineOf(scenario: string, account: Account, also: Readonly<Record<string, number | string>>): string {
  const { accepted, delivered, pending, dead, lost, failedTries, received, retries, duplicates } = account
  const rest = Object.entries(also).map(([name, value]) => `, ${name} ${value}`)
  return (
    `reliability: ${scenario}: accepted ${accepted} = delivered ${delivered} + pending ${pending} + dead ${dead}, lost ${lost}, ` +
    `failed tries ${failedTries}, received ${received}, retries ${retries}, duplicates ${duplicates}${rest.join('')}`
  )
}
