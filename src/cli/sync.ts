/** `postern sync`: the syncs of connections, as the gateway runs them, and `try`, which needs none. */
import type { DefineCommand } from './command.ts'
import { addExamples } from './command.ts'
import { defineList, defineStatus } from './sync/look.ts'
import { defineMove } from './sync/move.ts'
import { defineTry } from './sync/try.ts'

export const defineSync: DefineCommand = (command, context) => {
  addExamples(command, [
    'postern sync list',
    'postern sync run hubspot contacts --connection acme',
    'postern sync try hubspot contacts --example "two pages"',
  ])
  defineList(command, context)
  defineStatus(command, context)
  defineMove(command, context, {
    name: 'run',
    summary: 'run syncs at once, paused or not',
    path: '/sync/trigger',
    done: 'asked to run',
  })
  defineMove(command, context, {
    name: 'start',
    summary: 'start the schedule of syncs; webhooks set them off from now on',
    path: '/sync/start',
    done: 'started',
  })
  defineMove(command, context, {
    name: 'pause',
    summary: 'stop the schedule of syncs; only `sync run` sets them off',
    path: '/sync/pause',
    done: 'paused',
  })
  defineTry(command, context)
}
