/** A changed configuration takes effect without a restart; a bad one changes nothing and says why. */
import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createGatewayHome, eventually, type GatewayHome, type RunningGateway } from '../support/gateway.ts'

let home: GatewayHome
let gateway: RunningGateway

const GITHUB = `integrations:
  github: { provider: github, secrets: { webhook_secret: [the first secret of this test] } }
`

beforeEach(async () => {
  home = createGatewayHome()
  home.configure(GITHUB)
  gateway = await home.start()
})

afterEach(() => home.remove())

let serial = 0

async function post(integration: string, secret: string, body = '{"repository":{"id":1}}'): Promise<number> {
  serial += 1
  const answer = await fetch(`${gateway.url}/webhook/${integration}`, {
    method: 'POST',
    headers: {
      'x-github-event': 'push',
      'x-github-delivery': `reload-${serial}`,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
    body,
  })
  await answer.arrayBuffer()
  return answer.status
}

test('takes an integration and a secret that were added', async () => {
  expect(await post('second', 'the secret of the second one')).toBe(404)
  home.configure(`${GITHUB}  second: { provider: github, secrets: { webhook_secret: [the secret of the second one] } }
`)
  await eventually(
    () => post('second', 'the secret of the second one'),
    (status) => status === 200,
  )
  expect(await post('github', 'the first secret of this test')).toBe(200)
})

test('keeps what is in force when the new file is wrong, names the place, and recovers with the next', async () => {
  home.configure(`integrations:
  github: { provider: githb, secrets: { webhook_secret: [another secret entirely] } }
`)
  await eventually(
    () => gateway.output(),
    (text) => text.includes('config.refused'),
  )
  expect(gateway.output()).toMatch(/postern\.yaml:\d+:\d+/)
  expect(gateway.output()).toContain('Did you mean')
  expect(gateway.output()).not.toContain('another secret entirely')
  expect(await post('github', 'the first secret of this test')).toBe(200)
  home.configure(GITHUB.replace('the first secret', 'the third secret'))
  await eventually(
    () => post('github', 'the third secret of this test'),
    (status) => status === 200,
  )
  expect(await post('github', 'the first secret of this test')).toBe(401)
})

test('reloads at SIGHUP what the file system did not tell of, a spec of the user among it', async () => {
  const folder = join(home.folder, 'specs', 'deep')
  mkdirSync(folder, { recursive: true })
  const spec = (type: string): string => `provider: own
name: Own
docs: https://docs.example.com
confidence: docs
secrets: { key: { where: here } }
verify:
  - { scheme: hmac-sha256, secret: key, signature: { header: X-Hub-Signature-256, prefix: sha256= }, signed: "{body}", does_not_cover: [time] }
event: { type: ${type} }
match: [{ field: connection_config.id, equals: body.repository.id }]
examples:
  - { name: an event, request: { json: { repository: { id: 1 } } }, expect: { answer: 200 } }
`
  writeFileSync(join(folder, 'own.yaml'), spec(`'"first"'`))
  home.configure(`specs: [${join(home.folder, 'specs')}]
integrations:
  own: { provider: own, secrets: { key: [the key of my own provider] } }
`)
  await eventually(
    () => post('own', 'the key of my own provider'),
    (status) => status === 200,
  )
  writeFileSync(join(folder, 'own.yaml'), spec(`'"second"'`))
  gateway.process.kill('SIGHUP')
  const types = async (): Promise<string[]> => {
    await post('own', 'the key of my own provider')
    const { events } = (await (await gateway.api('/api/v1/events?integration=own')).json()) as {
      events: { type: string }[]
    }
    return events.map((event) => event.type)
  }
  await eventually(types, (seen) => seen.includes('second'))
})

test('keeps an event whose expression fails or exceeds its bounds, with the cause, and goes on', async () => {
  const folder = join(home.folder, 'failing')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'failing.yaml'),
    `provider: failing
name: Failing
docs: https://docs.example.com
confidence: docs
secrets: { key: { where: here } }
verify:
  - { scheme: hmac-sha256, secret: key, signature: { header: X-Hub-Signature-256, prefix: sha256= }, signed: "{body}", does_not_cover: [time] }
event: { type: $number(body.repository.name) & "", dedupe: body.none }
match: [{ field: connection_config.id, equals: '($f := function($n) { $n > 0 ? $f($n + 1) : 0 }; $f(body.repository.id))' }]
examples:
  - { name: an event, request: { json: { repository: { id: 0, name: "7" } } }, expect: { answer: 200 } }
`,
  )
  home.configure(`specs: [${folder}]
integrations:
  failing: { provider: failing, secrets: { key: [the key of the failing one] } }
`)
  await eventually(
    () => post('failing', 'the key of the failing one', '{"repository":{"id":1,"name":"no number"}}'),
    (status) => status === 200,
  )
  expect(await post('failing', 'the key of the failing one', '{"repository":{"id":0,"name":"7"}}')).toBe(200)
  const { requests } = (await (await gateway.api('/api/v1/requests?integration=failing&outcome=accepted')).json()) as {
    requests: { problems: string[]; event_count: number }[]
  }
  const [second, first] = requests
  expect(first).toMatchObject({ event_count: 1 })
  expect(first!.problems.join('\n')).toMatch(/event\.type/)
  expect(first!.problems.join('\n')).toMatch(/match connection_config\.id/)
  expect(second!.problems).toEqual([])
})
