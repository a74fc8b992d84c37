import { describe, expect, test } from 'vitest'
import type { EventRules, ProviderSpec } from '../../../src/domain/provider-spec.gen.ts'
import type { RequestParts } from '../../verify/verifying.ts'
import { digest } from '../../verify/awkward/case.ts'
import { interpret } from './interpreting.ts'

/** What the facts on providers ask for and an expression says: each with a request in the provider's form and what comes of it. */
interface Said {
  readonly name: string
  readonly say: string
  readonly request: RequestParts
  readonly body?: ProviderSpec['body']
  readonly gives: unknown
}

const json = (value: unknown): RequestParts => ({ body: JSON.stringify(value) })

async function eventOf(
  event: EventRules,
  { request, body }: Said,
): Promise<{ type: unknown; dedupeKey: unknown; occurredAt: unknown }> {
  const meaning = await interpret({ event, ...(body === undefined ? {} : { body }) }, request)
  if (meaning.kind !== 'accepted') throw new Error(meaning.kind)
  expect(meaning.problems).toEqual([])
  return meaning.events[0]!
}

describe('names of events', () => {
  const types: readonly Said[] = [
    {
      name: 'a header',
      say: 'headers.`x-shopify-topic`',
      request: { headers: { 'x-shopify-topic': 'orders/create' }, body: '{}' },
      gives: 'orders/create',
    },
    {
      name: 'two fields put together',
      say: 'body.eventCategory & "." & body.eventType',
      request: json({ eventCategory: 'INVOICE', eventType: 'UPDATE' }),
      gives: 'INVOICE.UPDATE',
    },
    {
      name: 'a header and a field',
      say: 'headers.`sentry-hook-resource` & "." & body.action',
      request: { headers: { 'sentry-hook-resource': 'issue' }, body: '{"action":"created"}' },
      gives: 'issue.created',
    },
    {
      name: 'the first that is there',
      say: '$coalesce(body.event_type, body.type, "unknown")',
      request: json({ type: 'x' }),
      gives: 'x',
    },
    {
      name: 'a choice',
      say: 'body.type = "track" ? "track " & body.event : body.type',
      request: json({ type: 'track', event: 'Signed Up' }),
      gives: 'track Signed Up',
    },
    {
      name: 'the name of a member',
      say: '$keys(body)[$ != "update_id"]',
      request: json({ update_id: 1, message: {} }),
      gives: 'message',
    },
    { name: 'a constant', say: '"push"', request: json({}), gives: 'push' },
    {
      name: 'the beginning of an id',
      say: '$substringBefore(body.id, "_")',
      request: { body: 'id=tr_7UhSN1zuXS' },
      body: 'form',
      gives: 'tr',
    },
    {
      name: 'a parameter of the URL',
      say: 'query.event',
      request: { url: 'https://hooks.example.com/a?event=post.published', body: '{}' },
      gives: 'post.published',
    },
    {
      name: 'a field with brackets in its name',
      say: 'body.`data[type]`',
      request: { body: 'data%5Btype%5D=subscribe' },
      body: 'form',
      gives: 'subscribe',
    },
    {
      name: 'JSON in a text of JSON',
      say: '$json(body.Entity).StatusName',
      request: json({ Entity: '{"StatusName":"New"}' }),
      gives: 'New',
    },
    {
      name: 'JSON in base64',
      say: '$json($base64decode(body.message.data)).emailAddress',
      request: json({ message: { data: Buffer.from('{"emailAddress":"a@example.com"}').toString('base64') } }),
      gives: 'a@example.com',
    },
    {
      name: 'XML in base64 with line breaks',
      say: '$xml($base64decode($replace(body.bt_payload, "\\n", ""))).notification.kind',
      request: {
        body: `bt_payload=${encodeURIComponent(`${Buffer.from('<notification><kind>check</kind></notification>').toString('base64')}\n`)}`,
      },
      body: 'form',
      gives: 'check',
    },
  ]
  for (const said of types) {
    test(said.name, async () => expect((await eventOf({ type: said.say }, said)).type).toBe(said.gives))
  }
})

