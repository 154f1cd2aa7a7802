import { createHmac } from 'node:crypto'
import type { Build } from '../model/build.ts'
import type { JobRef } from '../records/keys.ts'

/**
 * The secret of an attempt of a job: a failure record of it counts only if it contains this. The lead has its build's, which every
 * job of the build knows; any other attempt has one that no other job can find out.
 * @param key a secret of report
 */
export const nonceOf = ({ nonce, project, number }: Build, job: JobRef, key: string): string =>
  job.key === 0 && job.attempt === 1
    ? nonce
    : createHmac('sha256', key).update(`job ${project} ${number} ${job.key} ${job.attempt}`).digest('hex')
