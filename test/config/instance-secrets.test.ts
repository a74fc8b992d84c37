import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openInstanceSecrets } from '../../src/config/instance-secrets.ts'
import { GatewayError } from '../../src/domain/errors.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-instance-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Bytes that differ from call to call, and are known. */
function countingBytes(): (size: number) => Buffer {
  let calls = 0
  return (size) => Buffer.alloc(size, (calls += 1))
}

function open(directory = join(folder, 'data')): ReturnType<typeof openInstanceSecrets> {
  return openInstanceSecrets({ directory, randomBytes: countingBytes() })
}

function errorOf(act: () => unknown): GatewayError {
  try {
    act()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('makes the directory and the file, readable for nobody else', () => {
  const { file, isNew, wasExposed, secrets } = open()
  expect({ isNew, wasExposed }).toEqual({ isNew: true, wasExposed: false })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
  expect(secrets.apiKey.reveal()).toMatch(/^pst_[A-Za-z0-9_-]{43}$/)
  expect(secrets.signingSecret.reveal()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(Buffer.from(secrets.signingSecret.reveal().slice(6), 'base64')).toHaveLength(32)
  expect(new Set(Object.values(secrets).map((secret) => secret.reveal())).size).toBe(4)
})

test('gives the same secrets again, whatever the source of randomness says now', () => {
  const before = open().secrets
  const after = openInstanceSecrets({ directory: join(folder, 'data'), randomBytes: (size) => Buffer.alloc(size, 99) })
  expect(after.isNew).toBe(false)
  expect(after.secrets.apiKey.reveal()).toBe(before.apiKey.reveal())
  expect(after.secrets.instanceKey.reveal()).toBe(before.instanceKey.reveal())
})

test('leaves no other file behind', () => {
  open()
  open()
  expect(readdirSync(join(folder, 'data'))).toEqual(['instance.json'])
})

test('takes the secrets of a process that was quicker', () => {
  const directory = join(folder, 'data')
  const quicker: { key?: string } = {}
  const slower = openInstanceSecrets({
    directory,
    randomBytes(size) {
      quicker.key ??= open(directory).secrets.apiKey.reveal()
      return Buffer.alloc(size, 99)
    },
  })
  expect(slower.isNew).toBe(false)
  expect(slower.secrets.apiKey.reveal()).toBe(quicker.key)
})

test('closes a file that others can read, and says so', () => {
  const { file } = open()
  chmodSync(file, 0o644)
  expect(open().wasExposed).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(open().wasExposed).toBe(false)
})

const damages = [
  { name: 'a file cut off in the middle', text: '{ "version": 1, "api_key": "pst_' },
  { name: 'an empty file', text: '' },
  { name: 'a file of another version', text: '{ "version": 2 }' },
  { name: 'a file that lacks a secret', text: '{ "version": 1, "api_key": "0123456789012345678901234567890123" }' },
  {
    name: 'a file whose secrets are too short',
    text: '{ "version": 1, "api_key": "x", "signing_secret": "x", "encryption_key": "x", "instance_key": "x" }',
  },
  { name: 'a list', text: '[]' },
]
for (const { name, text } of damages) {
  test(`refuses ${name} instead of making new secrets over it`, () => {
    const file = open().file
    writeFileSync(file, text)
    const error = errorOf(() => open())
    expect(error.code).toBe('config_unreadable')
    expect(error.hint).toContain('backup')
    expect(readFileSync(file, 'utf8')).toBe(text)
  })
}

test('says what to do where the directory cannot be made', () => {
  writeFileSync(join(folder, 'in-the-way'), '')
  const error = errorOf(() => open(join(folder, 'in-the-way', 'data')))
  expect(error.code).toBe('config_unreadable')
  expect(error.hint).toContain('POSTERN_DATA_DIR')
  expect(existsSync(join(folder, 'data'))).toBe(false)
})
