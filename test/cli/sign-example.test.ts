import { expect, test } from 'vitest'
import { trialSecrets } from '../../src/compose/trial.ts'
import { isAccepted, slugOf } from '../../src/cli/examples.ts'
import { signExample } from '../../src/cli/sign-example.ts'
import { givenOptions } from '../../src/cli/spec-test/given.ts'
import type { IntegrationKey } from '../../src/domain/ids.ts'
import type { Example } from '../../src/domain/provider-spec.gen.ts'
import type { InboundRequest } from '../../src/domain/request.ts'
import { Secret } from '../../src/domain/secret.ts'
import type { Verification } from '../../src/domain/verification.ts'
import type { IntegrationSettings } from '../../src/engine/settings.ts'
import { createExpressionCompiler } from '../../src/expression/compile.ts'
import { decodeBody } from '../../src/spec/body.ts'
import { compileSpec } from '../../src/spec/compile.ts'
import type { CompiledSpec } from '../../src/spec/compiled-spec.ts'
import { builtInSpecs, findSpecFiles, readSpecFile } from '../../src/spec/load.ts'
import { createRequestView } from '../../src/spec/request-view.ts'

const NOW = Date.parse('2027-08-09T10:11:12Z')
const compileExpression = createExpressionCompiler()
/** Those with errors are left to the linter. */
const specs = findSpecFiles([builtInSpecs()]).flatMap((file): CompiledSpec[] => {
  const { loaded } = readSpecFile(file)
  return loaded === null ? [] : [compileSpec(loaded.spec, file, { compileExpression })]
})

function namesOf(spec: CompiledSpec, example: Example): string[] {
  return Object.keys(example.given?.secrets ?? spec.document.secrets ?? {})
}

/**
 * The secrets that the example names, or all, with values that have nothing to do with those of the example: only a new signature
 * can hold.
 */
function integrationOf(spec: CompiledSpec, example: Example): IntegrationSettings {
  const secrets = trialSecrets(new Secret('another instance'), spec.document)
  const names = namesOf(spec, example)
  return {
    key: spec.provider as IntegrationKey,
    spec,
    secrets: new Map([...secrets].filter(([name]) => names.includes(name))),
    options: givenOptions(spec.document, example),
    ingressTokens: [],
    forward: [],
    unmatched: 'raw',
    dedupeWindowMs: null,
  }
}

function sign(integration: IntegrationSettings, example: Example): Promise<InboundRequest> {
  const url = `https://hooks.example.com/webhook/${integration.key}`
  return signExample({ integration, example, url, now: NOW, compileExpression })
}

async function verify(integration: IntegrationSettings, request: InboundRequest): Promise<Verification> {
  const { spec, secrets, options } = integration
  return spec.verifier.verify({
    request,
    view: createRequestView({ request, decode: () => decodeBody(spec.bodyKinds, request.rawBody), options, now: NOW }),
    secrets: (name) => secrets.get(name) ?? [],
    now: NOW,
    keySets: { fetch: () => Promise.reject(new Error('no network here')) },
  })
}

/** Not where all that a provider signs with is a private key of its own. */
function isSignable({ spec, secrets }: IntegrationSettings): boolean {
  return spec.document.verify.some(({ scheme, secret, username, password }) => {
    const needed = [secret, username, password].filter((name) => name !== undefined)
    return scheme === 'unverified' || (needed.length > 0 && needed.every((name) => secrets.has(name)))
  })
}

/**
 * Their composite signatures hold a word besides the signature (whose key it is), which the signer does not know how to write, or the
 * provider signs with a key of its own while another secret of the spec could sign another product: what is sent is refused. `postern trigger` says so with the gateway's answer; their recorded examples are what proves these specs.
 */
const BEYOND_OUR_SIGNER = new Set([
  'braintree/a-subscription-of-a-merchant-who-connected-by-oauth-is-past-due',
  'braintree/the-same-without-its-last-line-feed-beside-the-pair-of-another-key',
  'shipstation/a-v2-label-is-made',
  'sinch/a-call-was-disconnected',
])

for (const spec of specs) {
  for (const example of spec.document.examples) {
    const name = `${spec.provider}/${slugOf(example.name)}`
    const isUnsigned =
      example.sign === false ||
      spec.handshakes.some((handshake) => handshake.name === example.expect.handshake && !handshake.isVerified)
    // A fault of the provider's own key shows only where that key is configured, and nobody can make up one.
    const isWhole = integrationOf(spec, example).secrets.size === namesOf(spec, example).length
    if (!isAccepted(example) && !isWhole) continue
    if (!isAccepted(example)) {
      test(`${name} goes out with its fault`, async () => {
        const integration = integrationOf(spec, example)
        expect(await verify(integration, await sign(integration, example))).toMatchObject({ kind: 'refused' })
      })
    } else if (isUnsigned) {
      test(`${name} goes out unsigned`, async () => {
        const integration = integrationOf(spec, example)
        expect((await sign(integration, example)).url).toContain('https://hooks.example.com/webhook/')
      })
    } else if (!isSignable(integrationOf(spec, example))) {
      test(`${name} cannot be signed by us, and that is said`, async () => {
        await expect(sign(integrationOf(spec, example), example)).rejects.toMatchObject({ code: 'usage_invalid' })
      })
    } else {
      const kind = BEYOND_OUR_SIGNER.has(name) ? 'refused' : 'accepted'
      test(`${name}, signed now with the secrets of the integration, is ${kind}`, async () => {
        const integration = integrationOf(spec, example)
        expect(await verify(integration, await sign(integration, example))).toMatchObject({ kind })
      })
    }
  }
}
