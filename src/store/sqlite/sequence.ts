/**
 * How rows are numbered. Requests count up in order of commit; the children of a request (its events, its deliveries) stand in
 * the range of 2^20 numbers that belongs to it. 2^33 requests fit into the integers a double holds exactly: 15,000 a second for
 * 18 years.
 */
import { GatewayError } from '../../domain/errors.ts'

export const CHILDREN_PER_REQUEST = 2 ** 20

export function firstChild(requestSeq: number): number {
  return requestSeq * CHILDREN_PER_REQUEST
}

export function requestOf(childSeq: number): number {
  return Math.floor(childSeq / CHILDREN_PER_REQUEST)
}

/** Refuses a request with more children than numbers. */
export function assertChildrenFit(requestId: string, count: number): void {
  if (count <= CHILDREN_PER_REQUEST) return
  throw new GatewayError({
    code: 'body_too_large',
    message: `Request ${requestId} carries ${count} events or deliveries; ${CHILDREN_PER_REQUEST} of one request can be stored`,
    hint: 'Lower "server.max_body", so that such a batch is refused before it is read.',
  })
}
