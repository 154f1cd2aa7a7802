import { createHmac, randomUUID } from 'node:crypto'
import * as z from 'zod'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { readJob } from '../../build/records.ts'
import { projectSchema, repositoryOf } from '../../job/job.ts'
import { Problem } from '../../problem.ts'
import { REBUILD_EVENT } from '../../webhook/rebuild.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { printToEnd } from './logs.ts'
import { findBuild } from './targets.ts'

const answerSchema = z.union([
  z.object({ project: projectSchema, number: z.int().positive(), url: z.url() }),
  z.object({ error: z.string() }),
])

/** `lambci rebuild OWNER/REPO[#N]`: the same commit once more, under a new number. */
export async function rebuild(
  target: string,
  options: StackOptions & { follow?: boolean; json?: boolean },
): Promise<number> {
  const { store, url } = await findStack(options)
  const build = await findBuild(store, target)
  const { webhookSecrets } = await readRunnerSecrets(store)
  // Where the stack's address is not known, the build itself knows by which it came.
  const base = url ?? (await readJob(store, build))?.baseUrl
  const body = JSON.stringify(build)
  const signature = createHmac('sha256', webhookSecrets[0] ?? '')
    .update(body)
    .digest('hex')
  const answer = await fetch(`${base}/webhook`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': REBUILD_EVENT,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
  }).catch(error => {
    throw new Problem(`${base} does not answer: ${(error as { cause?: Error }).cause?.message ?? error}`)
  })
  const { data } = answerSchema.safeParse(await answer.json().catch(() => null))
  if (!data) throw new Problem(`${base} answered ${answer.status}, and nothing that can be understood.`)
  if ('error' in data) throw new Problem(data.error)
  console.log(
    options.json
      ? JSON.stringify(data)
      : `Build #${data.number} of ${repositoryOf(data.project)}: ${data.url}`,
  )
  return options.follow ? printToEnd(store, data) : 0
}
