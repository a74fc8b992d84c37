/** A request as a `curl` command line that can be pasted into a POSIX shell. */
import type { InboundRequest } from '../domain/request.ts'

export function curlText(request: InboundRequest, url: string): string {
  const text = textOf(request.rawBody)
  const options = [...request.headers.pairs()].map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`)
  // curl adds a content type of its own to a body; a header without value takes it out.
  if (request.rawBody.length > 0 && !request.headers.has('content-type')) options.push(`-H 'content-type:'`)
  if (request.rawBody.length > 0) options.push(`--data-binary ${text === null ? '@-' : quote(text)}`)
  const method = request.method === 'HEAD' ? '--head' : `-X ${request.method}`
  const command = [`curl -i ${method} ${quote(url)}`, ...options].join(' \\\n  ')
  return text === null ? `echo ${Buffer.from(request.rawBody).toString('base64')} | base64 -d | ${command}` : command
}

/** Null for bytes that no shell word can hold; a leading `@` would be taken for a file name. */
function textOf(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('utf8')
  const isExact = Buffer.from(text, 'utf8').equals(bytes) && !text.includes('\0') && !text.startsWith('@')
  return isExact ? text : null
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
