/** The running gateway: whether it answers, whether it is ready, and whether its API takes the key that is known here. */
import { type GatewayClient, connectClient, recordsIn } from '../client.ts'
import type { ClientOptions } from '../command.ts'
import type { CliIo } from '../io.ts'
import { oneLine } from '../printable.ts'
import { type Check, ofError, ok } from './check.ts'

export async function checkGateway(options: ClientOptions, io: CliIo): Promise<Check[]> {
  let client: GatewayClient
  try {
    client = await connectClient(options, io)
  } catch (error) {
    return [ofError('gateway', 'gateway', error)]
  }
  try {
    const readiness = await client.call('GET', '/readyz', { alsoAccept: 503 })
    const failing = recordsIn(readiness.document, 'checks').filter((one) => one['ok'] !== true)
    if (readiness.status !== 200) {
      const causes = failing.map((one) => `${oneLine(one['name'])} ${oneLine(one['detail'])}`)
      return [
        {
          area: 'gateway',
          subject: client.baseUrl,
          status: 'error',
          message: `is not ready: ${causes.join(', ')}`,
          hint: 'Its log says more.',
        },
      ]
    }
    await client.call('GET', '/api/v1/stats')
    return [ok('gateway', client.baseUrl, 'is ready, and its API takes the key')]
  } catch (error) {
    return [ofError('gateway', client.baseUrl, error)]
  }
}