describe('keys of events', () => {
  const keys: readonly Said[] = [
    {
      name: 'several fields',
      say: '$join([body.eventCode, body.pspReference], " ")',
      request: json({ eventCode: 'A', pspReference: 'p' }),
      gives: 'A p',
    },
    {
      name: 'an id and a topic',
      say: 'headers.`x-id` & " " & headers.`x-topic`',
      request: { headers: { 'x-id': '1', 'x-topic': 't' }, body: '{}' },
      gives: '1 t',
    },
    {
      name: 'a digest of the body',
      say: '$sha256(raw)',
      request: json({}),
      gives: digest('sha256', '{}').toString('hex'),
    },
    {
      name: 'an id inside a text',
      say: '$match(body.headers, /Message-ID:\\s*<([^>]+)>/i).groups[0]',
      request: { body: `headers=${encodeURIComponent('Subject: x\nMessage-ID: <a@b>\n')}` },
      body: 'form',
      gives: 'a@b',
    },
    {
      name: 'a number beyond 2^53 in its digits',
      say: 'body.message_token',
      request: { body: '{"message_token":4912661846655238145}' },
      gives: '4912661846655238145',
    },
    {
      name: 'the nonce of a signature, so that it counts once',
      say: 'headers.`x-plivo-signature-v3-nonce`',
      request: { headers: { 'x-plivo-signature-v3-nonce': '123' }, body: '{}' },
      gives: '123',
    },
  ]
  for (const said of keys) {
    test(said.name, async () =>
      expect((await eventOf({ type: '"x"', dedupe: said.say }, said)).dedupeKey).toBe(said.gives),
    )
  }
})

describe('times of events', () => {
  const at = Date.UTC(2026, 2, 2, 10, 0, 0)
  const times: readonly (Said & { readonly unit: NonNullable<EventRules['time']>['unit'] })[] = [
    {
      name: 'seconds with a fraction',
      say: 'body.t',
      unit: 's',
      request: json({ t: 1_772_445_600.5 }),
      gives: at + 500,
    },
    { name: 'seconds in a text', say: 'body.t', unit: 's', request: json({ t: '1772445600' }), gives: at },
    {
      name: 'seconds or milliseconds: seconds',
      say: 'body.t',
      unit: 's_or_ms',
      request: json({ t: 1_772_445_600 }),
      gives: at,
    },
    {
      name: 'seconds or milliseconds: milliseconds',
      say: 'body.t',
      unit: 's_or_ms',
      request: json({ t: '1772445600000' }),
      gives: at,
    },
    {
      name: 'nanoseconds',
      say: '$substring($string(body.t), 0, 13)',
      unit: 'ms',
      request: { body: '{"t":1772445600000000000}' },
      gives: at,
    },
    {
      name: 'a date alone',
      say: 'body.date & "T00:00:00Z"',
      unit: 'iso8601',
      request: json({ date: '2026-03-02' }),
      gives: at - 36_000_000,
    },
    {
      name: 'date and time with a blank',
      say: 'body.t',
      unit: 'iso8601',
      request: json({ t: '2026-03-02 10:00:00' }),
      gives: at,
    },
    {
      name: 'seven digits of a second, an offset without colon',
      say: 'body.t',
      unit: 'iso8601',
      request: json({ t: '2026-03-02T11:00:00.1234567+0100' }),
      gives: at + 123,
    },
    {
      name: 'a header',
      say: 'headers.date',
      unit: 'http_date',
      request: { headers: { date: 'Mon, 02 Mar 2026 10:00:00 GMT' }, body: '{}' },
      gives: at,
    },
  ]
  for (const said of times) {
    test(said.name, async () => {
      const event = await eventOf({ type: '"x"', time: { value: said.say, unit: said.unit } }, said)
      expect(event.occurredAt).toBe(said.gives)
    })
  }
})

