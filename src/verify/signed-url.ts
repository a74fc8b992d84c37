/**
 * How a provider writes the URL it signs. Some decode certain percent-escapes first; some write the default port and some do not,
 * whatever the request said, so that more than one writing has to be tried.
 *
 *     { unescape: ":/", port: either }   "https://a.example/x?u=http%3A%2F%2Fb"
 *     → "https://a.example/x?u=http://b", "https://a.example:443/x?u=http://b"
 */
import type { Alternative } from '../domain/provider-spec.gen.ts'

/** Every writing to try, the likeliest first; at least one. */
export function compileSignedUrl(clause: Alternative['url']): (url: string) => readonly string[] {
  const unescape = compileUnescape(clause?.unescape ?? '')
  if (clause?.port !== 'either') return (url) => [unescape(url)]
  return (url) => {
    const written = unescape(url)
    const other = withOtherPort(written)
    return other === undefined ? [written] : [written, other]
  }
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
