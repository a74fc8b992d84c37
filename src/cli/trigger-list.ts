/** `postern trigger --list`: the examples that can be sent, of one provider or of all. */
import { GatewayError } from '../domain/errors.ts'
import { suggest } from '../domain/suggestion.ts'
import type { CompiledSpec } from '../spec/compiled-spec.ts'
import { isAccepted, slugOf } from './examples.ts'
import { readConfig } from './find-gateway.ts'
import type { CliIo } from './io.ts'
import { readSpecs } from './local-settings.ts'
import { EXIT, type ExitCode } from './report-error.ts'
import { formatTable } from './table.ts'
import type { TriggerOptions } from './trigger.ts'

export async function listExamples(wanted: string | undefined, options: TriggerOptions, io: CliIo): Promise<ExitCode> {
  const { specs } = readSpecs(readConfig(options, io).config)
  const provider = wanted?.split('/', 1)[0]
  const chosen = provider === undefined ? [...specs.values()] : [needSpec(specs, provider)]
  const examples = chosen.flatMap(({ provider, document }) =>
    document.examples.map((example) => ({
      example: `${provider}/${slugOf(example.name)}`,
      name: example.name,
      expected: isAccepted(example) ? (example.expect.handshake === undefined ? 'accepted' : 'handshake') : 'refused',
      connections: (example.given?.connections ?? []).length,
    })),
  )
  if (options.json === true) io.out(JSON.stringify({ examples }, null, 2))
  else {
    const columns = [
      { title: 'EXAMPLE', cell: (row: (typeof examples)[number]) => row.example },
      { title: 'EXPECTED', cell: (row: (typeof examples)[number]) => row.expected },
      { title: 'CONNECTIONS', cell: (row: (typeof examples)[number]) => row.connections, align: 'right' },
    ] as const
    io.out(formatTable(columns, examples, { color: io.color }))
  }
  return EXIT.ok
}

/** Throws `provider_unknown` with a suggestion. */
export function needSpec(specs: ReadonlyMap<string, CompiledSpec>, provider: string): CompiledSpec {
  const spec = specs.get(provider)
  if (spec !== undefined) return spec
  throw new GatewayError({
    code: 'provider_unknown',
    message: `There is no spec of a provider "${provider}".`,
    hint: suggest(provider, specs.keys()) ?? 'See all examples with: postern trigger --list',
    details: { provider },
  })
}
