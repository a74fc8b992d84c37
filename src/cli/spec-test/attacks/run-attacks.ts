/** Makes every attack that there is on one accepted example, runs each through the gateway's own code, and counts what became of them. */
import type { DocumentPath } from '../../../document/yaml-document.ts'
import type { LoadedSpec } from '../../../spec/load.ts'
import { nameOf } from '../../../verify/scheme.ts'
import type { ExpressionCompiler } from '../../../verify/verifier.ts'
import { type CaseRunner, type PreparedCase, sentRequest } from '../case-runner.ts'
import type { Observation } from '../observation.ts'
import type { AttackReport, Survivor } from '../result.ts'
import { alternativeAttacks } from './alternatives.ts'
import type { Admission, Attack, AttackGenerator, Target } from './attack.ts'
import { bodyAttacks } from './body.ts'
import { deceptions } from './deceptions.ts'
import { attacksOnHandshake, handshakeAttacks } from './handshakes.ts'
import { headAttacks } from './head.ts'
import { headerAttacks } from './headers.ts'
import { tryIngressTokens } from './ingress.ts'
import { judge, type Verdict } from './judge.ts'
import { proofAttacks } from './proof.ts'
import { createSeed } from './seed.ts'
import { timestampAttacks } from './timestamps.ts'
import { tokenAttacks } from './tokens.ts'

const GENERATORS: readonly AttackGenerator[] = [
  proofAttacks,
  tokenAttacks,
  alternativeAttacks,
  handshakeAttacks,
  timestampAttacks,
  bodyAttacks,
  headerAttacks,
  headAttacks,
  deceptions,
]

export interface AttackInput {
  readonly loaded: LoadedSpec
  readonly runner: CaseRunner
  readonly prepared: PreparedCase
  /** What the gateway made of the example itself. */
  readonly seen: Observation
  readonly compileExpression: ExpressionCompiler
}

/** Null for an example of which there is nothing to attack: one that is refused, or a handshake that anybody may ask for. */
export async function runAttacks(input: AttackInput): Promise<AttackReport | null> {
  const { loaded, runner, prepared, seen } = input
  const tally = new Tally(loaded, prepared)
  const { madeUpSecrets } = runner.signer
  const handshake = attacksOnHandshake({ spec: loaded.spec, prepared, seen, madeUpSecrets })
  const clause = loaded.spec.handshakes?.findIndex(
    (one) => seen.outcome.kind === 'handshake' && one.name === seen.outcome.name,
  )
  for (const attack of handshake) {
    const harm = attack.judge!(await prepared.observe(attack))
    tally.count(attack, harm === null ? { kind: 'killed' } : { kind: 'survived', because: harm }, [
      'handshakes',
      clause ?? 0,
    ])
  }
  const target = await targetOf(input)
  if (target !== null) await attackTarget(target, tally)
  return target === null && handshake.length === 0 ? null : tally.report(target)
}

async function attackTarget(target: Target, tally: Tally): Promise<void> {
  const place = ['verify', target.position]
  if (target.alternative.scheme !== 'unverified') {
    for (const attack of await attacksOn(target)) {
      tally.count(attack, judge(attack, target, await target.prepared.observe(attack)), place)
    }
    return
  }
  for (const { name, isAccepted, isRight } of await tryIngressTokens(target)) {
    if (isRight && isAccepted) continue
    const because = isRight ? 'refused' : 'accepted'
    const attack: Attack = { name, against: null, mayBeHarmless: false }
    tally.count(attack, isAccepted === isRight ? { kind: 'killed' } : { kind: 'survived', because }, place)
  }
}

/** Counts verdicts, and keeps what is to be shown of those that survived. */
class Tally {
  readonly #loaded: LoadedSpec
  readonly #prepared: PreparedCase
  readonly #counts = { killed: 0, harmless: 0 }
  readonly #admitted = new Map<Admission, number>()
  readonly #survivors: Survivor[] = []

  constructor(loaded: LoadedSpec, prepared: PreparedCase) {
    this.#loaded = loaded
    this.#prepared = prepared
  }

  /** `clause` is where that stands which should have refused it. */
  count(attack: Attack, verdict: Verdict, clause: DocumentPath): void {
    if (verdict.kind === 'admitted') {
      this.#admitted.set(verdict.admission, (this.#admitted.get(verdict.admission) ?? 0) + 1)
    } else if (verdict.kind === 'survived') this.#survivors.push(this.#survivor(attack, verdict.because, clause))
    else this.#counts[verdict.kind] += 1
  }

  report(target: Target | null): AttackReport {
    return {
      alternative: target === null ? null : nameOf(target.alternative),
      ...this.#counts,
      admitted: Object.fromEntries(this.#admitted),
      survivors: this.#survivors,
    }
  }

  #survivor(attack: Attack, because: string, clause: DocumentPath): Survivor {
    const { line, column } = this.#loaded.yaml.positionOf(clause)
    const { spec, file } = this.#loaded
    const [part, at] = clause
    return {
      attack: attack.name,
      because,
      against: attack.against,
      clause: part === 'verify' ? nameOf(spec.verify[Number(at)]!) : spec.handshakes![Number(at)]!.name,
      place: { file, line, column },
      request: sentRequest(attack.request ?? this.#prepared.ready.request),
      receivedAt: new Date(attack.now ?? this.#prepared.now).toISOString(),
    }
  }
}

export async function attacksOn(target: Target): Promise<Attack[]> {
  const attacks: Attack[] = []
  for (const generate of GENERATORS) attacks.push(...(await generate(target)))
  return attacks
}

async function targetOf({ loaded, prepared, runner, seen, compileExpression }: AttackInput): Promise<Target | null> {
  if (seen.outcome.kind === 'refused') return null
  const verification = await prepared.verify()
  if (verification.kind === 'refused') return null
  const { spec } = loaded
  const position = spec.verify.findIndex((one) => nameOf(one) === verification.scheme)
  const { request } = prepared.ready
  return {
    spec,
    example: prepared.example,
    request,
    now: prepared.now,
    seen,
    alternative: spec.verify[position]!,
    position,
    clockSkewMs: verification.clockSkewMs,
    prepared,
    signer: runner.signer,
    compileExpression,
    seed: createSeed(request.rawBody),
  }
}
