/** Other ways to write a JSON text: some mean the same, some differ in one value; a signature over the bytes tells all of them apart. */
import { isObject } from '../../../verify/data-path.ts'
import type { Rewrite } from './body.ts'
import type { Seed } from './seed.ts'

/** None for a text that is not JSON with members. */
export function rewriteJson(text: string, seed: Seed): Rewrite[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  if (!isObject(value)) return []
  return [
    ['the body written anew, without blanks', JSON.stringify(value)],
    ['the body written anew, indented', JSON.stringify(value, null, 2)],
    ['the body written anew, with another order of keys', JSON.stringify(reversed(value))],
    ...inStrings(text, seed),
    ...inNumbers(text, seed),
    ...inNames(text, value),
  ]
}

/** Of 20 levels and more only the outermost ones. */
function reversed(value: unknown, depth = 0): unknown {
  if (depth > 20 || !isObject(value)) return value
  if (Array.isArray(value)) return (value as unknown[]).map((item) => reversed(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member, depth + 1)]),
  )
}

function inStrings(text: string, seed: Seed): Rewrite[] {
  const found = [...text.matchAll(/:\s*"([A-Za-z0-9])/g)]
  const one = found[seed.pick('text', Math.max(1, found.length))]
  if (one === undefined) return []
  const at = one.index + one[0].length - 1
  const character = text[at]!
  const put = (replacement: string): string => text.slice(0, at) + replacement + text.slice(at + 1)
  return [
    ['a character of a text changed', put(character === 'x' ? 'y' : 'x')],
    ['a character of a text written as an escape', put(`\\u00${character.charCodeAt(0).toString(16)}`)],
    ['the case of a character of a text changed', put(swapped(character))],
  ]
}

function swapped(character: string): string {
  return character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
}

function inNumbers(text: string, seed: Seed): Rewrite[] {
  const found = [...text.matchAll(/[:[,]\s*(\d+)(?=\s*[,}\]])/g)]
  const one = found[seed.pick('number', Math.max(1, found.length))]
  if (one === undefined) return []
  const end = one.index + one[0].length
  const digit = text[end - 1]!
  return [
    ['a digit of a number changed', `${text.slice(0, end - 1)}${digit === '9' ? '8' : '9'}${text.slice(end)}`],
    ['a number written with a fraction', `${text.slice(0, end)}.0${text.slice(end)}`],
  ]
}

function inNames(text: string, value: Record<string, unknown>): Rewrite[] {
  const [name] = Object.keys(value)
  const open = text.indexOf('{')
  const close = text.lastIndexOf('}')
  if (Array.isArray(value) || name === undefined || open === -1) return []
  const member = `${JSON.stringify(name)}:"attacker"`
  return [
    ['a member repeated before the others', `${text.slice(0, open + 1)}${member},${text.slice(open + 1)}`],
    ['a member repeated after the others', `${text.slice(0, close)},${member}${text.slice(close)}`],
    ['a member added', `${text.slice(0, close)},"__proto__":{"attacker":true}${text.slice(close)}`],
  ]
}
