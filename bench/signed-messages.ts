/**
 * Requests as bytes, ready to be sent: head, body and signature are made once, and each sending differs from all before it in as few
 * bytes as its provider's dedupe key needs. A GitHub delivery is told apart by a header that no signature covers, so 12 digits are all
 * that is written; the events of a HubSpot batch are told apart in the body, so that body is signed anew each time.
 */
import { createHash, createHmac } from 'node:crypto'

export type MessageOrder =
  | {
      readonly kind: 'github'
      readonly bodyBytes: number
      readonly secret: string
      /** The connections' identifiers; the messages take them in turn. */
      readonly repositories: readonly number[]
    }
  | {
      readonly kind: 'hubspot'
      /** How many in one request. */
      readonly events: number
      readonly secret: string
      readonly portalId: number
    }

export interface Messages {
  readonly byteLength: number
  /** Writes the message with this number, which nobody else uses, over the one in `target`. */
  write(target: Buffer, number: number): void
}

const DIGITS = 12
const FIRST_EVENT_ID = 10 ** (DIGITS - 1)

export function signedMessages(order: MessageOrder, place: { port: number; path: string }): Messages {
  return order.kind === 'github' ? githubMessages(order, place) : hubspotMessages(order, place)
}

function githubMessages(order: MessageOrder & { kind: 'github' }, place: { port: number; path: string }): Messages {
  const run = process.pid.toString(36)
  let idAt = 0
  const messages = order.repositories.map((repository) => {
    const body = Buffer.from(githubBody(order.bodyBytes, repository))
    const head = headOf(place, body.length, {
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', order.secret).update(body).digest('hex')}`,
      'x-github-delivery': `${run}-${'0'.repeat(DIGITS)}`,
    })
    idAt = head.length - 4 - DIGITS
    return Buffer.concat([Buffer.from(head), body])
  })
  const isOne = messages.length === 1
  const byteLength = messages[0]!.length
  if (messages.some(({ length }) => length !== byteLength)) throw new Error('identifiers of unequal length')
  return {
    byteLength,
    write(target, number) {
      // What is there already is the same but for the digits, unless it is new.
      if (!isOne || target[0] !== LETTER_P) messages[number % messages.length]!.copy(target)
      writeDigits(target, idAt, number)
    },
  }
}

const LETTER_P = 'P'.charCodeAt(0)

/** A push of about this size. Above a few KB it is made of commits, because parsing one long text would be too easy. */
export function githubBody(bytes: number, repository: number): string {
  const commit = {
    id: 'd6fde92930d4715a2b49857d24b940956b26d2d3',
    message: 'Update the handling of widgets that come back',
    timestamp: '2026-03-02T18:25:44+01:00',
    author: { name: 'Ada Example', email: 'ada@example.com', username: 'ada' },
    distinct: true,
    added: ['src/widgets/returned.ts'],
    removed: [],
    modified: ['src/widgets/index.ts', 'test/widgets/returned.test.ts'],
  }
  const event = {
    ref: 'refs/heads/main',
    repository: { id: repository, full_name: 'acme/widgets' },
    sender: { id: 5512 },
    commits: undefined as (typeof commit)[] | undefined,
    padding: '',
  }
  const commits = Math.floor((bytes - 4096) / JSON.stringify(commit).length)
  if (commits > 0) event.commits = Array.from({ length: commits }, () => commit)
  event.padding = 'x'.repeat(Math.max(0, bytes - JSON.stringify(event).length))
  return JSON.stringify(event)
}

function hubspotMessages(order: MessageOrder & { kind: 'hubspot' }, place: { port: number; path: string }): Messages {
  const { events, secret, portalId } = order
  const body = Buffer.from(
    JSON.stringify(
      Array.from({ length: events }, (_, position) => ({
        eventId: FIRST_EVENT_ID,
        subscriptionId: 25,
        portalId,
        appId: 1160452,
        occurredAt: 1772475944120,
        subscriptionType: 'contact.propertyChange',
        attemptNumber: 0,
        objectId: 1246965 + position,
        propertyName: 'lifecyclestage',
        propertyValue: 'customer',
        changeSource: 'CRM_UI',
        sourceId: 'userId:4401',
      })),
    ),
  )
  const head = headOf(place, body.length, {
    'x-hubspot-signature-version': 'v1',
    'x-hubspot-signature': '0'.repeat(64),
  })
  const template = Buffer.concat([Buffer.from(head), body])
  const signatureAt = head.length - 4 - 64
  const idsAt: number[] = []
  for (let at = template.indexOf('"eventId":', head.length); at !== -1; at = template.indexOf('"eventId":', at + 1))
    idsAt.push(at + '"eventId":'.length)
  return {
    byteLength: template.length,
    write(target, number) {
      if (target[0] !== LETTER_P) template.copy(target)
      for (let at = 0; at < events; at += 1) writeDigits(target, idsAt[at]!, FIRST_EVENT_ID + number * events + at)
      const signature = createHash('sha256').update(secret).update(target.subarray(head.length)).digest('hex')
      target.write(signature, signatureAt, 'latin1')
    },
  }
}

/** The last header is the one whose end is written anew. */
function headOf(place: { port: number; path: string }, length: number, headers: Record<string, string>): string {
  const all: Record<string, string> = {
    host: `127.0.0.1:${place.port}`,
    'content-type': 'application/json',
    'user-agent': 'bench',
    accept: '*/*',
    'content-length': String(length),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${place.path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

function writeDigits(target: Buffer, at: number, number: number): void {
  let left = number
  for (let place = at + DIGITS - 1; place >= at; place -= 1) {
    target[place] = 48 + (left % 10)
    left = Math.floor(left / 10)
  }
}
