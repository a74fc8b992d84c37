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
    name: 'sync',
    summary: 'list, run, start, pause and try the syncs of connections',
    load: async () => (await import('./sync.ts')).defineSync,
  },
  {
    name: 'records',
    summary: 'list the records that syncs have brought',
    load: async () => (await import('./records.ts')).defineRecords,
  },
  {
    name: 'secrets',
    summary: 'list, show and forget what is kept besides the configuration',
    load: async () => (await import('./secrets.ts')).defineSecrets,
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
  {
    name: 'dead',
    summary: 'list dead letters',
    load: async () => (await import('./dead.ts')).defineDead,
  },
  {
    name: 'replay',
    summary: 'deliver once more: one delivery, or all that fit a filter',
    load: async () => (await import('./replay.ts')).defineReplay,
  },
  {
    name: 'discard',
    summary: 'give up a dead or held delivery for good',
    load: async () => (await import('./give-up.ts')).defineDiscard,
  },
  {
    name: 'skip',
    summary: 'give up a pending delivery, and let those behind it pass',
    load: async () => (await import('./give-up.ts')).defineSkip,
  },
  {
    name: 'destinations',
    summary: 'list destinations with what waits for them, or show one',
    load: async () => (await import('./destinations.ts')).defineDestinations,
  },
  {
    name: 'pause',
    summary: 'send nothing to a destination until it is resumed',
    load: async () => (await import('./destinations.ts')).definePause,
  },
  {
    name: 'resume',
    summary: 'go on sending to a destination',
    load: async () => (await import('./destinations.ts')).defineResume,
  },
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
    name: 'new',
    summary: 'write a provider spec to begin with',
    load: async () => (await import('./new-spec.ts')).defineNew,
  },
  {
    name: 'verify',
    summary: 'say what the gateway would make of a request',
    load: async () => (await import('./verify.ts')).defineVerify,
  },
  {
    name: 'explain',
    summary: 'say why a stored request was accepted or refused',
    load: async () => (await import('./explain.ts')).defineExplain,
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
