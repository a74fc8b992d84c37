/**
 * Specs that stand in a page: every fenced block of YAML that begins with `provider:`. They are looked at like files of their own, and
 * what is found is told with the lines of the page.
 */
import type { Finding } from '../../domain/finding.ts'
import type { ExpressionCompiler } from '../../verify/verifier.ts'
import { checkSpecText } from './check-spec.ts'

interface Block {
  readonly text: string
  /** Lines of the page before its first. */
  readonly lines: number
  /** Characters that stand before each of its lines, as in a list. */
  readonly indent: number
}

/** The findings of all specs in the page; `name` is how the page is called. */
export function lintMarkdown(markdown: string, name: string, compileExpression: ExpressionCompiler): Finding[] {
  return specBlocks(markdown).flatMap(({ text, lines, indent }) =>
    checkSpecText(text, name, compileExpression)
      // A block has no file that could be named after its provider.
      .findings.filter((finding) => finding.code !== 'spec_misnamed_file')
      .map((finding) => ({ ...finding, line: finding.line + lines, column: finding.column + indent })),
  )
}

/** CommonMark §4.5: a fence of three or more backticks or tildes, closed by one of the same sort that is as long. */
const FENCE = /^( *)(`{3,}|~{3,}) *([^\s`{]*)/

function specBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.split(/\r?\n/)
  for (let at = 0; at < lines.length; at += 1) {
    const [, space = '', fence, language = ''] = FENCE.exec(lines[at]!) ?? []
    if (fence === undefined) continue
    const isEnd = (line: string): boolean => {
      const end = line.trim()
      return end.length >= fence.length && end === fence[0]!.repeat(end.length)
    }
    const first = at + 1
    at = first
    while (at < lines.length && !isEnd(lines[at]!)) at += 1
    const indent = space.length
    const own = lines.slice(first, at).map((line) => line.replace(new RegExp(`^ {0,${indent}}`), ''))
    const isSpec = own.find((line) => line.trim() !== '' && !line.startsWith('#'))?.startsWith('provider:') === true
    if (/^ya?ml$/i.test(language) && isSpec) blocks.push({ text: own.join('\n'), lines: first, indent })
  }
  return blocks
}
