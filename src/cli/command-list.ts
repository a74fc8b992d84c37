/** Every command in the order of the help, with the one line that says what it is for and the module to load when it is meant. */
import type { DefineCommand } from './command.ts'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<DefineCommand>
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'serve', summary: 'run the gateway', load: async () => (await import('./serve.ts')).defineServe },
  {
    name: 'trigger',
    summary: "sign a spec's example as its provider would and send it to the gateway",
    load: async () => (await import('./trigger.ts')).defineTrigger,
  },
  {
    name: 'listen',
    summary: 'receive forwards on this machine, verify and print them',
    load: async () => (await import('./listen.ts')).defineListen,
  },
  {
    name: 'connections',
    summary: 'add, list and remove connections',
    load: async () => (await import('./connections.ts')).defineConnections,
  },
  {
    name: 'requests',
    summary: 'list what came in, or show one request',
    load: async () => (await import('./requests.ts')).defineRequests,
  },
  {
    name: 'events',
    summary: 'list the events taken from requests',
    load: async () => (await import('./events.ts')).defineEvents,
  },
  {
    name: 'deliveries',
    summary: 'list deliveries, or show one with its attempts',
    load: async () => (await import('./deliveries.ts')).defineDeliveries,
  },
  { name: 'replay', summary: 'deliver once more', load: async () => (await import('./replay.ts')).defineReplay },
  {
    name: 'test',
    summary: 'run the examples of provider specs',
    load: async () => (await import('./spec-commands.ts')).defineTest,
  },
  {
    name: 'lint',
    summary: 'say all that is wrong with provider specs',
    load: async () => (await import('./spec-commands.ts')).defineLint,
  },
  {
    name: 'doctor',
    summary: 'check this installation and its configuration',
    load: async () => (await import('./doctor.ts')).defineDoctor,
  },
  {
    name: 'completion',
    summary: 'print a completion script for your shell',
    load: async () => (await import('./completion.ts')).defineCompletion,
  },
]
