/** `postern replay`: makes one delivery due at once, whatever became of it; its attempts so far stay in the log. */
import { connectClient } from './client.ts'
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

export const defineReplay: DefineCommand = (command, { io, run }) => {
  command.argument('<delivery-id>', 'the delivery; postern deliveries lists them')
  addJsonOption(addClientOptions(addConfigOption(command)))
  command.action(run((id: string, options: ClientOptions) => replay(id, options, io)))
  addExamples(command, ['postern replay dlv_019a8f2b7c3d7e4f80a1b2c3d4e5f607'])
}

async function replay(id: string, options: ClientOptions, io: CliIo): Promise<ExitCode> {
  const client = await connectClient(options, io)
  const answer = await client.call('POST', `/api/v1/deliveries/${encodeURIComponent(id)}/replay`)
  if (options.json === true) io.out(prettyJson(answer.text))
  else {
    io.out(`${oneLine(answer.document['id'])}  ${oneLine(answer.document['state'])}`)
    io.err(`See what comes of it: postern deliveries ${oneLine(id)}`)
  }
  return EXIT.ok
}
