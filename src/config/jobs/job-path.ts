import { keyPath } from '../key-path.ts'

/** The path of a key of a job, as people write it: `jobs.e2e.needs`, `jobs.node.include[0]`. */
export const jobPath = (job: string, key = ''): string =>
  `${keyPath(['jobs', job])}${key === '' ? '' : `.${key}`}`
