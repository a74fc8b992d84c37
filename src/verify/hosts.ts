/**
 * Which URLs may be asked on the word of a request, or of a spec with parts of one: https, the default port, no user name, a host that
 * the spec pins, a path of its form. In a host `*` is exactly one label, in a path anything but a slash.
 *
 *     hosts ["keys.*.example.com"], path "/signing-*.pem"
 *     → https://keys.eu-west-1.example.com/signing-01d088a6f77103d0fe307c0069e40ed6.pem
 */
export type UrlRule = (url: string, options: Readonly<Record<string, string>>) => string | undefined

export interface UrlRuleClause {
  readonly hosts: readonly string[]
  readonly path?: string | undefined
}

/** Beyond any key's URL. */
const MAX_URL_LENGTH = 2_048

/** Gives the URL as it may be fetched, or undefined. The host of an option is the operator's own word. */
export function compileUrlRule({ hosts, path }: UrlRuleClause): UrlRule {
  const hostRules = hosts.map(compileHost)
  const pathPattern = path === undefined ? undefined : globPattern(path, '[^/]*')
  return (text, options) => {
    if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return undefined
    const url = new URL(text)
    const isPlain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
    if (!isPlain || !hostRules.some((isAllowed) => isAllowed(url.hostname, options))) return undefined
    if (pathPattern !== undefined && !pathPattern.test(url.pathname)) return undefined
    url.hash = ''
    return url.href
  }
}

function compileHost(pattern: string): (host: string, options: Readonly<Record<string, string>>) => boolean {
  const option = /^\{option:(.+)\}$/.exec(pattern)?.[1]
  if (option !== undefined) return (host, options) => options[option]?.toLowerCase() === host
  const labels = globPattern(pattern.toLowerCase(), '[a-z0-9-]+')
  return (host) => labels.test(host)
}

/** Literal but for `*`. What a star stands for has none of what follows it, or is short: there is little to go back over. */
function globPattern(glob: string, star: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join(star)}$`)
}
