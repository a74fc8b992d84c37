import { expect, test } from 'vitest'
import { formatSize, parseSize } from '../../src/config/size.ts'

const sizes = [
  { text: '1b', bytes: 1 },
  { text: '512kb', bytes: 524_288 },
  { text: '5mb', bytes: 5_242_880 },
  { text: '2gb', bytes: 2_147_483_648 },
]
for (const { text, bytes } of sizes) {
  test(`${text} is ${bytes} bytes, and back`, () => {
    expect(parseSize(text)).toBe(bytes)
    expect(formatSize(bytes)).toBe(text)
  })
}

for (const text of ['', '5', '5 mb', '5MB', '0mb', '-1mb', '1.5mb', '5tb']) {
  test(`"${text}" is no size`, () => expect(() => parseSize(text)).toThrow(RangeError))
}
