/**
 * What the schema cannot say: whether the parts of the configuration fit together. Errors are what cannot work; warnings are what
 * most likely is not meant. Runs on a draft that has passed the schema.
 */
import ipaddr from 'ipaddr.js'
import { type DocumentPath, locate, pathText, type Remark } from '../document/yaml-document.ts'
import { formatDuration, parseDuration } from '../domain/duration.ts'
import type { Finding } from '../domain/finding.ts'
import { suggest } from '../domain/suggestion.ts'
import type { Destination, GatewayConfig, Integration } from './config.gen.ts'
import type { Draft } from './draft.ts'
import { formatSize, parseSize } from './size.ts'

type Report = (remark: Remark) => void

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MIN_SECRET_LENGTH = 16

export function crossCheck(draft: Draft, config: GatewayConfig): Finding[] {
  const findings: Finding[] = []
  const report: Report = (remark) => findings.push(locate(draft, remark))
  checkBounds(config, report)
  checkServer(config, report)
  checkSecrets(config, report)
  checkRetention(config, report)
  const allowed = checkAllowList(config, report)
  for (const [name, destination] of Object.entries(config.destinations ?? {}))
    checkDestination(name, destination, allowed, report)
  checkNames('destinations', Object.keys(config.destinations ?? {}), report)
  checkNames('integrations', Object.keys(config.integrations ?? {}), report)
  for (const [key, integration] of Object.entries(config.integrations ?? {}))
    checkIntegration(key, integration, config, report)
  return findings
}

/** Timers and counters overflow silently where a duration or size is absurd. */
function checkBounds(config: GatewayConfig, report: Report): void {
  const duration = (path: DocumentPath, value: string | undefined, maxMs: number): void => {
    if (value === undefined || value === 'off' || parseDuration(value) <= maxMs) return
    report({
      path,
      code: 'config_out_of_bounds',
      message: `${pathText(path)} is ${value}`,
      hint: `At most ${formatDuration(maxMs)}.`,
    })
  }
  const size = (path: DocumentPath, value: string | undefined, maxBytes: number): void => {
    if (value === undefined || parseSize(value) <= maxBytes) return
    report({
      path,
      code: 'config_out_of_bounds',
      message: `${pathText(path)} is ${value}`,
      hint: `At most ${formatSize(maxBytes)}.`,
    })
  }
  size(['server', 'max_body'], config.server?.max_body, 256 * 1024 ** 2)
  size(['ingest', 'max_pending_bytes'], config.ingest?.max_pending_bytes, 64 * 1024 ** 3)
  duration(['ingest', 'dedupe_window'], config.ingest?.dedupe_window, 365 * DAY_MS)
  duration(['delivery', 'max_retry_after'], config.delivery?.max_retry_after, 30 * DAY_MS)
  for (const [at, wait] of (config.delivery?.retries ?? []).entries())
    duration(['delivery', 'retries', at], wait, 30 * DAY_MS)
  for (const [name, { timeout, breaker }] of Object.entries(config.destinations ?? {})) {
    duration(['destinations', name, 'timeout'], timeout, HOUR_MS)
    if (typeof breaker !== 'object') continue
    duration(['destinations', name, 'breaker', 'window'], breaker.window, DAY_MS)
    duration(['destinations', name, 'breaker', 'open_for'], breaker.open_for, DAY_MS)
  }
  const { retention = {} } = config
  for (const kind of ['accepted', 'refused', 'attempts', 'held'] as const)
    duration(['retention', kind], retention[kind], 3_650 * DAY_MS)
  for (const [key, { dedupe_window: window }] of Object.entries(config.integrations ?? {})) {
    duration(['integrations', key, 'dedupe_window'], window, 365 * DAY_MS)
  }
}

/** A dedupe key is forgotten with its event. */
function checkRetention({ retention, ingest }: GatewayConfig, report: Report): void {
  const window = ingest?.dedupe_window
  const accepted = retention?.accepted
  if (window === undefined || window === 'off' || accepted === undefined) return
  if (parseDuration(window) <= parseDuration(accepted)) return
  report({
    path: ['ingest', 'dedupe_window'],
    code: 'config_short_retention',
    severity: 'warning',
    message: `ingest.dedupe_window is ${window}, but requests are kept for ${accepted}: duplicates are not recognised after that`,
    hint: `Set retention: { accepted: ${window} }.`,
  })
}

