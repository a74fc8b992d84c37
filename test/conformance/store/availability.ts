import { afterEach, beforeEach, expect, test } from 'vitest'
import { given, NOW } from './given.ts'
import type { OpenedStore, OpenStore } from './opened-store.ts'

export function checkIsHonest(open: OpenStore): void {
  let opened: OpenedStore
  beforeEach(async () => {
    opened = await open({ maxPendingBytes: 1_000_000 })
  })
  afterEach(() => opened.dispose())

  test('says that a write would succeed, and after the close that none does', async () => {
    expect(await opened.store.check()).toEqual({ ok: true })
    await opened.store.close()
    expect(await opened.store.check()).toMatchObject({ ok: false })
  })

  test('commits what is under way before it closes, and takes nothing after', async () => {
    const { acceptance } = given()
    const accepted = Array.from({ length: 50 }, () => acceptance())
    const stored = accepted.map((one) => opened.store.acceptRequest(one))
    await opened.store.close()
    await Promise.all(stored)
    await expect(opened.store.acceptRequest(acceptance())).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(opened.store.getRequest(accepted[0]!.request.id)).rejects.toMatchObject({ code: 'store_unavailable' })
    opened = await opened.reopen()
    for (const { request } of accepted) expect(await opened.store.getRequest(request.id)).not.toBeNull()
  })

  test('refuses at once what would exceed the bound of waiting bytes, and stores what it took', async () => {
    const { acceptance } = given()
    const accepted = Array.from({ length: 10 }, () => acceptance({ body: 'x'.repeat(300_000) }))
    const results = await Promise.allSettled(accepted.map((one) => opened.store.acceptRequest(one)))
    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBe(7)
    for (const [at, result] of results.entries()) {
      const kept = await opened.store.getRequest(accepted[at]!.request.id)
      if (result.status === 'fulfilled') expect(kept).not.toBeNull()
      else {
        expect(kept).toBeNull()
        expect(result.reason).toMatchObject({ code: 'store_overloaded' })
      }
    }
    await opened.store.acceptRequest(acceptance({ body: 'x'.repeat(300_000) }))
  })

  test('takes a request larger than the bound when nothing else waits', async () => {
    const accepted = given().acceptance({ body: 'x'.repeat(2_000_000) })
    await opened.store.acceptRequest(accepted)
    expect(await opened.store.getRequest(accepted.request.id)).toMatchObject({ bodyBytes: 2_000_000 })
  })

  test('drops refusals and handshakes before it refuses requests', async () => {
    const { acceptance, request } = given()
    const stored = opened.store.acceptRequest(acceptance({ body: 'x'.repeat(600_000) }))
    const cause = { code: 'signature_missing' as const, scheme: null, detail: '', clockSkewMs: null }
    const refused = request()
    const shaken = request()
    opened.store.recordRefusal({ request: refused, ...cause })
    opened.store.recordHandshake({ request: shaken, name: 'challenge' })
    await Promise.all([stored, opened.store.acceptRequest(acceptance())])
    expect(await opened.store.getRequest(refused.id)).toBeNull()
    expect(await opened.store.getRequest(shaken.id)).toBeNull()
    const later = request()
    opened.store.recordRefusal({ request: later, ...cause })
    await opened.store.acceptRequest(acceptance({ receivedAt: NOW }))
    expect(await opened.store.getRequest(later.id)).not.toBeNull()
  })
}
