/**
 * The printer of lists and of single records: columns as wide as their widest cell, nothing drawn around them, so that the lines
 * can be read by people and cut by `awk`. Widths count code points.
 */
import { styleText } from 'node:util'
import { oneLine } from './printable.ts'

export interface Column<Row> {
  readonly title: string
  /** What is missing prints as `-`. */
  readonly cell: (row: Row) => unknown
  readonly align?: 'left' | 'right'
  /** Longer text is cut and ends in `…`. */
  readonly maxWidth?: number
}

/** The rows under a line of titles, as one text without a line end. */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { color: boolean },
): string {
  const titles = columns.map((column) => column.title)
  const cells = rows.map((row) => columns.map((column) => cut(oneLine(column.cell(row)), column.maxWidth)))
  const widths = columns.map((_, at) => Math.max(widthOf(titles[at]!), ...cells.map((line) => widthOf(line[at]!))))
  const format = (line: readonly string[]): string =>
    line
      .map((text, at) => {
        const room = ' '.repeat(widths[at]! - widthOf(text))
        return columns[at]!.align === 'right' ? room + text : text + room
      })
      .join('  ')
      .trimEnd()
  const head = format(titles)
  return [options.color ? styleText('bold', head, { validateStream: false }) : head, ...cells.map(format)].join('\n')
}

/** One `name  value` per line, the values below each other. */
export function formatFacts(facts: readonly (readonly [name: string, value: unknown])[]): string {
  const width = Math.max(0, ...facts.map(([name]) => widthOf(name)))
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value)}`.trimEnd()).join('\n')
}

function cut(text: string, maxWidth: number | undefined): string {
  if (maxWidth === undefined || widthOf(text) <= maxWidth) return text
  return `${Array.from(text)
    .slice(0, maxWidth - 1)
    .join('')}…`
}

function widthOf(text: string): number {
  return Array.from(text).length
}
