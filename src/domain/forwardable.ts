/**
 * Headers of a provider that never reach the app, whatever a spec allows: these names mean something between the gateway and the app
 * (who speaks, how the message is framed, which address it came from), and a provider must not be able to say it in our name.
 */
const NEVER = new Set([
  // of one hop only: RFC 9110 §7.6.1
  'connection',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // credentials and sessions
  'authorization',
  'authentication-info',
  'cookie',
  'cookie2',
  'set-cookie',
  'set-cookie2',
  'www-authenticate',
  // the message as we write it ourselves
  'accept-encoding',
  'expect',
  'host',
  'range',
  'server',
  'user-agent',
  // where a request came from and what it was before a proxy: apps behind one trust these
  'cf-connecting-ip',
  'fastly-client-ip',
  'forwarded',
  'origin',
  'referer',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
  // our signature: a provider that uses Standard Webhooks has the same names, and its values would prove nothing to the app
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
])

const NEVER_PREFIXES = ['content-', 'if-', 'postern-', 'proxy-', 'sec-', 'x-forwarded-', 'x-nango-']

/** RFC 9110 §5.1, lower case */
const TOKEN = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * Whether a provider's header of this lower-case name may be forwarded at all. An underscore counts as a hyphen, since CGI and WSGI
 * servers take the two for the same name.
 */
export function isForwardable(name: string): boolean {
  const canonical = name.replaceAll('_', '-')
  return TOKEN.test(name) && !NEVER.has(canonical) && !NEVER_PREFIXES.some((prefix) => canonical.startsWith(prefix))
}
