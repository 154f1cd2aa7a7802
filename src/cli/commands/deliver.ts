import { UserError } from '../../model/user-error.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { readSecretFile, readStandardInput } from './prompts.ts'
import { sendEvent } from './send-delivery.ts'

/**
 * `lambci deliver EVENT FILE`: sends a payload as GitHub would, for example one copied from the recent deliveries of a
 * webhook. A payload that has been delivered before is a redelivery, as it is when GitHub sends it again.
 */
export async function deliver(
  event: string,
  file: string,
  options: StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io)
  const { store, url } = stack
  if (!url)
    throw new UserError('The webhook URL is unknown if only a bucket is given. Name the stack with --stack.')
  if (!/^[a-z_]{1,60}$/.test(event))
    throw new UserError(`"${event}" is not an event. Use push, pull_request, merge_group or ping.`)
  const body = file === '-' ? await readStandardInput(io) : await readSecretFile(file)
  const { status, answer } = await sendEvent(store, url, { event, body })
  printLine(io, options.json ? jsonText({ status, answer }) : `${status} ${jsonText(answer)}`)
  return status < 300 ? 0 : 1
}
