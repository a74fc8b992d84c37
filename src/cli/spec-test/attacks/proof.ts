/**
 * Attacks on the proof itself: the signature, token or password that the alternative looks for is missing, mutilated, made by somebody
 * else, or sent beside a wrong one. All of them must be refused, and no admission excuses one.
 */
import type { Alternative } from '../../../domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../../domain/request.ts'
import { isObject, readDataPath, readMember } from '../../../verify/data-path.ts'
import { nameOf } from '../../../verify/scheme.ts'
import { signatureSourceOf } from '../../../verify/signature-source.ts'
import { memberPath } from '../../../verify/signing/request-edit.ts'
import {
  type Attack,
  type AttackGenerator,
  forge,
  isEqual,
  missingSecrets,
  proofSite,
  type Target,
  withoutProofs,
} from './attack.ts'
import { withBody, withHeaderValues, withJson } from './edits.ts'
import { proofTextOf, type ValueSite } from './proof-site.ts'

export const proofAttacks: AttackGenerator = async (target) => {
  const { alternative, spec } = target
  const site = proofSite(target, alternative)
  // What proves as much would rescue it, and may.
  const equals = spec.verify.filter((one) => one !== alternative && isEqual(spec, one, alternative))
  const request = equals.reduce((seen, one) => proofSite(target, one)?.write(seen, []) ?? seen, target.request)
  const values = site?.read(request) ?? []
  if (site === undefined || values.length === 0) return alsoAttacks(target)
  const noun = nounOf(alternative)
  const attacks: Attack[] = []
  const add = (what: string, changed: InboundRequest, mayBeHarmless = false): void => {
    attacks.push({ name: `${noun} ${what}`, against: null, mayBeHarmless, request: changed })
  }
  const changeAll = (change: (text: string) => string): readonly string[] =>
    values.map((value) => proofTextOf(alternative, value).change(change))

  const bare = withoutProofs(target, request)
  add('missing', bare)
  // Whoever verifies only what looks like an event of this provider.
  for (const method of ['GET', 'PUT', 'HEAD']) add(`missing, sent as ${method}`, { ...bare, method })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
    add(`missing, said to be ${type}`, withHeaderValues(bare, 'content-type', [type]))
  }
  add('missing, without a content type', withHeaderValues(bare, 'content-type', []))
  add('missing, without a body', withBody(bare, ''))
  add('empty', site.write(request, ['']))
  const { prefix = '', format, several = false, numbered_header: numbered } = signatureSourceOf(alternative) ?? {}
  const mayBeSeveral = several || numbered !== undefined
  if (prefix !== '') add('reduced to its prefix', site.write(request, [prefix]))
  for (const word of ['undefined', 'null']) add(`replaced by the word ${word}`, site.write(request, [prefix + word]))
  for (const [what, change] of MUTILATIONS) add(what, site.write(request, changeAll(change)))
  if (isCaseSensitive(alternative)) {
    const swapped = changeAll(swapCase)
    if (swapped.join() !== values.join()) add('with upper and lower case exchanged', site.write(request, swapped))
  }
  if (format !== undefined && /v\d/.test(format)) {
    add(
      'of another version',
      site.write(
        request,
        values.map((value) => value.replaceAll(/\bv\d(?=[a-z]?[=,])/g, 'v9')),
      ),
    )
  }

  const strangers = await forge(target, { who: 'stranger', alternative, request: site.write(request, []) })
  if (strangers !== null) {
    add('of another secret', strangers)
    const [right, wrong] = [values[0]!, site.read(strangers)[0]]
    if (site.repeats && wrong !== undefined && wrong !== right) {
      // Where a provider may send several, a wrong one beside the right one proves no less.
      add('sent twice, first right, then wrong', site.write(request, [right, wrong]), mayBeSeveral)
      add('sent twice, first wrong, then right', site.write(request, [wrong, right]), mayBeSeveral)
      add('sent twice in one value, first right', site.write(request, [`${right}, ${wrong}`]), format !== undefined)
      add('sent twice in one value, first wrong', site.write(request, [`${wrong}, ${right}`]), format !== undefined)
    }
  }
  const own = await borrowProof(target, alternative)
  for (const other of target.spec.verify) {
    const borrowed = other === alternative ? undefined : await borrowProof(target, other)
    const isRight = borrowed === own || changeAll(() => borrowed ?? '').join() === values.join()
    if (borrowed === undefined || isRight) continue
    add(
      `of the alternative "${nameOf(other)}"`,
      site.write(
        request,
        changeAll(() => borrowed),
      ),
    )
  }
  return [...attacks, ...itemAttacks(target, site), ...alsoAttacks(target)]
}

