/**
 * How a provider writes the URL it signs. Some decode certain percent-escapes first; some write the default port and some do not,
 * whatever the request said; some parse the URL and write it anew. So more than one writing may have to be tried.
 *
 *     { unescape: ":/", port: either }   "https://a.example/x?u=http%3A%2F%2Fb"
 *     → "https://a.example/x?u=http://b", "https://a.example:443/x?u=http://b"
 */
import { parse, stringify } from 'node:querystring'
import type { Alternative } from '../domain/provider-spec.gen.ts'

/** Every writing to try, the likeliest first; at least one. */
export function compileSignedUrl(clause: Alternative['url']): (url: string) => readonly string[] {
  const unescape = compileUnescape(clause?.unescape ?? '')
  const isEither = clause?.port === 'either'
  const others = clause?.also ?? []
  if (!isEither && others.length === 0) return (url) => [unescape(url)]
  return (url) => {
    const bases = [url, ...others.flatMap((other) => WRITINGS[other](url) ?? [])].map(unescape)
    const written = isEither ? bases.flatMap((base) => [base, withOtherPort(base) ?? base]) : bases
    return [...new Set(written)]
  }
}

/** Other ways to write the same URL; undefined for what is no URL. */
const WRITINGS: Readonly<Record<'normalized' | 'requoted', (url: string) => string | undefined>> = {
  normalized: (url) => (URL.canParse(url) ? new URL(url).href : undefined),
  requoted(url) {
    const start = url.indexOf('?')
    return start === -1 ? url : `${url.slice(0, start)}?${stringify(parse(url.slice(start + 1)))}`
  },
}

function compileUnescape(characters: string): (url: string) => string {
  if (characters === '') return (url) => url
  const byEscape = new Map<string, string>()
  for (const character of characters) {
    const bytes = Buffer.from(character, 'utf8')
    byEscape.set([...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''), character)
  }
  const pattern = new RegExp([...byEscape.keys()].join('|'), 'gi')
  return (url) => url.replace(pattern, (escape) => byEscape.get(escape.toLowerCase())!)
}

/** The URL without its port, or with the default port of its scheme where it has none. */
function withOtherPort(url: string): string | undefined {
  const parts = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(url)
  if (parts === null) return undefined
  const [, scheme = '', authority = '', rest = ''] = parts
  const bare = authority.replace(/:\d*$/, '')
  const port = scheme === 'https' ? 443 : 80
  return bare === authority ? `${scheme}://${authority}:${port}${rest}` : `${scheme}://${bare}${rest}`
}
