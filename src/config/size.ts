/** Sizes as the configuration writes them: a whole number and a unit in powers of 1024, `512kb`, `5mb`. */
const UNIT_BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const

/** In bytes. Throws on anything else, which the schema has refused before. */
export function parseSize(text: string): number {
  const parts = /^([1-9][0-9]{0,8})(b|kb|mb|gb)$/.exec(text)
  if (parts === null) throw new RangeError(`"${text}" is not a size such as 512kb or 5mb`)
  return Number(parts[1]) * UNIT_BYTES[parts[2] as keyof typeof UNIT_BYTES]
}

/** The shortest exact form: 5242880 → `5mb`. */
export function formatSize(bytes: number): string {
  for (const unit of ['gb', 'mb', 'kb'] as const) {
    if (bytes >= UNIT_BYTES[unit] && bytes % UNIT_BYTES[unit] === 0) return `${bytes / UNIT_BYTES[unit]}${unit}`
  }
  return `${bytes}b`
}