/** Proofs that must be there beside the one that decides, as far as the example carries them. */
function alsoAttacks(target: Target): Attack[] {
  return (target.alternative.also ?? []).flatMap((other) => {
    const site = proofSite(target, other)
    const values = site?.read(target.request) ?? []
    if (site === undefined || values.length === 0) return []
    const attack = (what: string, values: readonly string[]): Attack => ({
      name: `${nounOf(other)} that must be there as well ${what}`,
      against: null,
      mayBeHarmless: false,
      request: site.write(target.request, values),
    })
    const mutilated = MUTILATIONS.map(([what, change]) =>
      attack(
        what,
        values.map((value) => proofTextOf(other, value).change(change)),
      ),
    )
    return [attack('missing', []), attack('empty', ['']), ...mutilated]
  })
}

/** Changes of a signature's text that change its value too, whatever the encoding. */
const MUTILATIONS: readonly (readonly [what: string, change: (text: string) => string])[] = [
  ['cut to its first half', (text) => text.slice(0, evenly(text.length / 2))],
  ['cut to its first 8 characters', (text) => (text.length > 8 ? text.slice(0, 8) : text.slice(0, -1))],
  ['without its last characters', (text) => text.replace(/=+$/, '').slice(0, -2)],
  ['with something after it', (text) => `${text.replace(/=+$/, '')}0000`],
  ['with a blank in it', (text) => `${text.slice(0, 4)} ${text.slice(4)}`],
  ['changed in its first character', (text) => changeAt(text, 0)],
  ['changed in the middle', (text) => changeAt(text, Math.floor(text.length / 2))],
  // Not the very last: of base64 it may hold bits that mean nothing.
  ['changed near its end', (text) => changeAt(text, Math.max(0, text.replace(/=+$/, '').length - 2))],
]

function evenly(length: number): number {
  return Math.floor(length / 2) * 2
}

/** With another character of the same alphabet in this place. */
function changeAt(text: string, at: number): string {
  const [one, other] = /^[0-9a-f]+$/i.test(text) ? ['0', '1'] : ['A', 'B']
  return text.slice(0, at) + (text[at] === one ? other : one) + text.slice(at + 1)
}

function swapCase(text: string): string {
  return text.replaceAll(/[a-z]+|[A-Z]+/g, (run) => (run === run.toLowerCase() ? run.toUpperCase() : run.toLowerCase()))
}

/** Hex means the same in either case. */
function isCaseSensitive({ scheme, signature }: Alternative): boolean {
  return scheme === 'token' || scheme === 'basic' || scheme === 'jwt' || (signature?.encoding ?? 'hex') !== 'hex'
}

export function nounOf({ scheme }: Alternative): string {
  if (scheme === 'basic') return 'password'
  return scheme === 'token' || scheme === 'jwt' ? 'token' : 'signature'
}

/** The proof that another alternative would have of this request. */
async function borrowProof(target: Target, other: Alternative): Promise<string | undefined> {
  const site = proofSite(target, other)
  if (site === undefined) return undefined
  const forged = await forge(target, {
    who: 'provider',
    alternative: other,
    request: target.request,
    secrets: missingSecrets(target),
  })
  const value = forged === null ? undefined : site.read(forged)[0]
  return value === undefined ? undefined : proofTextOf(other, value).texts[0]
}

/** Of a batch every item needs its proof. */
function itemAttacks({ alternative, request }: Target, site: ValueSite): Attack[] {
  const { each } = alternative
  const path = memberPath(signatureSourceOf(alternative)?.body ?? '', 'item')
  if (each === undefined || path === undefined) return []
  const change = (edit: (items: unknown[]) => void): InboundRequest =>
    withJson(request, (body) => {
      const items = readDataPath(body, each)
      if (Array.isArray(items)) edit(items)
      return body
    })
  const copyWith = (items: unknown[], value: string | undefined): unknown => {
    const copy: unknown = structuredClone(items[0])
    const holder = readMember(copy, path.slice(0, -1))
    if (isObject(holder)) {
      if (value === undefined) delete holder[path.at(-1)!]
      else holder[path.at(-1)!] = value
    }
    return copy
  }
  const common = { against: null, mayBeHarmless: false }
  return [
    {
      ...common,
      name: 'a second item without a token',
      request: change((items) => items.push(copyWith(items, undefined))),
    },
    {
      ...common,
      name: 'a second item with a wrong token',
      request: change((items) => items.push(copyWith(items, 'wrong'))),
    },
    { ...common, name: 'an item that is no object', request: change((items) => items.push(site.place)) },
    { ...common, name: 'a batch without items', request: change((items) => items.splice(0)) },
  ]
}
