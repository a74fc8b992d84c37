import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { curlText } from '../../src/cli/curl-text.ts'
import { HeaderList } from '../../src/domain/request.ts'

/** What a POSIX shell would hand to curl: its arguments, and what stands on its standard input. */
function asShellReadsIt(text: string): { args: string[]; stdin: Buffer } {
  const script = `curl() { for one in "$@"; do printf '%s\\0' "$one"; done; printf '\\1'; case "$*" in *@-*) cat;; esac; }\n${text}`
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script])
  expect(stderr.toString()).toBe('')
  const end = stdout.indexOf(1)
  return { args: stdout.subarray(0, end).toString().split('\0').slice(0, -1), stdin: stdout.subarray(end + 1) }
}

function request(rawBody: Buffer, headers: Record<string, string> = {}, method = 'POST') {
  return { method, url: 'https://unused', headers: HeaderList.from(headers), rawBody }
}

test('can be pasted into a shell, whatever quotes, dollars and line ends it holds', () => {
  const body = `{"text":"it's $HOME \`id\` \\n \\"x\\""}\nend`
  const { args } = asShellReadsIt(
    curlText(
      request(Buffer.from(body), { 'content-type': 'application/json', 'x-note': "don't" }),
      'http://h/w?a=1&b=2',
    ),
  )
  const line = '-i -X POST http://h/w?a=1&b=2 -H content-type:_application/json -H'.split(' ')
  expect(args).toEqual([...line.map((word) => word.replace('_', ' ')), "x-note: don't", '--data-binary', body])
})

test('hands over bytes that no shell word can hold, exactly', () => {
  const bytes = Buffer.from([0, 255, 10, 39])
  const { args, stdin } = asShellReadsIt(curlText(request(bytes), 'http://h/'))
  expect(args.slice(-2)).toEqual(['--data-binary', '@-'])
  expect(stdin).toEqual(bytes)
})

test('keeps curl from reading a file for a body that begins with @', () => {
  const { args, stdin } = asShellReadsIt(curlText(request(Buffer.from('@/etc/passwd')), 'http://h/'))
  expect(args.slice(-2)).toEqual(['--data-binary', '@-'])
  expect(stdin.toString()).toBe('@/etc/passwd')
})

test('sends no content type where the provider sends none, and no body where there is none', () => {
  expect(curlText(request(Buffer.from('x')), 'http://h/')).toContain("-H 'content-type:'")
  expect(curlText(request(Buffer.alloc(0), {}, 'GET'), 'http://h/')).toBe("curl -i -X GET 'http://h/'")
  expect(curlText(request(Buffer.alloc(0), {}, 'HEAD'), 'http://h/')).toBe("curl -i --head 'http://h/'")
})
