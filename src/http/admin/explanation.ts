/** `/api/v1/requests/{id}/explanation`: the decision on a stored request, alternative by alternative, and the likely mistake. */
import type { Router } from '@koa/router'
import { GatewayError } from '../../domain/errors.ts'
import type { RequestId } from '../../domain/ids.ts'
import type { HttpDependencies } from '../dependencies.ts'
import { instant } from './log-shape.ts'

export function addExplanationRoute(router: Router, { explain }: Pick<HttpDependencies, 'explain'>): void {
  router.get('/api/v1/requests/:id/explanation', async (ctx) => {
    const { id } = ctx.params as { id: string }
    const explanation = await explain(id as RequestId)
    if (explanation === null) {
      throw new GatewayError({
        code: 'request_unknown',
        message: `There is no request "${id.slice(0, 100)}".`,
        hint: 'List them at GET /api/v1/requests.',
      })
    }
    const { request, diagnosis, remarks } = explanation
    const verification = diagnosis?.verification
    ctx.body = {
      request_id: request.id,
      received_at: instant(request.receivedAt),
      outcome: request.outcome,
      refusal: request.refusal,
      verified: verification?.kind === 'accepted',
      scheme: verification?.scheme ?? request.scheme,
      code: verification?.kind === 'refused' ? verification.code : null,
      detail: verification?.kind === 'refused' ? verification.detail : null,
      clock_skew_ms: verification?.clockSkewMs ?? request.clockSkewMs,
      secret: verification?.kind === 'accepted' ? (verification.secret ?? null) : null,
      configured_secrets: diagnosis?.secrets ?? [],
      alternatives: diagnosis?.alternatives ?? [],
      likely_mistake: diagnosis?.mistake ?? null,
      remarks,
    }
  })
}
