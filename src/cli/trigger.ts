/**
 * `postern trigger`: plays the provider. It takes an example of a spec, signs it with the configured secret as of now, really sends it
 * to the gateway, and says what the gateway answered and what became of it. See `sign-example.ts` for the signing.
 */
import { GatewayError } from '../domain/errors.ts'
import {
  type ClientOptions,
  type DefineCommand,
  addClientOptions,
  addConfigOption,
  addExamples,
  addJsonOption,
} from './command.ts'
import type { ExitCode } from './report-error.ts'

export interface TriggerOptions extends ClientOptions {
  readonly integration?: string
  readonly list?: boolean
  readonly print?: boolean
  readonly connect?: boolean
}

export const defineTrigger: DefineCommand = (command, { io, run }) => {
  command.argument('[example]', '<provider>, or <provider>/<example>: its name, a slug of it, or how that begins')
  command.option('--integration <key>', 'the integration to send it to (the one of this provider)')
  command.option('--connect', "first create the example's connections, so that its events are attributed")
  command.option('--list', 'list the examples instead')
  command.option('--print', 'print the request as a curl command instead of sending it; it may hold a secret')
  addClientOptions(addConfigOption(command))
  addJsonOption(command)
  command.action(
    run(async (wanted: string | undefined, options: TriggerOptions): Promise<ExitCode> => {
      if (options.list === true) return (await import('./trigger-list.ts')).listExamples(wanted, options, io)
      if (wanted === undefined) {
        throw new GatewayError({
          code: 'usage_invalid',
          message: 'Which example should be sent?',
          hint: 'See them with: postern trigger --list',
        })
      }
      return (await import('./trigger-send.ts')).triggerExample(wanted, options, io, { now: Date.now })
    }),
  )
  addExamples(command, [
    'postern trigger --list',
    'postern trigger github/a-new-webhook-pings',
    'postern trigger github/an-issue --connect',
    'postern trigger stripe --integration billing --print',
  ])
}
