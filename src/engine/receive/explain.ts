/**
 * Explains a stored request with the configuration in force: the decision it got then, and what verification says of it now, as at the
 * time it was received. What was masked or stripped before it was stored cannot be verified again, and the explanation says so.
 */
import type { RequestId } from '../../domain/ids.ts'
import { HeaderList, type InboundRequest } from '../../domain/request.ts'
import type { ExpressionCompiler, KeySets } from '../../verify/verifier.ts'
import type { LoggedRequestDetail, LogReader } from '../ports.ts'
import type { SettingsSource } from '../settings.ts'
import { type Diagnosis, diagnose } from './diagnose.ts'
import { MASK } from './redact.ts'

export interface Explanation {
  readonly request: LoggedRequestDetail
  /** Null where the integration is no longer configured. */
  readonly diagnosis: Diagnosis | null
  /** Why the diagnosis may differ from the decision then. */
  readonly remarks: readonly string[]
}

export type ExplainRequest = (id: RequestId) => Promise<Explanation | null>

export function createExplain(deps: {
  readonly log: Pick<LogReader, 'getRequest'>
  readonly settings: SettingsSource
  readonly keySets: KeySets
  readonly compileExpression: ExpressionCompiler
}): ExplainRequest {
  return async (id) => {
    const request = await deps.log.getRequest(id)
    if (request === null) return null
    const { integrations, publicUrl } = deps.settings.current()
    const integration = integrations.get(request.integration)
    if (integration === undefined) {
      return {
        request,
        diagnosis: null,
        remarks: [`The integration "${request.integration}" is no longer configured.`],
      }
    }
    const remarks: string[] = []
    const masked = Object.entries(request.headers).flatMap(([name, value]) => (value === MASK ? [name] : []))
    if (masked.length > 0)
      remarks.push(
        `Not kept, because they are credentials: ${masked.join(', ')}. Schemes that read them cannot be checked again.`,
      )
    if (integration.spec.strip.length > 0)
      remarks.push(
        'Members that the spec calls secret were removed from the body, so a signature over the body may not hold any more.',
      )
    if (request.target.includes(MASK)) remarks.push('The ingress token was removed from the URL.')
    const inbound: InboundRequest = {
      method: request.method,
      url: `${publicUrl ?? `http://${request.headers['host'] ?? 'localhost'}`}${request.target}`,
      headers: HeaderList.from(request.headers),
      rawBody: request.body,
    }
    const diagnosis = await diagnose({
      integration,
      request: inbound,
      now: request.receivedAt,
      keySets: deps.keySets,
      compileExpression: deps.compileExpression,
    })
    return { request, diagnosis, remarks }
  }
}
