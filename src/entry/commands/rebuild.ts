import * as z from 'zod'
import { readJob } from '../../build/records.ts'
import { projectSchema, repositoryOf } from '../../job/job.ts'
import { Problem } from '../../problem.ts'
import { REBUILD_EVENT } from '../../webhook/rebuild.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { printToEnd } from './logs.ts'
import { sendDelivery } from './send-delivery.ts'
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
  // Where the stack's address is not known, the build itself knows by which it came.
  const base = url ?? (await readJob(store, build))?.baseUrl ?? ''
  const { status, answer } = await sendDelivery(store, base, {
    event: REBUILD_EVENT,
    body: JSON.stringify(build),
  })
  const { data } = answerSchema.safeParse(answer)
  if (!data) throw new Problem(`${base} answered ${status}, and nothing that can be understood.`)
  if ('error' in data) throw new Problem(data.error)
  console.log(
    options.json
      ? JSON.stringify(data)
      : `Build #${data.number} of ${repositoryOf(data.project)}: ${data.url}`,
  )
  return options.follow ? printToEnd(store, data) : 0
}
