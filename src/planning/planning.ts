/** What a job needs to plan its build, in one piece that is loaded on demand. */
export { assign, cachesIn } from './assignment.ts'
export { describePlan } from './describe.ts'
export { planForJob } from './plan-job.ts'
export { recordOf } from './record.ts'
