import { randomUUID } from 'node:crypto'
import type { Order } from '../../src/admission/admission.ts'
import { admissionWith, jobOf } from '../../test/records.ts'

export const BUCKET = 'builds'
export const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-bench' }
export const SECRETS_KEY = 'secrets/env/global.json'

/** An order as the topic brings it. */
export const orderOf = (commit: string, number: number, hasSecrets: boolean, repository: string): Order => ({
  job: jobOf({
    ...{ project: `gh/${repository}`, cloneRepository: repository, commit, number, nonce: randomUUID() },
    settings: { global: { allow: ['bench'] } },
  }),
  admission: admissionWith({ secretVariables: hasSecrets ? [SECRETS_KEY] : [] }),
})
