/** Which of the configured secrets signs: the connection's own where the request belongs to one, the integration's otherwise. */
import type { Alternative } from '../../domain/provider-spec.gen.ts'
import { type FillTemplate, splitSecret } from '../key.ts'
import { isRefusal } from '../scheme.ts'
import { compileConnectionHint, fillerOf, keyTemplate } from '../secret-keys.ts'
import type { SignInput } from '../signer.ts'
import type { ExpressionCompiler } from '../verifier.ts'
import { extendView } from '../view.ts'

/** The text of one key; undefined when none is configured. `claims` are those of the token that is to be signed. */
export async function signingSecret(
  alternative: Alternative,
  input: SignInput,
  compileExpression: ExpressionCompiler,
  claims?: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const { secret: name } = alternative
  if (name === undefined) return undefined
  const { request } = input
  const view = claims === undefined ? input.viewOf(request) : extendView(input.viewOf(request), { claims })
  const hint = compileConnectionHint(alternative, compileExpression)
  const hinted = await hint?.(input, { request, view })
  const own =
    hinted === undefined || isRefusal(hinted) ? undefined : hinted.found.find(({ secrets }) => secrets.length > 0)
  const secret = own?.secrets[0] ?? input.secrets(name)[0]
  return secret === undefined ? undefined : splitSecret(secret.reveal(), alternative.key ?? {})[0]
}

export function fillerFor(alternative: Alternative, input: SignInput): FillTemplate | undefined {
  const template = keyTemplate(alternative, alternative.key ?? {})
  return template === undefined ? undefined : fillerOf(template, input, input.viewOf(input.request).options)
}