describe('whose an event is', () => {
  const owners: readonly Said[] = [
    {
      name: 'the origin of a link',
      say: '$origin(body.issue.self)',
      request: json({ issue: { self: 'https://acme.atlassian.net/rest/api/2/issue/1' } }),
      gives: 'https://acme.atlassian.net',
    },
    {
      name: 'the sub-domain of a link',
      say: '$substringBefore($host(body.html_url), ".")',
      request: json({ html_url: 'https://acme.pagerduty.com/x' }),
      gives: 'acme',
    },
    {
      name: 'a segment of a path',
      say: '$segments(body.account.href)[-1]',
      request: json({ account: { href: 'https://api.example.com/accounts/a-1' } }),
      gives: 'a-1',
    },
    {
      name: 'a parameter of a link',
      say: '$query(body.resource_url, "storeID")',
      request: json({ resource_url: 'https://ss.example.com/orders?storeID=7&x=1' }),
      gives: '7',
    },
    {
      name: 'a part of a path, decoded',
      say: '$segments($substringAfter(headers.`x-goog-resource-uri`, "/calendars"))[0]',
      request: {
        headers: { 'x-goog-resource-uri': 'https://www.googleapis.com/calendar/v3/calendars/a%40b.com/events' },
        body: '{}',
      },
      gives: 'a@b.com',
    },
    {
      name: 'the fifth part of a name',
      say: '$split(body.TopicArn, ":")[4]',
      request: json({ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:T' }),
      gives: '123456789012',
    },
    {
      name: 'what follows a slash',
      say: '$substringAfter(body.producer, "stores/")',
      request: json({ producer: 'stores/abc' }),
      gives: 'abc',
    },
    {
      name: 'without the slash at its end',
      say: '$replace(headers.`x-wc-webhook-source`, /\\/$/, "")',
      request: { headers: { 'x-wc-webhook-source': 'https://shop.example.com/' }, body: '{}' },
      gives: 'https://shop.example.com',
    },
    {
      name: 'JSON in a field of a form',
      say: '$json(body.envelope).to[0]',
      request: { body: `envelope=${encodeURIComponent('{"to":["in@example.com"]}')}` },
      body: 'form',
      gives: 'in@example.com',
    },
    {
      name: 'a member whose name stands in another',
      say: '$lookup(body, body.object_type).external_customer_id',
      request: json({ object_type: 'invoice', invoice: { external_customer_id: 'c-1' } }),
      gives: 'c-1',
    },
    {
      name: 'one of a list',
      say: 'body.list_folder.accounts',
      request: json({ list_folder: { accounts: ['x', 'acct'] } }),
      gives: 'acct',
    },
    {
      name: 'the token of the URL',
      say: '$segments(path)[-1]',
      request: { url: 'https://hooks.example.com/webhook/acme/tok-1', body: '{}' },
      gives: 'tok-1',
    },
    {
      name: 'an element of XML',
      say: 'body.n.OrganizationId',
      request: { body: '<n><OrganizationId>00D</OrganizationId></n>' },
      body: 'xml',
      gives: '00D',
    },
  ]
  for (const said of owners) {
    test(said.name, async () => {
      const meaning = await interpret(
        {
          ...(said.body === undefined ? {} : { body: said.body }),
          match: [
            { field: 'metadata.nobody', equals: 'body.nothing' },
            { field: 'metadata.owner', equals: said.say },
          ],
        },
        said.request,
        {
          connections: [
            { id: 'acme', metadata: { owner: String(said.gives) } },
            { id: 'other', metadata: { owner: 'somebody' } },
          ],
        },
      )
      expect(meaning.kind === 'accepted' && meaning.events[0]!.match).toMatchObject({
        kind: 'matched',
        connections: ['acme'],
      })
    })
  }
})

describe('a provider that signs nothing', () => {
  const verify: ProviderSpec['verify'] = [
    {
      scheme: 'unverified',
      reason: 'Nothing is signed here.',
      require: ['$string(body.subscription_id) = options.subscription_id'],
    },
  ]
  test('may still have to say something that only it knows', async () => {
    const send = (id: unknown): Promise<string> =>
      interpret({ verify }, json({ subscription_id: id }), { options: { subscription_id: '7' } }).then(
        ({ kind }) => kind,
      )
    expect(await send(7)).toBe('accepted')
    expect(await send(8)).toBe('refused')
    expect(await send(undefined)).toBe('refused')
  })
})
