/**
 * `postern completion`: a static script for the shell, written from the command tree itself, so that it can be saved where the shell
 * looks for it and completes without starting Node. It knows commands and options; values are left to the shell's own file names.
 */
import { Argument, type Command } from 'commander'
import { type CommandContext, type DefineCommand, addExamples, addJsonOption } from './command.ts'
import { buildProgram } from './program.ts'
import { EXIT, type ExitCode } from './report-error.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/** One place of the tree: `''` is the program, `/connections/add` a command below another. */
interface Place {
  readonly path: string
  readonly commands: readonly Word[]
  readonly options: readonly (Word & { readonly short: string | null; readonly takesValue: boolean })[]
}

interface Word {
  readonly text: string
  readonly description: string
}

export const defineCompletion: DefineCommand = (command, context) => {
  command.addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
  addJsonOption(command)
  command.action(context.run((shell: Shell, options: { json?: boolean }) => printCompletion(shell, options, context)))
  addExamples(command, [
    'source <(postern completion bash)',
    'postern completion zsh > "${fpath[1]}/_postern"',
    'postern completion fish > ~/.config/fish/completions/postern.fish',
  ])
}

async function printCompletion(shell: Shell, options: { json?: boolean }, context: CommandContext): Promise<ExitCode> {
  const places = placesOf(await buildProgram(context, 'all'), '')
  const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places)
  context.io.out(options.json === true ? JSON.stringify({ shell, script }, null, 2) : script)
  return EXIT.ok
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp()
  const below = help.visibleCommands(command)
  const place: Place = {
    path,
    commands: below.map((one) => ({ text: one.name(), description: one.description() })),
    options: help.visibleOptions(command).map((option) => ({
      text: option.long ?? option.flags,
      short: option.short ?? null,
      description: option.description,
      takesValue: option.required || option.optional,
    })),
  }
  const isReal = (one: Command): boolean => command.commands.includes(one) // `help` is commander's own and has no place
  return [place, ...below.filter(isReal).flatMap((one) => placesOf(one, `${path}/${one.name()}`))]
}

function bashScript(places: readonly Place[]): string {
  const cases = places.map(
    ({ path, commands, options }) =>
      `    '${path}') words='${[...commands, ...options].map((word) => word.text).join(' ')}' ;;`,
  )
  return `# bash completion of postern; load it with: source <(postern completion bash)
_postern() {
  local current=\${COMP_WORDS[COMP_CWORD]} at='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at/$word" in
      ${pathsBelow(places).join('|')}) at="$at/$word" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _postern postern`
}

function zshScript(places: readonly Place[]): string {
  const list = (words: readonly Word[]): string =>
    words.map((word) => quote(`${word.text}:${word.description}`)).join(' ')
  const cases = places.map(
    ({ path, commands, options }) => `    ('${path}') commands=(${list(commands)}); options=(${list(options)}) ;;`,
  )
  return `#compdef postern
_postern() {
  local at='' word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      (${pathsBelow(places).join('|')}) at="$at/$word" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then _describe -o option options; else _describe command commands || _files; fi
}
if [[ $funcstack[1] == _postern ]]; then _postern "$@"; else compdef _postern postern; fi`
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => [
    ...commands.map(
      (word) =>
        `complete -c postern -f -n "__postern_at '${path}'" -a ${word.text} -d ${quote(word.description, '\\')}`,
    ),
    ...options.map(({ text, short, description, takesValue }) => {
      const names = `-l ${text.replace(/^--/, '')}${short === null ? '' : ` -s ${short.slice(1)}`}`
      return `complete -c postern -n "__postern_at '${path}'" ${names}${takesValue ? ' -r' : ''} -d ${quote(description, '\\')}`
    }),
  ])
  return `# fish completion of postern
function __postern_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
      case ${pathsBelow(places).join(' ')}
        set at "$at/$word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}`
}

function pathsBelow(places: readonly Place[]): string[] {
  return places.map((place) => place.path).filter((path) => path !== '')
}

/** In single quotes: POSIX shells leave and enter them again, fish escapes within. */
function quote(text: string, escape: '' | '\\' = ''): string {
  return escape === ''
    ? `'${text.replaceAll("'", `'\\''`)}'`
    : `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
