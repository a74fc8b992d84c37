/** Other ways to write a url-encoded form, some of which mean the same. */
import { type FormPair, formText, readForm } from '../../../verify/form.ts'
import type { Rewrite } from './body.ts'

/** None for a text that is no form: without any pair, or with characters that a form would escape. */
export function rewriteForm(text: string): Rewrite[] {
  const pairs = pairsOf(text)
  if (pairs.length === 0) return []
  const first = text.split('&')[0]!
  return [
    ['the form written anew, with every character escaped', pairs.map(written).join('&')],
    ['the form written anew, with blanks as %20', text.replaceAll('+', '%20')],
    [
      'the form written anew, with escapes in lower case',
      text.replaceAll(/%[0-9A-F]{2}/g, (found) => found.toLowerCase()),
    ],
    ['the form written anew, with another order', text.split('&').toReversed().join('&')],
    ['a field of the form changed', `${first}x${text.slice(first.length)}`],
    ['a field added to the form', `${text}&attacker=1`],
    ['a field of the form repeated with another value', `${text}&${first.split('=')[0]!}=attacker`],
    ['a separator after the form', `${text}&`],
  ]
}

/** The same names and values in the same order, were it not for what stands between them and how often they stand there. */
export function regroupForm(text: string): Rewrite[] {
  const pairs = pairsOf(text)
  const [first] = pairs
  if (first === undefined) return []
  const rewrites: Rewrite[] = [['a field of the form repeated', `${text}&${written(first)}`]]
  const sorted = [...pairs].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const at = sorted.findIndex((pair, index) => index > 0 && pair.value !== '')
  const before = sorted[at - 1]
  const merged = sorted[at]
  if (before === undefined || merged === undefined || before.name === merged.name) return rewrites
  const swallowing: FormPair = { name: before.name, value: before.value + merged.name + merged.value }
  const rest = sorted.filter((pair) => pair !== before && pair !== merged)
  rewrites.push(['a field of the form made part of the one before it', [swallowing, ...rest].map(written).join('&')])
  return rewrites
}

function pairsOf(text: string): FormPair[] {
  return text.includes('=') && !/[\s"<>{}]/.test(text) ? readForm(Buffer.from(text, 'utf8')) : []
}

function written({ name, value }: FormPair): string {
  const escaped = (bytes: string): string =>
    [...Buffer.from(formText(bytes), 'utf8')]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join('')
  return `${escaped(name)}=${escaped(value)}`
}
