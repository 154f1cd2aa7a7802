/** The functions with which a job plans its build, in one module that is loaded on demand. */
export { assign, cachesIn } from './assignment.ts'
export { describePlan } from './describe.ts'
export { planForJob } from './plan-job.ts'
export { recordOf } from './record.ts'
