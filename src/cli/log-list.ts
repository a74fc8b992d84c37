/** What the commands that read the gateway's log share: the filters all its lists know, and how a page of a list is printed. */
import type { Command } from 'commander'
import { type ApiAnswer, type JsonRecord, recordsIn } from './client.ts'
import {
  type ClientOptions,
  type PageOptions,
  addClientOptions,
  addConfigOption,
  addJsonOption,
  addPageOptions,
} from './command.ts'
import type { CliIo } from './io.ts'
import { prettyJson } from './pretty-json.ts'
import { oneLine } from './printable.ts'
import { type Column, formatTable } from './table.ts'
import { parseTime } from './time-text.ts'

export interface LogListOptions extends ClientOptions, PageOptions {
  readonly integration?: string
  readonly connection?: string
  readonly since?: string
  readonly until?: string
}

export function addLogListOptions(command: Command): Command {
  command
    .option('--integration <key>', 'only of this integration')
    .option('--connection <id>', 'only of this connection')
    .option('--since <time>', 'from this time on: 15m (that long ago), or 2026-03-02T10:00:00Z', parseTime)
    .option('--until <time>', 'before this time', parseTime)
  return addJsonOption(addClientOptions(addConfigOption(addPageOptions(command))))
}

/** The query parameters of these options. */
export function logQuery(options: LogListOptions): Record<string, string | number | undefined> {
  const { integration, connection, since, until, limit, cursor } = options
  return { integration, connection_id: connection, since, until, limit, cursor }
}

/** Prints one page: as a table, or with `--json` the gateway's own document. */
export function printPage(
  answer: ApiAnswer,
  page: { readonly name: string; readonly columns: readonly Column<JsonRecord>[] },
  options: { readonly json?: boolean },
  io: CliIo,
): void {
  if (options.json === true) {
    io.out(prettyJson(answer.text))
    return
  }
  const items = recordsIn(answer.document, page.name)
  if (items.length === 0) io.err(`No ${page.name} here.`)
  else io.out(formatTable(page.columns, items, { color: io.color }))
  const cursor = answer.document['next_cursor']
  if (typeof cursor === 'string') io.err(`There are more: --cursor ${oneLine(cursor)}`)
}
