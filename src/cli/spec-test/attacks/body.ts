/**
 * Attacks on the body: bytes changed at several places, white space around it, the same values written in another way, another body
 * altogether. Of a form also what a scheme may lose that signs names and values without what stands between them.
 */
import type { InboundRequest } from '../../../domain/request.ts'
import type { Attack, AttackGenerator, Target } from './attack.ts'
import { withBody, withHeaderValues } from './edits.ts'
import { rewriteForm, regroupForm } from './form-rewrites.ts'
import { signedBy } from './reads.ts'
import { rewriteJson } from './json-rewrites.ts'

export const bodyAttacks: AttackGenerator = (target) => {
  const { request, alternative } = target
  const attack = (name: string, body: Uint8Array | string, against: Attack['against'] = 'body'): Attack => ({
    name,
    against,
    mayBeHarmless: true,
    request: withBody(request, body),
  })
  if (request.rawBody.length === 0) return [attack('a body where there was none', '{"attacker":true}')]

  const text = Buffer.from(request.rawBody).toString('utf8')
  const attacks = [...byteChanges(target), ...frames(text), ...others(target)].map(([name, body]) => attack(name, body))
  for (const [name, body] of rewriteJson(text, target.seed)) attacks.push(attack(name, body))
  for (const [name, body] of rewriteForm(text)) attacks.push(attack(name, body))
  const signsPairs = signedBy(alternative).pairs
  for (const [name, body] of regroupForm(text)) attacks.push(attack(name, body, signsPairs ? 'form_structure' : 'body'))
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream']) {
    const changed = attack(`a byte of the body changed, said to be ${type}`, byteChanges(target)[1]![1])
    attacks.push({ ...changed, request: withHeaderValues(changed.request!, 'content-type', [type]) })
  }
  return attacks.filter(({ request: changed }) => !isSameBytes(changed!, request))
}

/** A name, and the body that it stands for. */
export type Rewrite = readonly [name: string, body: Uint8Array | string]

function byteChanges({ request, seed }: Target): Rewrite[] {
  const { rawBody } = request
  const { length } = rawBody
  const places: readonly (readonly [where: string, at: number])[] = [
    ['the first byte', 0],
    ['a byte in the middle', Math.floor(length / 2)],
    ['a byte somewhere', seed.pick('first byte', length)],
    ['a byte elsewhere', seed.pick('second byte', length)],
    ['the last byte', length - 1],
  ]
  return places.map(([where, at]) => {
    const changed = Buffer.from(rawBody)
    changed[at] = changed[at]! ^ 1
    return [`${where} of the body changed`, changed]
  })
}

function frames(text: string): Rewrite[] {
  return [
    ['a line break after the body', `${text}\n`],
    ['a blank after the body', `${text} `],
    ['a blank before the body', ` ${text}`],
    ['a byte order mark before the body', `\u{feff}${text}`],
    ['a NUL after the body', `${text}\0`],
    ['half of the body', text.slice(0, Math.ceil(text.length / 2))],
    ['no body', ''],
  ]
}

/** The body of another example, as somebody has it who has seen several requests. */
function others({ spec, request }: Target): Rewrite[] {
  const own = Buffer.from(request.rawBody).toString('utf8')
  for (const { request: other } of spec.examples) {
    const body = other.body ?? (other.json === undefined ? undefined : JSON.stringify(other.json))
    if (body !== undefined && body !== '' && body !== own) return [['the body of another example', body]]
  }
  return []
}

function isSameBytes(a: InboundRequest, b: InboundRequest): boolean {
  return Buffer.compare(a.rawBody, b.rawBody) === 0
}
