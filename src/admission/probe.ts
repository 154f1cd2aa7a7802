import type { AssumeRole } from '../aws/sts.ts'
import { isIsolated, type JobTrust, jobTrustSchema } from '../model/trust.ts'
import { z } from '../model/zod.ts'
import { probeAnswerKey, probeIdSchema } from '../records/probe.ts'
import type { FunctionWays } from './publish-job.ts'

const credentialsSchema = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
})

/**
 * A probe of a run function. With `answer`, it belongs to a self-test: the function runs the image's smoke test and writes the result to
 * the bucket, with credentials only for that object (null: its own). Without, it is a ping: Lambda keeps a function ready if it was invoked
 * within two weeks. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 */
export const probeSchema = z.strictObject({
  probe: z.strictObject({
    trust: jobTrustSchema,
    answer: z.strictObject({ id: probeIdSchema, credentials: credentialsSchema.nullable() }).nullable(),
  }),
})
export type Probe = z.infer<typeof probeSchema>['probe']

/** Makes report send probes: for a self-test to the function for deploys, which http may not invoke; with null, pings to all. */
const probeRequestSchema = z.strictObject({ sendProbes: z.strictObject({ id: probeIdSchema.nullable() }) })
export const probeRequestOf = (id: string): z.infer<typeof probeRequestSchema> => ({ sendProbes: { id } })

/** Null for any other event. */
export const parseProbeRequest = (event: unknown): { id: string | null } | null =>
  probeRequestSchema.safeParse(event).data?.sendProbes ?? null

/** The tenant of probes: their sandbox is shared with no branch and no stage. */
const TENANT = 'self-test'
const SESSION_NAME = 'lambci-self-test'

/** The trusts whose functions http may invoke, in the same ways as for jobs. */
const OF_HTTP: readonly JobTrust[] = ['fork', 'branch', 'protected']
export const trustsOf = { http: OF_HTTP, report: ['deploy'], all: jobTrustSchema.options } as const

type Ways = FunctionWays & {
  assumeRole: AssumeRole
  /** Undefined: functions answer with their own credentials. */
  sessionRole: string | undefined
  bucket: string
}

/** Sends probes by the ways of jobs. @throws AggregateError once all others are sent, if some could not be */
export type SendProbes = (trusts: readonly JobTrust[], id: string | null) => Promise<void>

export function openProbes(ways: Ways): SendProbes {
  const send = async (trust: JobTrust, id: string | null) => {
    const answer = id === null ? null : { id, credentials: await issueCredentials(ways, id, trust) }
    const message = { probe: { trust, answer } }
    if (isIsolated(trust))
      return ways.invoke(ways.functions[trust], message, ways.hasTenants ? TENANT : undefined)
    await ways.publish(ways.topicArn, { text: JSON.stringify(message), attributes: { trust } })
  }
  return async (trusts, id) => {
    const sent = await Promise.allSettled(trusts.map(trust => send(trust, id)))
    const errors = sent.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    if (errors.length > 0) throw new AggregateError(errors, 'Some run functions could not be invoked')
  }
}

/** The session policy of a self-test in one function: it only writes its answer. A pure function. */
export const probePolicyOf = (bucketArn: string, id: string, trust: JobTrust): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3:PutObject', Resource: `${bucketArn}/${probeAnswerKey(id, trust)}` },
    ],
  })

async function issueCredentials({ assumeRole, sessionRole, bucket }: Ways, id: string, trust: JobTrust) {
  if (!sessionRole) return null
  const [, partition] = sessionRole.split(':')
  const policy = probePolicyOf(`arn:${partition}:s3:::${bucket}`, id, trust)
  return assumeRole({ roleArn: sessionRole, name: SESSION_NAME, policy })
}
