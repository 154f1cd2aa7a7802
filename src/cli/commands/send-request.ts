import { projectSchema } from '../../model/names.ts'
import { repetitionSchema } from '../../model/repetition.ts'
import { UserError } from '../../model/user-error.ts'
import { z } from '../../model/zod.ts'
import type { BuildRef } from '../../records/keys.ts'
import { readBuild } from '../../records/read-records.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import type { FoundStack } from './find-stack.ts'
import { printToEnd } from './logs.ts'
import { sendOwnRequest } from './send-delivery.ts'

const answerSchema = z.union([
  z.object({
    ...{ project: projectSchema, number: z.int().positive(), url: z.url(), retryOf: z.int().optional() },
    repeats: repetitionSchema.optional(),
  }),
  z.object({ error: z.string() }),
])
type Answer = Exclude<z.infer<typeof answerSchema>, { error: string }>

export type RequestOptions = { follow?: boolean; json?: boolean }

type Request = { event: string; payload: object }

/** Requests a new build that repeats an old one. @throws UserError if the stack refuses it */
export async function requestBuild(
  { store, url }: FoundStack,
  build: BuildRef,
  request: Request,
): Promise<Answer> {
  // If only the bucket is known, the record of the old build has the address of its stack.
  const base = url ?? (await readBuild(store, build))?.baseUrl ?? ''
  const { status, answer } = await sendOwnRequest(store, base, request)
  const { data } = answerSchema.safeParse(answer)
  if (!data)
    throw new UserError(
      `Unexpected answer from ${base} (status ${status}). Is this the address of the stack?`,
    )
  if ('error' in data) throw new UserError(data.error)
  return data
}

/** Like `requestBuild`, but prints the number of the build, and follows it on request. Returns the exit code. */
export async function sendRequest(
  stack: FoundStack,
  build: BuildRef,
  request: Request,
  options: RequestOptions,
  io: Io,
): Promise<number> {
  const { store } = stack
  const data = await requestBuild(stack, build, request)
  const repository = (await readBuild(store, data))?.repository
  const retry = data.retryOf === undefined ? '' : `, a retry of #${data.retryOf}`
  const line = `Build #${data.number} of ${repository}${retry}: ${data.url}`
  printLine(io, options.json ? jsonText(data) : line)
  return options.follow ? printToEnd(store, data, io) : 0
}
