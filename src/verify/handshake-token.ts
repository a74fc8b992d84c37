/** The token that some handshakes bring along to show that they come from the provider: a place, and one comparison. */
import { andThen, type MaybePromise, type RequestView } from '../domain/expression.ts'
import type { InboundRequest } from '../domain/request.ts'
import type { Secret } from '../domain/secret.ts'
import { isSameText } from './compare.ts'
import { compilePlace, type Place } from './place.ts'
import { isRefusal } from './scheme.ts'
import type { ExpressionCompiler } from './verifier.ts'

/** Whether the token in the request is one of these secrets; `absent` when there is none. A token sent twice is wrong. */
export type TokenCheck = (
  context: { readonly request: InboundRequest; readonly view: RequestView },
  secrets: readonly Secret[],
) => MaybePromise<boolean | 'absent'>

/** Undefined unless the clause names exactly one place. */
export function compileTokenCheck(clause: Place, compileExpression: ExpressionCompiler): TokenCheck | undefined {
  const locate = compilePlace(clause, compileExpression)
  if (locate === undefined) return undefined
  return (context, secrets) =>
    andThen(locate(context), (located): boolean | 'absent' => {
      if (located === undefined) return 'absent'
      if (isRefusal(located) || located.length !== 1) return false
      let isRight = false
      for (const secret of secrets) {
        const text = secret.reveal()
        if (text !== '' && isSameText(located[0]!, text)) isRight = true
      }
      return isRight
    })
}
