import { randomUUID } from 'node:crypto'
import { type JobMessage, LEAD_JOB } from '../../src/admission/grants.ts'
import { grantsWith, makeBuild } from '../../test/support/records.ts'

export const BUCKET = 'builds'
export const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-bench' }
export const SECRETS_KEY = 'secrets/env/global.json'

/** A job message as the topic delivers it. */
export const jobMessageOf = (
  commit: string,
  number: number,
  hasSecrets: boolean,
  repository: string,
): JobMessage => ({
  build: makeBuild({
    project: `gh/${repository}`,
    cloneRepository: repository,
    commit,
    number,
    nonce: randomUUID(),
    settings: { global: { allow: ['bench'] } },
  }),
  job: LEAD_JOB,
  grants: grantsWith({ secretVariables: hasSecrets ? [SECRETS_KEY] : [] }),
})
