/** How `postern test` and `postern lint` are written on the command line; what they do is in `test.ts` and `lint.ts`. */
import { type DefineCommand, addExamples, addJsonOption } from './command.ts'
import type { LintOptions } from './lint.ts'
import type { TestOptions } from './test.ts'

const PATHS = 'files or folders of specs (./specs, or the built-in ones)'

export const defineTest: DefineCommand = (command, { io, run }) => {
  command.argument('[paths...]', PATHS)
  command.option('-t, --name <text>', 'only examples whose name contains this')
  command.option('--no-attacks', 'run the examples only, without the attacks made of them')
  command.option('--coverage', 'also say which clauses no example reaches')
  command.option('--watch', 'run again whenever a spec changes')
  command.option('--junit <file>', 'also write a JUnit report')
  addJsonOption(command)
  command.action(
    run(async (paths: string[], options: TestOptions) => (await import('./test.ts')).testCommand(paths, options, io)),
  )
  addExamples(command, [
    'postern test',
    'postern test ./my-specs --junit report.xml',
    'postern test specs/github.yaml -t push --watch',
    'postern test --coverage --no-attacks',
  ])
}

export const defineLint: DefineCommand = (command, { io, run }) => {
  command.argument(
    '[paths...]',
    'files or folders of specs, configurations, pages of Markdown (./specs, or the built-in ones, and postern.yaml)',
  )
  addJsonOption(command)
  command.action(
    run(async (paths: string[], options: LintOptions) => (await import('./lint.ts')).lintCommand(paths, options, io)),
  )
  addExamples(command, [
    'postern lint',
    'postern lint ./my-specs/acme.yaml --json',
    'postern lint postern.yaml README.md',
  ])
}
