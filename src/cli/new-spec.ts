/** `postern new`: a spec to begin with, commented, that passes `postern lint` and whose example passes `postern test`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageFile } from '../document/package-file.ts'
import { GatewayError } from '../domain/errors.ts'
import { type DefineCommand, addExamples, addJsonOption } from './command.ts'
import type { CliIo } from './io.ts'
import { EXIT, type ExitCode } from './report-error.ts'

interface NewOptions {
  readonly dir: string
  readonly force?: boolean
  readonly json?: boolean
}

export const defineNew: DefineCommand = (command, { io, run }) => {
  command.argument('<provider>', 'key of the provider, in lower case; the file is named after it')
  command.option('--dir <folder>', 'where to write it', 'my-specs')
  command.option('--force', 'replace the file if it exists')
  addJsonOption(command)
  command.action(run((provider: string, options: NewOptions) => writeSpec(provider, options, io)))
  addExamples(command, ['postern new acme-billing', 'postern new acme-billing --dir specs'])
}

function writeSpec(provider: string, options: NewOptions, io: CliIo): Promise<ExitCode> {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(provider)) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `"${provider}" is not a key of a provider.`,
      hint: 'Use lower-case letters, digits, dots and hyphens, such as acme-billing.',
    })
  }
  const file = resolve(io.cwd, options.dir, `${provider}.yaml`)
  if (existsSync(file) && options.force !== true) {
    throw new GatewayError({
      code: 'usage_invalid',
      message: `${file} exists already.`,
      hint: 'Add --force to replace it.',
    })
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, specText(provider))
  const shown = relative(io.cwd, file)
  if (options.json === true) io.out(JSON.stringify({ file }, null, 2))
  else {
    io.out(`wrote ${shown}`)
    io.err(`Now: postern lint ${shown} && postern test ${shown}; then name its folder under specs: in postern.yaml.`)
  }
  return Promise.resolve(EXIT.ok)
}

/** The reference stands in the schema; here is only what nearly every provider needs. */
export function specText(provider: string): string {
  const title = provider.replace(
    /(^|[-._])([a-z])/g,
    (_, before: string, letter: string) => `${before === '' ? '' : ' '}${letter.toUpperCase()}`,
  )
  const header = title.replaceAll(' ', '-')
  const schema = pathToFileURL(join(packageFile('schemas'), 'provider-spec.schema.json')).href
  return `# yaml-language-server: $schema=${schema}
provider: ${provider}
name: ${title}
docs: https://docs.example.com/webhooks          # the provider's own page on verifying its webhooks
confidence: docs                                 # vector, sdk, docs, third-party or recollection: how sure you are

secrets:
  signing_secret: { where: "where the operator finds it at the provider" }

# Strongest first. The first whose signature is present decides; a wrong one is never rescued by a later one.
verify:
  - scheme: hmac-sha256
    secret: signing_secret
    signature: { header: ${header}-Signature, format: "t={timestamp},v1={signature}" }   # or prefix: sha256=, encoding: base64
    signed: "{timestamp}.{body}"
    timestamp: { part: timestamp, unit: s }
    tolerance: 5m
    does_not_cover: [headers]                    # honest: nobody signs the request id that is forwarded below

event:
  type: body.type                                # JSONata over method, url, headers, query, body, event
  dedupe: body.id                                # by which a second arrival is recognised
  time: { value: body.created_at, unit: iso8601 }

# Whose event it is: the first rule that finds a connection wins.
match:
  - { field: connection_config.account_id, equals: body.account_id }

forward:
  headers: [${header}-Request-Id]                # what your app gets to see; credentials never pass

# Keeps a copy of the provider's records, fresh by webhooks and by a schedule. Take the marks away, and see what it makes of an answer:
# postern sync try this-file.yaml things --recorded answer.json
# syncs:
#   things:
#     model: Thing
#     request:
#       get: https://api.example.com/v1/things
#       query: { limit: 100, updated_since: checkpoint.updated_at }
#     pages: { next: response.body.next_cursor, into: query.cursor }     # or link: next, offset: query.offset, number: query.page
#     records: { list: response.body.things, map: 'item.{ "id": id, "name": name, "updated_at": updated_at }' }
#     checkpoint: { updated_at: $max(records.updated_at) }
#     on: { thing.*: run }
#     examples:
#       - name: one thing
#         answers:
#           - request: GET https://api.example.com/v1/things?limit=100
#             json: { things: [{ id: th_1, name: First, updated_at: "2026-03-02T09:59:58Z" }] }
#         expect:
#           records: [{ id: th_1, name: First, updated_at: "2026-03-02T09:59:58Z" }]
#           checkpoint: { updated_at: "2026-03-02T09:59:58Z" }

examples:
  - name: something happens
    given:
      now: 2026-03-02T10:00:00Z
      connections: [{ connection_id: customer-1, connection_config: { account_id: acct_1 } }]
    request:                                     # signed by the runner, since it carries no signature of its own
      headers: { ${header}-Request-Id: r-1 }
      json: { id: evt_1, type: thing.happened, account_id: acct_1, created_at: "2026-03-02T09:59:58Z" }
    expect:
      answer: 200
      events: [{ type: thing.happened, dedupe: evt_1, connections: [customer-1] }]
      forwarded: [{ connection: customer-1, headers: { ${header.toLowerCase()}-request-id: r-1 } }]
`
}
