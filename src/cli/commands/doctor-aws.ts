import { describeFunction } from '../../aws/functions.ts'
import { callerIdentity } from '../../aws/sts.ts'
import { checked, type Finding, note, ok, wrong } from './finding.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Amazon Linux and Node get security updates more often. */
const OLD_DAYS = 60

/** The owner of the credentials that commands use, if they are accepted. */
export const checkAccount = (): Promise<Finding[]> =>
  checked('Credentials', async () => {
    try {
      const { account, arn } = await callerIdentity()
      return [ok('Credentials', `of ${arn} in account ${account}`)]
    } catch (error) {
      const { name, message } = error as Error
      if (message === 'Region is missing')
        return [wrong('Region', 'none is set', 'Set AWS_REGION, or run "aws configure".')]
      if (!CREDENTIAL_ERRORS.includes(name)) throw error
      return [
        wrong(
          'Credentials',
          `none that AWS accepts (${name})`,
          'Sign in with "aws configure" or "aws sso login".',
        ),
      ]
    }
  })

const CREDENTIAL_ERRORS = [
  ...['CredentialsProviderError', 'ExpiredToken', 'ExpiredTokenException', 'InvalidClientTokenId'],
  ...['SignatureDoesNotMatch', 'UnrecognizedClientException', 'InvalidAccessKeyId'],
]

/** The age of the build image, as the function that builds branches shows it. */
export const checkImage = (stackName: string, now: Date): Promise<Finding[]> =>
  checked('Image', async () => {
    const name = `${stackName}-run-branch`
    const { changedAt, state } = await describeFunction(name)
    const days = Math.floor((now.getTime() - changedAt.getTime()) / DAY_MS)
    const age = `set ${changedAt.toISOString().slice(0, 10)}, ${days} ${days === 1 ? 'day' : 'days'} ago`
    if (state === 'Failed')
      return [wrong('Image', `${name} cannot start it (${age})`, 'Run "lambci up", which shows why.')]
    if (days > OLD_DAYS)
      return [
        note('Image', age, 'It may lack security updates. "lambci up" can rebuild it on a current base.'),
      ]
    const isIdle = state === 'Inactive'
    return [
      isIdle ? note('Image', age, 'It has rested: the first build starts a minute later.') : ok('Image', age),
    ]
  })