function checkServer(config: GatewayConfig, report: Report): void {
  const url = config.server?.public_url
  if (url !== undefined && !URL.canParse(url)) {
    report({
      path: ['server', 'public_url'],
      code: 'config_invalid_url',
      message: 'server.public_url is not a URL',
      hint: 'Write it like https://hooks.example.com.',
    })
  }
  if (config.storage === 'sqlite::memory:') {
    report({
      path: ['storage'],
      code: 'config_volatile_storage',
      message: 'storage is in memory only',
      hint: 'Name a file: an answer of 2xx means "on disk".',
    })
  }
}

function checkSecrets(config: GatewayConfig, report: Report): void {
  const lists: [DocumentPath, readonly string[]][] = [
    [['api', 'keys'], config.api?.keys ?? []],
    [['encryption', 'keys'], config.encryption?.keys ?? []],
    [['signing', 'secrets'], config.signing?.secrets ?? []],
  ]
  for (const [key, { ingress_tokens: tokens = [] }] of Object.entries(config.integrations ?? {})) {
    const path = ['integrations', key, 'ingress_tokens']
    lists.push([path, tokens])
    for (const [at, token] of tokens.entries()) {
      if (/^[A-Za-z0-9._~-]+$/.test(token)) continue
      const message = `${pathText([...path, at])} has characters that do not stand in a URL`
      report({
        path: [...path, at],
        code: 'config_invalid_token',
        message,
        hint: 'Use letters, digits, "-", "_", "." and "~" only.',
      })
    }
  }
  for (const [path, secrets] of lists) {
    for (const [at, secret] of secrets.entries()) {
      if (secret.length >= MIN_SECRET_LENGTH) continue
      const message = `${pathText([...path, at])} is shorter than ${MIN_SECRET_LENGTH} characters, so it can be guessed`
      report({
        path: [...path, at],
        code: 'config_weak_secret',
        severity: 'warning',
        message,
        hint: 'Make a new one with: openssl rand -base64 32',
      })
    }
    checkDuplicates(path, secrets, report)
  }
}

