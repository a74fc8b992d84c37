/** How `postern test` and `postern lint` are written on the command line; what they do is in `test.ts` and `lint.ts`. */
import { type DefineCommand, addExamples, addJsonOption } from './command.ts'
import type { LintOptions } from './lint.ts'
import type { TestOptions } from './test.ts'

const PATHS = 'files or folders of specs (./specs, or the built-in ones)'

export const defineTest: DefineCommand = (command, { io, run }) => {
  command.argument('[paths...]', PATHS)
  command.option('-t, --name <text>', 'only examples whose name contains this')
  command.option('--junit <file>', 'also write a JUnit report')
  addJsonOption(command)
  command.action(
    run(async (paths: string[], options: TestOptions) => (await import('./test.ts')).testCommand(paths, options, io)),
  )
  addExamples(command, [
    'postern test',
    'postern test ./my-specs --junit report.xml',
    'postern test specs/github.yaml -t push',
  ])
}

export const defineLint: DefineCommand = (command, { io, run }) => {
  command.argument('[paths...]', PATHS)
  addJsonOption(command)
  command.action(
    run(async (paths: string[], options: LintOptions) => (await import('./lint.ts')).lintCommand(paths, options, io)),
  )
  addExamples(command, ['postern lint', 'postern lint ./my-specs/acme.yaml --json'])
}
