/**
 * `npm run bench`: what the gateway does on this machine, beside what a bare server does on it in the same minutes. Absolute numbers
 * belong to the machine; ratios and CPU time are what to compare. `npm run bench -- --help` lists the scenarios.
 */
import { writeFileSync } from 'node:fs'
import { type Bench, startFloor } from './bench.ts'
import { startLoad } from './load-client.ts'
import { describeMachine, readStolenTime } from './machine.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { Report } from './report.ts'
import { SCENARIOS } from './scenarios/catalog.ts'

const reading = readOptions(process.argv.slice(2), SCENARIOS)
if ('text' in reading) {
  console.log(reading.text)
  process.exitCode = reading.exitCode
} else {
  process.once('SIGINT', () => process.exit(130)) // what it started ends with it
  process.exitCode = await runBench(reading.options)
}

async function runBench(options: BenchOptions): Promise<number> {
  const machine = describeMachine(options.folder)
  for (const [name, text] of Object.entries(machine)) console.log(`${name.padEnd(10)} ${text}`)
  console.log(
    `${'load'.padEnd(10)} one Node process on the same cores; ${options.seconds} s a measurement, ${options.rounds} rounds in turn, medians`,
  )
  console.log(`${'gateway'.padEnd(10)} default configuration, journal at level ${options.logLevel}`)
  const report = new Report(console.log)
  const before = readStolenTime()
  const load = startLoad()
  const floor = await startFloor()
  const bench: Bench = { options, load, floor, report }
  try {
    for (const scenario of SCENARIOS) {
      if (options.only !== null && !options.only.includes(scenario.name)) continue
      report.begin(scenario)
      try {
        await scenario.run(bench)
      } catch (error) {
        report.failure((error as Error).stack ?? String(error))
      }
    }
  } finally {
    await Promise.all([load.stop(), floor.stop()])
  }
  const after = readStolenTime()
  if (before !== null && after !== null) {
    const share = (after.stolen - before.stolen) / Math.max(1, after.all - before.all)
    console.log(`\nstolen by the hypervisor during the run: ${(share * 100).toFixed(1)} % of CPU time`)
  }
  if (options.jsonFile !== null)
    writeFileSync(options.jsonFile, `${JSON.stringify(report.document(machine, options), null, 2)}\n`)
  const missed = report.targets.filter(({ isMet }) => !isMet)
  console.log(`targets: ${report.targets.length - missed.length} met, ${missed.length} missed`)
  for (const failure of report.failures) console.log(`FAILED: ${failure}`)
  console.log(report.failures.length === 0 ? 'all accounted for' : `${report.failures.length} failures`)
  return report.failures.length === 0 ? 0 : 1
}