/** A list that names the same thing twice: harmless, but one of the two was meant to be another. Values are not shown. */
function checkDuplicates(path: DocumentPath, values: readonly string[], report: Report): void {
  for (const [at, value] of values.entries()) {
    if (values.indexOf(value) === at) continue
    const message = `${pathText([...path, at])} repeats ${pathText([...path, values.indexOf(value)])}`
    report({
      path: [...path, at],
      code: 'config_duplicate',
      severity: 'warning',
      message,
      hint: 'Remove one of the two.',
    })
  }
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

function checkAllowList(config: GatewayConfig, report: Report): Range[] {
  const ranges: Range[] = []
  for (const [at, cidr] of (config.outbound?.allow_private ?? []).entries()) {
    const path = ['outbound', 'allow_private', at]
    if (!ipaddr.isValidCIDR(cidr)) {
      report({
        path,
        code: 'config_invalid_cidr',
        message: `${pathText(path)} is "${cidr}", which is no network`,
        hint: 'Write it like 10.0.0.0/8 or fd00::/8.',
      })
      continue
    }
    const range = ipaddr.parseCIDR(cidr)
    ranges.push(range)
    if (range[1] > 0) continue
    const message = `${pathText(path)} lets outbound calls reach every private address`
    report({
      path,
      code: 'config_open_allow_list',
      severity: 'warning',
      message,
      hint: 'List only the networks your destinations are in.',
    })
  }
  return ranges
}

function checkDestination(name: string, destination: Destination, allowed: readonly Range[], report: Report): void {
  const path = ['destinations', name, 'url']
  if (!URL.canParse(destination.url)) {
    report({
      path,
      code: 'config_invalid_url',
      message: `${pathText(path)} is not a URL`,
      hint: 'Write it like https://app.example.com/webhooks.',
    })
    return
  }
  const url = new URL(destination.url)
  if (url.username !== '' || url.password !== '') {
    const hint = 'Give them as a header: headers: { authorization: "Basic …" }.'
    report({ path, code: 'config_invalid_url', message: `${pathText(path)} holds a user name or password`, hint })
  }
  checkTransport(name, destination, report)
  const needed = privateNetworksOf(url.hostname).filter((network) => !isAllowed(network, allowed))
  if (needed.length > 0) {
    const list = needed.map((network) => `"${network}"`).join(', ')
    report({
      path,
      code: 'config_private_destination',
      severity: 'warning',
      message: `${pathText(path)} is on a private network, which outbound calls may not reach: every forward to it will fail`,
      hint: `If that is meant, add: outbound: { allow_private: [${list}] }`,
    })
  }
}

/** A certificate without its key is of no use; what is not PEM is most likely a path that was meant to be read. */
function checkTransport(name: string, { tls = {}, proxy, url }: Destination, report: Report): void {
  const path = ['destinations', name, 'tls']
  for (const [member, text] of Object.entries(tls)) {
    if (text.includes('-----BEGIN ')) continue
    report({
      path: [...path, member],
      code: 'config_invalid_pem',
      message: `${pathText([...path, member])} is not PEM text`,
      hint: `To read it from a file, write: ${member}: \${file:/path/to/${member}.pem}`,
    })
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? 'cert' : 'key'
    const message = `${pathText(path)} has no ${missing}`
    report({
      path,
      code: 'config_incomplete_tls',
      message,
      hint: `Add ${missing}: a certificate and its key go together.`,
    })
  }
  if (Object.keys(tls).length > 0 && !url.startsWith('https:')) {
    const message = `${pathText(path)} is set, but the url is not https`
    report({ path, code: 'config_unused_tls', severity: 'warning', message, hint: 'Use https, or remove tls.' })
  }
  if (proxy !== undefined && !URL.canParse(proxy)) {
    const proxyPath = ['destinations', name, 'proxy']
    const message = `${pathText(proxyPath)} is not a URL`
    report({ path: proxyPath, code: 'config_invalid_url', message, hint: 'Write it like http://proxy.internal:3128.' })
  }
}

/** The networks that must be allowed for this host, where that can be told without asking DNS. */
function privateNetworksOf(hostname: string): string[] {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1/32', '::1/128']
  if (!ipaddr.isValid(host)) return []
  const address = ipaddr.process(host)
  return address.range() === 'unicast' ? [] : [`${address.toString()}/${address.kind() === 'ipv4' ? 32 : 128}`]
}

function isAllowed(network: string, allowed: readonly Range[]): boolean {
  const [address] = ipaddr.parseCIDR(network)
  return allowed.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits))
}

/** Two names that differ in case only would be two URLs that look the same. */
function checkNames(section: string, names: readonly string[], report: Report): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const other = seen.get(name.toLowerCase())
    if (other === undefined) seen.set(name.toLowerCase(), name)
    else {
      const message = `"${name}" and "${other}" differ in upper and lower case only`
      report({
        path: [section, name],
        atKey: true,
        code: 'config_ambiguous_name',
        message,
        hint: 'Rename one of them.',
      })
    }
  }
}

function checkIntegration(key: string, integration: Integration, config: GatewayConfig, report: Report): void {
  const path = ['integrations', key]
  const destinations = Object.keys(config.destinations ?? {})
  for (const [at, name] of (integration.forward ?? []).entries()) {
    if (destinations.includes(name)) continue
    report({
      path: [...path, 'forward', at],
      code: 'config_unknown_destination',
      message: `${pathText(path)} forwards to "${name}", which is no destination`,
      hint: suggest(name, destinations) ?? `Add it: destinations: { ${name}: { url: "https://…" } }`,
    })
  }
  checkDuplicates([...path, 'forward'], integration.forward ?? [], report)
  for (const [name, value] of Object.entries(integration.secrets ?? {})) {
    if (typeof value !== 'string') checkDuplicates([...path, 'secrets', name], value, report)
  }
  // An empty list says so on purpose; so does who only keeps records.
  if (integration.forward === undefined && integration.syncs === undefined) {
    const hint =
      destinations.length > 0 ? `Add: forward: [${destinations[0]}]` : 'Add a destination, and forward to it.'
    report({
      path,
      atKey: true,
      code: 'config_forwards_nowhere',
      severity: 'warning',
      message: `${pathText(path)} forwards to no destination: its events are only stored`,
      hint,
    })
  }
}
