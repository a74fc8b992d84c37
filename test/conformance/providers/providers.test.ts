/**
 * The providers' own packages as judges of our specs. What a package signs we accept, what we sign it accepts; and over every change
 * of the table both say the same, unless the entry names the difference. Where an entry says nothing, a changed request is refused
 * by both, so whatever a package refuses we refuse too.
 */
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { packageFile } from '../../../src/document/package-file.ts'
import type { InboundRequest } from '../../../src/domain/request.ts'
import { inbound, withBody, withHeaders } from '../../verify/verifying.ts'
import { changesOf, type Genuine } from './changes.ts'
import { BODIES, type Exception, NOW, type Official, type Seen } from './conformity.ts'
import { textOf } from './editing.ts'
import { type Gateway, openGateway, type Party } from './gateway.ts'
import { CONFORMITIES } from './table.ts'

beforeEach(() => {
  // Only the date: some packages wait for timers of their own.
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
})
afterEach(() => {
  vi.useRealTimers()
})

const connect = vi.spyOn(Socket.prototype, 'connect')
afterAll(() => {
  expect(connect, 'a package went online').not.toHaveBeenCalled()
  connect.mockRestore()
})

for (const conformity of CONFORMITIES) {
  const { provider, alternative, bodies = BODIES } = conformity
  const title = `${provider}${alternative === undefined ? '' : `, ${alternative},`} and ${conformity.package}`

  describe(title, () => {
    let official: Official
    let gateway: Gateway
    beforeAll(async () => {
      official = await conformity.load()
      gateway = await openGateway(conformity)
    })

    const unsigned = (body: string): InboundRequest => {
      const url = `https://hooks.example.com/webhook/${provider}`
      return inbound({ url, ...conformity.request, body })
    }
    const judge = async (request: InboundRequest, now = NOW): Promise<Opinions> => {
      vi.setSystemTime(now)
      const ours = await gateway.judge(request, now)
      const theirs = await accepts(official, request, gateway.provider)
      return { we: ours.accepts, they: theirs, because: ours.because }
    }

    for (const body of bodies) {
      test(`agree that ${JSON.stringify(body)} is genuine, whether they have signed it or we`, async () => {
        const theirs = await signedBy(gateway.provider, official, unsigned(body))
        const ours = await gateway.provider.sign(unsigned(body), NOW)
        for (const request of [theirs, ours]) {
          const seen = await judge(request)
          expect(seen, describeRequest(request, seen.because)).toMatchObject({ we: true, they: true })
          if (alternative !== undefined) expect(seen.because).toBe(alternative)
        }
      })
    }

    const unused = new Set(Object.keys(conformity.exceptions ?? {}))
    for (const change of changesOf(conformity)) {
      const exception = conformity.exceptions?.[change.name]
      unused.delete(change.name)
      const expected = expectation(exception, change.accepted ?? false)
      test(`${claimOf(exception, change.accepted ?? false)} ${change.name}${exception === undefined ? '' : `: ${exception.because}`}`, async () => {
        let judged = 0
        for (const body of bodies) {
          const request = await signedBy(gateway.provider, official, unsigned(body))
          const genuine: Genuine = {
            request,
            now: NOW,
            conformity,
            keys: gateway.provider.keys,
            signedBy: (who, options) => signedBy(gateway[who], official, unsigned(body), options),
          }
          for (const variant of await change.variants(genuine)) {
            const seen = await judge(variant.request, variant.now)
            expect(seen, describeRequest(variant.request, seen.because)).toMatchObject(expected)
            judged += 1
          }
        }
        expect(judged).toBeGreaterThan(0)
      })
    }
    test('differ only over changes that there are', () => {
      expect([...unused]).toEqual([])
    })
  })
}

describe('the table', () => {
  const packages = new Set(CONFORMITIES.map((conformity) => conformity.package))

  test('asks at least 20 packages', () => {
    expect(packages.size).toBeGreaterThanOrEqual(20)
  })
  test('asks only packages that are development dependencies', () => {
    const { devDependencies } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    expect([...packages].filter((name) => !Object.hasOwn(devDependencies, name))).toEqual([])
  })
})

interface Opinions {
  readonly we: boolean
  readonly they: boolean
  readonly because: string
}

/** Signed by the package where it can, by us otherwise. */
async function signedBy(
  party: Party,
  official: Official,
  request: InboundRequest,
  options?: Readonly<Record<string, string>>,
): Promise<InboundRequest> {
  if (official.sign === undefined || options !== undefined) return party.sign(request, NOW, options)
  const { headers = {}, url = request.url, body } = await official.sign(seenAs(request), party.keys, NOW)
  return withHeaders(withBody({ ...request, url }, body ?? request.rawBody), headers)
}

async function accepts(official: Official, request: InboundRequest, { keys }: Party): Promise<boolean> {
  try {
    return await official.accepts(seenAs(request), keys)
  } catch {
    return false
  }
}

function seenAs(request: InboundRequest): Seen {
  return { method: request.method, url: request.url, headers: request.headers.toRecord(), body: textOf(request) }
}

function expectation(exception: Exception | undefined, accepted: boolean): { we: boolean; they: boolean } {
  if (exception === undefined) return { we: accepted, they: accepted }
  return { we: exception.accepts !== 'they', they: exception.accepts !== 'we' }
}

function claimOf(exception: Exception | undefined, accepted: boolean): string {
  if (exception === undefined) return accepted ? 'both accept' : 'both refuse'
  return exception.accepts === 'both' ? 'both accept' : `only ${exception.accepts} accept`
}

function describeRequest(request: InboundRequest, because: string): string {
  return `we say ${because} to ${request.method} ${request.url}\n${JSON.stringify(seenAs(request).headers)}\n${textOf(request)}`
}
