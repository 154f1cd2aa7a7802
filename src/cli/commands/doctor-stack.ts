import { checkSetupInput } from '../../account/check-setup-input.ts'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { UserError } from '../../model/user-error.ts'
import type { Io } from '../io.ts'
import { checked, type Finding, note, ok, wrong } from './finding.ts'
import type { FoundStack } from './found-stack.ts'

/** How long the first answer of a function may take. */
const TIMEOUT_MS = 10_000

/** Whether the function that receives webhooks answers. */
export const checkPages = ({ url }: FoundStack): Promise<Finding[]> =>
  checked('Pages', async () => {
    if (url === null)
      return [note('Pages', 'not checked: only the bucket is known', 'Name the stack with --stack.')]
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
      (error: Error) => error,
    )
    const advice = 'Look at the logs of its function http in CloudWatch.'
    if (answer instanceof Error) return [wrong('Pages', `${url} does not answer (${answer.name})`, advice)]
    if (!answer.ok) return [wrong('Pages', `${url} answers ${answer.status}`, advice)]
    return [ok('Pages', url)]
  })

/** Whether the stack is set up, and what its tokens or its App may do. */
export const checkSetup = ({ store, githubApiUrl }: FoundStack, io: Io): Promise<Finding[]> =>
  checked('Token', async () => {
    const secrets = await readRunnerSecrets(store).catch((error: Error) => {
      if (error instanceof UserError) return null
      throw error
    })
    if (!secrets) return [wrong('Token', 'this stack is not set up', 'Run "lambci setup".')]
    const { githubToken, cloneToken, githubApp, slackToken } = secrets
    const input = {
      ...{ githubToken, cloneToken: githubApp ? null : cloneToken, githubApp, slackToken, owners: null },
      ...{ rotateWebhookSecret: false, refuseSharedSecret: false, rotateLinkKey: false },
    }
    try {
      const { who, hints } = await checkSetupInput(input, githubApiUrl, io.env.LAMBCI_SLACK_API_URL)
      return [ok('Token', who), ...hints.map(hint => note('Token', hint, null))]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      return error.lines.map(line => wrong('Token', line, 'Give another one: lambci setup.'))
    }
  })
