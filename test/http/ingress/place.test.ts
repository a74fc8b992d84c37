import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { Router } from '@koa/router'
import fc from 'fast-check'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readIngressPlace } from '../../../src/http/ingress/place.ts'

const places = [
  { target: '/webhook/shop', place: { integration: 'shop' } },
  { target: '/webhook/shop/s3cret', place: { integration: 'shop', token: 's3cret' } },
  { target: '/webhook/Shop-1.eu_x~/t.-_~?a=%20&b=?/"', place: { integration: 'Shop-1.eu_x~', token: 't.-_~' } },
  { target: '/webhook/shop?', place: { integration: 'shop' } },
  { target: '/webhook/..', place: { integration: '..' } },
]
for (const { target, place } of places) {
  test(`reads ${target}`, () => expect(readIngressPlace(target)).toEqual({ token: undefined, ...place }))
}

const left = [
  '/',
  '/webhook',
  '/webhook/',
  '/webhook//',
  '/webhook/shop/',
  '/webhook/shop/token/',
  '/webhook/shop/token/more',
  '/webhook/s%68op',
  '/webhook/shop;x',
  '/webhook/shop#x',
  '/webhook/shop?x#y',
  '/webhook/shöp',
  '/webhook/shop?\u00a0',
  '/Webhook/shop',
  '//webhook/shop',
  'http://hooks.example/webhook/shop',
  '*',
]
for (const target of left) {
  test(`leaves ${target} to the router`, () => expect(readIngressPlace(target)).toBeNull())
}

describe('beside the router', () => {
  const seen: unknown[] = []
  const router = new Router()
  router.all('/webhook/:integration{/:token}', (ctx) => {
    seen.push({ ...ctx.params })
    ctx.body = ''
  })
  const app = new Koa().use(router.routes())
  const handle = app.callback()
  const server = createServer((request, response) => void handle(request, response))
  let port = 0
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  /** What the router makes of the targets; undefined of one that it does not take. */
  async function routed(targets: readonly string[]): Promise<unknown[]> {
    const results: unknown[] = []
    for (const target of targets) {
      seen.length = 0
      const socket = connect({ host: '127.0.0.1', port })
      socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      socket.resume()
      await new Promise((resolve) => socket.on('close', resolve))
      results.push(seen[0])
    }
    return results
  }

  test('whatever it reads the router reads alike', async () => {
    const piece = fc.constantFrom(
      'webhook',
      'shop',
      '/',
      '?',
      '.',
      '..',
      '%',
      '%41',
      '-',
      '~',
      '_',
      '&',
      '=',
      'é',
      '#',
      ';',
    )
    const target = fc
      .array(piece, { maxLength: 6 })
      .map((pieces) => encodeURI(`/webhook/shop${pieces.join('')}`).replaceAll('%25', '%'))
    const targets = fc.sample(target, 400)
    const taken = targets.filter((one) => readIngressPlace(one) !== null)
    expect(taken.length).toBeGreaterThan(20)
    const asRouted = await routed(taken)
    for (const [at, one] of taken.entries()) {
      const { integration, token } = readIngressPlace(one)!
      expect({ target: one, ...(asRouted[at] as object) }).toEqual({
        target: one,
        integration,
        ...(token === undefined ? {} : { token }),
      })
    }
  })
})
