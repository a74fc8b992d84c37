/** From the start of the process to /readyz, and what it keeps in memory when nothing happens. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Bench, Scenario } from '../bench.ts'
import { startGateway } from '../gateway.ts'
import { readMemory } from '../process-usage.ts'
import { median } from '../statistics.ts'

const SPECS = fileURLToPath(new URL('../../specs', import.meta.url))
/** Long enough for the garbage of the start to be collected, as far as it will be. */
const IDLE_SECONDS = 2

export const startUp: Scenario = {
  name: 'start-up',
  title: 'process start to ready with all specs at hand; memory before any request',
  async run(bench) {
    const plain = await startTimes(bench, undefined)
    tell(bench, 'two integrations', plain)
    const { text, count } = everyProvider()
    tell(bench, `an integration for each of ${count} providers`, await startTimes(bench, text))
    bench.report.target('ready within 1 s', plain.readyMs <= 1_000)
    if (plain.idleMb !== null) bench.report.target('idle memory at most 120 MB', plain.idleMb <= 120)
  },
}

interface Start {
  readonly readyMs: number
  readonly idleMb: number | null
}

async function startTimes({ options }: Bench, integrations: string | undefined): Promise<Start> {
  const times: number[] = []
  const resident: number[] = []
  for (let start = 0; start < options.starts; start += 1) {
    const gateway = await startGateway({ options, ...(integrations === undefined ? {} : { integrations }) })
    times.push(gateway.readyAfterMs)
    if (start === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * Math.min(IDLE_SECONDS, options.seconds)))
      const memory = readMemory(gateway.pid)
      if (memory !== null) resident.push(memory.nowMb)
    }
    await gateway.stop()
  }
  return { readyMs: median(times), idleMb: resident[0] ?? null }
}

function tell({ options, report }: Bench, name: string, { readyMs, idleMb }: Start): void {
  const idle = idleMb === null ? '' : `, ${idleMb.toFixed(0)} MB resident when idle`
  report.noted(name, `ready after ${readyMs.toFixed(0)} ms (median of ${options.starts})${idle}`, {
    ready_ms: readyMs,
    idle_mb: idleMb,
  })
}

/** Without secrets, which is a warning; with a made-up value for each option that must be given. */
function everyProvider(): { text: string; count: number } {
  const files = readdirSync(SPECS).filter((name) => name.endsWith('.yaml'))
  const lines = files.map((name) => {
    const { provider, options = {} } = parse(readFileSync(`${SPECS}/${name}`, 'utf8')) as {
      provider: string
      options?: Record<string, { required?: boolean }>
    }
    const needed = Object.keys(options).filter((option) => options[option]?.required === true)
    const given = needed.map((option) => `${option}: bench`).join(', ')
    return `  ${provider}: { provider: ${provider}, forward: []${given === '' ? '' : `, options: { ${given} }`} }\n`
  })
  return { text: lines.join(''), count: files.length }
}
