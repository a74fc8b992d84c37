/** `postern discard` and `postern skip`: two ways to end a delivery that is not delivered. */
import { connectClient } from './client.ts'
import {
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
  type ClientOptions,
  type DefineCommand,
} from './command.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { EXIT } from './report-error.ts'

export const defineDiscard: DefineCommand = defineGivingUp('discard')
export const defineSkip: DefineCommand = defineGivingUp('skip')

function defineGivingUp(verb: 'discard' | 'skip'): DefineCommand {
  return (command, { io, run }) => {
    command.argument('<delivery-id>', 'the delivery; postern deliveries lists them')
    addJsonOption(addClientOptions(addConfigOption(command)))
    command.action(
      run(async (id: string, options: ClientOptions) => {
        const client = await connectClient(options, io)
        const answer = await client.call('POST', `/api/v1/deliveries/${encodeURIComponent(id)}/${verb}`)
        if (options.json === true) io.out(prettyJson(answer.text))
        else io.out(`${oneLine(answer.document['id'])}  ${oneLine(answer.document['state'])}`)
        return EXIT.ok
      }),
    )
    addExamples(command, [`postern ${verb} dlv_019a8f2b7c3d7e4f80a1b2c3d4e5f607`])
  }
}
