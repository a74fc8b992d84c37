/**
 * What `npm run bench -- …` takes. Every size can be given, so that the same scenarios serve as the published page, as a quick look
 * while working, and as a smoke test.
 */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Null runs every scenario. */
  readonly only: readonly string[] | null
  /** Of one measurement. Every round of every contestant is one. */
  readonly seconds: number
  readonly rounds: number
  /** Requests before the first measurement: by then the code under test is compiled. */
  readonly warmUp: number
  /** Stored events and connections of the filled database. */
  readonly events: number
  readonly connections: number
  /** Pending deliveries of the backlog. */
  readonly backlog: number
  /** Events sent end to end in one round. */
  readonly forwarded: number
  /** Starts of the program. */
  readonly starts: number
  readonly logLevel: string
  /** Where databases are made, each in a folder that is removed afterwards. */
  readonly folder: string
  readonly jsonFile: string | null
}

/** The text of `--help`, an error in the arguments, or the options. */
export type OptionsReading = { readonly text: string; readonly exitCode: 0 | 2 } | { readonly options: BenchOptions }

const FULL = {
  seconds: '4',
  rounds: '3',
  'warm-up': '10000',
  events: '1000000',
  connections: '100000',
  backlog: '100000',
  forwarded: '20000',
  starts: '7',
}
const QUICK: typeof FULL = {
  seconds: '1',
  rounds: '1',
  'warm-up': '5000',
  events: '20000',
  connections: '2000',
  backlog: '5000',
  forwarded: '4000',
  starts: '3',
}
type Size = keyof typeof FULL

export function readOptions(
  args: readonly string[],
  scenarios: readonly { name: string; title: string }[],
): OptionsReading {
  const text = { type: 'string' } as const
  let values: Record<string, string | boolean | undefined>
  try {
    ;({ values } = parseArgs({
      args: [...args],
      options: {
        only: text,
        seconds: text,
        rounds: text,
        'warm-up': text,
        events: text,
        connections: text,
        backlog: text,
        forwarded: text,
        starts: text,
        'log-level': text,
        folder: text,
        json: text,
        quick: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }))
  } catch (error) {
    return { text: `${(error as Error).message}\n\n${helpText(scenarios)}`, exitCode: 2 }
  }
  if (values['help'] === true) return { text: helpText(scenarios), exitCode: 0 }
  const given = (name: string): string | undefined => values[name] as string | undefined
  const only = given('only')?.split(',') ?? null
  const unknown = only?.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown !== undefined)
    return {
      text: `There is no scenario "${unknown}". There are: ${scenarios.map(({ name }) => name).join(', ')}.`,
      exitCode: 2,
    }
  const sizes = values['quick'] === true ? QUICK : FULL
  const wrong = (Object.keys(FULL) as Size[]).find((name) => !(Number(given(name) ?? sizes[name]) > 0))
  if (wrong !== undefined) return { text: `--${wrong} takes a number above 0, not "${given(wrong)}".`, exitCode: 2 }
  const size = (name: Size): number => Number(given(name) ?? sizes[name])
  return {
    options: {
      only,
      seconds: size('seconds'),
      rounds: size('rounds'),
      warmUp: size('warm-up'),
      events: size('events'),
      connections: size('connections'),
      backlog: size('backlog'),
      forwarded: size('forwarded'),
      starts: size('starts'),
      logLevel: given('log-level') ?? 'error',
      folder: given('folder') ?? tmpdir(),
      jsonFile: given('json') ?? null,
    },
  }
}

function helpText(scenarios: readonly { name: string; title: string }[]): string {
  return `npm run bench -- [options]

  --only NAME[,NAME]   only these scenarios
  --quick              small sizes and one round: a look in about a minute, not for publishing
  --seconds N          of one measurement (default ${FULL.seconds})
  --rounds N           how often floor and gateway take turns; medians are shown (default ${FULL.rounds})
  --warm-up N          requests before the first measurement (default ${FULL['warm-up']})
  --events N           stored events of the filled database (default ${FULL.events})
  --connections N      connections of the filled database (default ${FULL.connections})
  --backlog N          pending deliveries of the backlog (default ${FULL.backlog})
  --forwarded N        events of one round end to end (default ${FULL.forwarded})
  --starts N           starts of the program (default ${FULL.starts})
  --log-level LEVEL    of the gateway's journal (default error; info writes a line for every request)
  --folder DIR         where the databases are made (default: the system's temporary folder)
  --json FILE          also write every figure to FILE

Ends with 1 when an event was lost, an answer was not the expected one, or a scenario failed.

Scenarios:
${scenarios.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}`
}
