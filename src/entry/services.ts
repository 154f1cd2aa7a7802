import { readEnvironment, switchTargetOf } from '../account/environment.ts'
import { openRunnerSecrets } from '../account/secrets.ts'
import { openCredentials } from '../admission/credentials.ts'
import { openSwitch } from '../admission/switch.ts'
import { openJobsTopic } from '../admission/topic.ts'
import { openStore } from '../build/store.ts'
import { openTokens } from '../github/tokens.ts'

const environment = readEnvironment(process.env, [
  'LAMBCI_STACK',
  'LAMBCI_BUCKET',
  'LAMBCI_JOBS_TOPIC',
  'LAMBCI_SESSION_ROLE',
  'LAMBCI_DEPLOY_ROLE',
  'LAMBCI_GITHUB_API_URL',
])
const store = openStore(environment.LAMBCI_BUCKET)
const secrets = openRunnerSecrets(store)

export const githubApiUrl = environment.LAMBCI_GITHUB_API_URL
export const tokens = openTokens(githubApiUrl, secrets)

/** What admitting a job takes, which the http function does first and the report function again. */
export const services = {
  store,
  secrets,
  publish: openJobsTopic(environment.LAMBCI_JOBS_TOPIC),
  deadMansSwitch: openSwitch(switchTargetOf(environment)),
  granter: {
    cloneToken: (repository: string) => tokens.cloning(repository),
    mintCredentials: openCredentials(environment.LAMBCI_BUCKET, environment.LAMBCI_SESSION_ROLE),
    deployRole: environment.LAMBCI_DEPLOY_ROLE || null,
  },
  now: () => new Date(),
}
