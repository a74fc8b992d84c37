/**
 * Parts of a URL and of a form, for what providers put into links: the shop in the origin of a `self` link, an id among the path
 * segments. Only http and https URLs have an origin and a host; everything else gives undefined.
 */
import { BoundExceeded, ExpressionFailure } from '../failure.ts'
import { decodePercent } from './encodings.ts'
import { type ExpressionFunction, textAt } from './function.ts'

/** Eight times what servers take for a request line. */
const MAX_URL_LENGTH = 64 * 1024
const MAX_FORM_LENGTH = 8 * 1024 * 1024
const MAX_FORM_FIELDS = 10_000

export const URL_FUNCTIONS: readonly ExpressionFunction[] = [
  urlFunction('origin', 'Scheme, host and port of the URL: `https://acme.example.com`.', (text) => parse(text)?.origin),
  urlFunction(
    'host',
    'Host of the URL, lower case, with its port unless that is the default.',
    (text) => parse(text)?.host,
  ),
  urlFunction('pathname', 'Path of the URL, or of a path with a query.', pathOf),
  urlFunction('segments', 'The segments of the path, decoded, as an array.', (text) => {
    const segments = pathOf(text)
      ?.split('/')
      .filter((segment) => segment !== '')
    const decoded = segments?.map(decodePercent)
    return decoded?.includes(undefined) === true ? undefined : decoded
  }),
  {
    name: 'query',
    parameters: ['url', 'name'],
    summary: 'Value of a parameter of the URL; an array where it is repeated.',
    call(args) {
      const url = textAt(args, 0, 'query', MAX_URL_LENGTH)
      const name = textAt(args, 1, 'query', MAX_URL_LENGTH)
      if (url === undefined) return undefined
      if (name === undefined) throw new ExpressionFailure('the name for $query is missing')
      const values = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '').getAll(name)
      return values.length < 2 ? values[0] : values
    },
  },
  urlFunction(
    'queryString',
    'The query of the URL as it stands there, without the question mark; empty where there is none.',
    (text) => /^[^?#]*\?([^#]*)/.exec(text)?.[1] ?? '',
  ),
  {
    name: 'form',
    parameters: ['text'],
    summary: 'The fields of a form (application/x-www-form-urlencoded) as an object; a repeated field is an array.',
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, 'form', MAX_FORM_LENGTH)
      return text === undefined ? undefined : formFields(text)
    },
  },
]

function urlFunction(name: string, summary: string, read: (text: string) => unknown): ExpressionFunction {
  return {
    name,
    parameters: ['url'],
    summary,
    takesContext: true,
    call(args) {
      const text = textAt(args, 0, name, MAX_URL_LENGTH)
      return text === undefined ? undefined : read(text)
    },
  }
}

function parse(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : undefined
}

function pathOf(text: string): string | undefined {
  return text.startsWith('/') && !text.startsWith('//') ? /^[^?#]*/.exec(text)?.[0] : parse(text)?.pathname
}

function formFields(text: string): Record<string, string | string[]> {
  let separators = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1)) {
    separators += 1
    if (separators >= MAX_FORM_FIELDS) throw new BoundExceeded(`the form has more than ${MAX_FORM_FIELDS} fields`)
  }
  // Without a prototype, so that a field may have any name.
  const fields = Object.create(null) as Record<string, string | string[]>
  for (const [name, value] of new URLSearchParams(text)) {
    const seen = fields[name]
    if (seen === undefined) fields[name] = value
    else if (typeof seen === 'string') fields[name] = [seen, value]
    else seen.push(value)
  }
  return fields
}
