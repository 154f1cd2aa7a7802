import { createHmac } from 'node:crypto'
import type { Build } from '../model/build.ts'
import type { JobRef } from '../records/keys.ts'

/**
 * The secret of an attempt of a job, without which no failure record of it counts. The lead has its build's, which every job of the build
 * knows; no other job can find out that of any other attempt.
 * @param key report's secret
 */
export const nonceOf = ({ nonce, project, number }: Build, job: JobRef, key: string): string =>
  job.key === 0 && job.attempt === 1
    ? nonce
    : createHmac('sha256', key).update(`job ${project} ${number} ${job.key} ${job.attempt}`).digest('hex')
