import { randomUUID } from 'node:crypto'
import type { Order } from '../../src/admission/admission.ts'

export const BUCKET = 'builds'
export const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-bench' }
export const REPOSITORY = 'bench/project'
export const SECRETS_KEY = 'secrets/env/global.json'

/** An order as the topic brings it. */
export function orderOf(commit: string, number: number, hasSecrets: boolean): Order {
  const now = new Date().toISOString()
  return {
    job: {
      project: `gh/${REPOSITORY}`,
      event: 'push',
      trigger: 'push/master',
      branch: 'master',
      defaultBranch: 'master',
      commit,
      baseCommit: null,
      cloneRepository: REPOSITORY,
      checkoutBranch: 'master',
      pullRequest: null,
      target: null,
      isFork: false,
      isPrivate: false,
      isDependabot: false,
      message: 'A commit',
      author: { name: 'Bench', login: null },
      committers: [],
      number,
      trust: 'deploy',
      settings: { global: { allow: ['bench'] } },
      nonce: randomUUID(),
      delivery: randomUUID(),
      baseUrl: 'http://127.0.0.1',
      queuedAt: now,
      latestEnd: now,
    },
    admission: {
      cloneToken: null,
      credentials: null,
      deployRole: null,
      secretVariables: hasSecrets ? [SECRETS_KEY] : [],
      buildUrl: 'http://127.0.0.1/build',
    },
  }
}
