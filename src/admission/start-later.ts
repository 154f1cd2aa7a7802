import { FunctionNotReady } from '../aws/functions.ts'
import { z } from '../model/zod.ts'
import { type JobMessage, jobMessageSchema } from './grants.ts'
import type { PublishJob } from './publish-job.ts'

const startEventSchema = z.strictObject({ start: jobMessageSchema })

/** The event with which report is invoked to start a job whose function was not ready. */
export const startEventOf = (message: JobMessage): z.infer<typeof startEventSchema> => ({ start: message })

/** The message of the job that an event of report starts; null for any other event. */
export const messageToStart = (event: unknown): JobMessage | null =>
  startEventSchema.safeParse(event).data?.start ?? null

/** With pauses of five seconds, that is 85 seconds: report's time limit is 120. */
export const MOST_ATTEMPTS = 18
export const PAUSE_MS = 5000

/**
 * Starts a job once its function is ready.
 * @throws FunctionNotReady if that takes too long: Lambda then invokes report again, a minute later
 */
export async function startWhenReady(
  message: JobMessage,
  start: PublishJob,
  pause: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(message)
    } catch (error) {
      if (!(error instanceof FunctionNotReady) || attempt === MOST_ATTEMPTS) throw error
    }
    await pause()
  }
}
