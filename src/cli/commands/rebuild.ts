import { REBUILD_EVENT } from '../../admission/signed-requests.ts'
import type { Io } from '../io.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { type RequestOptions, sendRequest } from './send-request.ts'
import { findBuild } from './targets.ts'

export type RebuildOptions = StackOptions & RequestOptions & { failed?: boolean }

/** `lambci rebuild OWNER/REPO[#N]`: builds the same commit again, under a new number; with `failed`, only what has not passed. */
export async function rebuild(target: string, options: RebuildOptions, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const build = await findBuild(stack, target, io)
  const payload = { ...build, ...(options.failed && { failed: true }) }
  return await sendRequest(stack, build, { event: REBUILD_EVENT, payload }, options, io)
}
