/**
 * Findings about keys that are fetched: who can choose the host that is asked can choose the key, and with it forge everything. So the
 * host stands in the spec, or is one of the hosts that the spec pins.
 */
import type { Alternative } from '../domain/provider-spec.gen.ts'
import type { DocumentPath, Report } from './lint.ts'

export function lintKeys(alternative: Alternative, path: DocumentPath, report: Report): void {
  for (const name of ['jwks', 'openid'] as const) {
    const url = alternative[name]
    if (url !== undefined && !isPinned(url)) unpinned([...path, name], `${name} names no host of its own`, report)
  }
  const { fetched_key: fetched } = alternative
  if (fetched === undefined) return
  const { url, hosts } = fetched
  hosts?.forEach((pattern, at) => {
    if (isWide(pattern)) unpinned([...path, 'fetched_key', 'hosts', at], `"${pattern}" is the host of anybody`, report)
  })
  if (hosts !== undefined) return
  const where = [...path, 'fetched_key', 'url']
  if (typeof url !== 'string') unpinned(where, 'the key is fetched from a URL that the request names', report)
  // A base that the operator has set is his own word, like a host.
  else if (!isPinned(url) && !/^\{option:[a-z0-9_]+\}(?:\/|$)/.test(url))
    unpinned(where, 'the key is fetched from a host that the spec does not name', report)
}

function unpinned(path: DocumentPath, message: string, report: Report): void {
  report({
    path,
    code: 'spec_unpinned_key',
    message,
    hint: 'Name the hosts that may be asked, such as hosts: [keys.example.com]; * stands for one label.',
  })
}

/** Whether the host stands in the URL as it is, without a placeholder and without a user name before it. */
function isPinned(url: string): boolean {
  const host = /^https:\/\/([^/?#]*)/.exec(url)?.[1]
  return host !== undefined && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(host)
}

/** Whether the two last labels, of which one at least belongs to somebody, are left open. An option is the operator's own word. */
function isWide(pattern: string): boolean {
  return !pattern.startsWith('{option:') && pattern.split('.').slice(-2).includes('*')
}
