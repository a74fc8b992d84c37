/** `postern explain`: why a stored request was accepted or refused, and what probably has to be mended. The gateway does the thinking. */
import { type JsonRecord, connectClient, isRecord, recordsIn } from './client.ts'
import {
  type ClientOptions,
  type DefineCommand,
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
} from './command.ts'
import type { CliIo } from './io.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { formatFacts } from './table.ts'
import { formatTime } from './time-text.ts'

export const defineExplain: DefineCommand = (command, { io, run }) => {
  command.argument('<request-id>', 'the request; postern requests lists them')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((id: string, options: ClientOptions) => explain(id, options, io)))
  addExamples(command, ['postern explain req_019a8f2b7c3d7e4f80a1b2c3d4e5f607'])
}

async function explain(id: string, options: ClientOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const answer = await client.call('GET', `/api/v1/requests/${encodeURIComponent(id)}/explanation`)
  io.out(options.json === true ? prettyJson(answer.text) : describe(answer.document))
  return EXIT.ok
}

function describe(document: JsonRecord): string {
  const facts: [string, unknown][] = [
    ['request', document['request_id']],
    ['received', formatTime(document['received_at'])],
    ['outcome', document['outcome']],
    ['now', oneLine(document['verified'] === true ? 'verifies' : document['code'])],
    ['scheme', document['scheme']],
  ]
  if (typeof document['detail'] === 'string') facts.push(['because', document['detail']])
  if (typeof document['clock_skew_ms'] === 'number') facts.push(['clock skew', `${document['clock_skew_ms']} ms`])
  for (const secret of recordsIn(document, 'configured_secrets'))
    facts.push(['secret', `${oneLine(secret['name'])} ${oneLine(secret['fingerprint'])}`])
  for (const one of recordsIn(document, 'alternatives')) {
    facts.push([
      `  ${oneLine(one['name'])}`,
      `${oneLine(one['outcome'])}${typeof one['detail'] === 'string' ? `: ${oneLine(one['detail'])}` : ''}`,
    ])
  }
  const mistake = document['likely_mistake']
  if (isRecord(mistake)) facts.push(['likely', mistake['message']], ['', mistake['hint']])
  const { remarks } = document
  for (const remark of Array.isArray(remarks) ? remarks : []) facts.push(['remark', remark])
  return formatFacts(facts)
}
