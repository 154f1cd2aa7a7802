import { type Probe, probeSchema } from '../admission/probe.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { LONGEST_LINE, MOST_LINES, type ProbeAnswer, probeAnswerKey } from '../records/probe.ts'
import type { Store } from '../records/store.ts'
import type { SmokeTest } from '../workspace/smoke-test.ts'

type ProbedFunction = SmokeTest & {
  trust: string
  memoryMb: number
  openStore: (credentials: NonNullable<Probe['answer']>['credentials']) => Store
}

/** The probe in an event of SNS or of a direct invocation. Null for a job. */
export function probeIn(event: unknown): Probe | null {
  const [record] = (event as { Records?: { Sns?: { Message?: string } }[] } | null)?.Records ?? []
  const message = record?.Sns?.Message
  try {
    return probeSchema.safeParse(message === undefined ? event : JSON.parse(message)).data?.probe ?? null
  } catch {
    return null
  }
}

/** Answers a probe. @throws Error if it is for another function */
export async function answerProbe({ trust, answer }: Probe, own: ProbedFunction): Promise<void> {
  if (trust !== own.trust) throw new Error(`A probe of ${trust} reached the function of ${own.trust}`)
  if (!answer) return
  const startedAt = performance.now()
  const result: ProbeAnswer = {
    ...{ trust, ...(await runProbe(own)) },
    ...{ memoryMb: own.memoryMb, architecture: process.arch },
    durationMs: Math.round(performance.now() - startedAt),
  }
  const store = own.openStore(answer.credentials)
  const body = Buffer.from(JSON.stringify(result))
  await store.putOnce(probeAnswerKey(answer.id, trust), body, 'application/json').finally(() => store.close())
}

async function runProbe(own: ProbedFunction): Promise<Pick<ProbeAnswer, 'exitCode' | 'lines'>> {
  // Loaded on demand: jobs start without it.
  const { runSmokeTest } = await import('../workspace/smoke-test.ts')
  const { exitCode, lines } = await runSmokeTest(own)
  const shown = lines.slice(-MOST_LINES).map(line => escapeControls(line).slice(0, LONGEST_LINE))
  return { exitCode, lines: shown }
}
