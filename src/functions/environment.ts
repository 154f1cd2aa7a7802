import type { SwitchTarget } from '../admission/dead-mans-switch.ts'
import { jobTrustSchema } from '../model/trust.ts'
import { UserError } from '../model/user-error.ts'
import { z } from '../model/zod.ts'

/** Empty for none. */
const functionArn = z.string().regex(/^(arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+)?$/)

const environmentSchema = z.object({
  LAMBCI_STACK: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,40}$/)
    .default('lambci'),
  LAMBCI_BUCKET: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  LAMBCI_JOBS_TOPIC: z.string().regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/),
  LAMBCI_SESSION_ROLE: z
    .string()
    .regex(/^arn:[a-z-]+:iam::\d{12}:role\/[A-Za-z0-9_+=,.@/-]+$/)
    .optional(),
  /** Templates pass an empty text for no role. */
  LAMBCI_DEPLOY_ROLE: z
    .string()
    .regex(/^(arn:[a-z-]+:iam::\d{12}:role\/[A-Za-z0-9_+=,.@/-]+)?$/)
    .default(''),
  /** The template's DeployRoles: IAM patterns, separated by commas. Empty if there are no roles for jobs. */
  LAMBCI_DEPLOY_ROLES: z
    .string()
    .regex(/^[A-Za-z0-9_+=,.@/:*?-]*$/)
    .default(''),
  /** The functions that are invoked directly: for jobs of deploy branches, and for deploys, which http never starts. */
  LAMBCI_PROTECTED_FUNCTION: functionArn.default(''),
  LAMBCI_DEPLOY_FUNCTION: functionArn.default(''),
  /** How these two keep branches and stages apart. */
  LAMBCI_ISOLATION: z.enum(['tenant', 'process']).default('tenant'),
  LAMBCI_SANDBOX: z.string().regex(/^\/./),
  /** json: each line of the function's log is an object (docs/operations.md). */
  LAMBCI_LOG_FORMAT: z.enum(['text', 'json']).default('text'),
  /** The script in the image that a self-test runs. */
  LAMBCI_SMOKE_TEST: z.string().regex(/^\/./).default('/opt/lambci/smoke-test.sh'),
  /** The run functions' memory in MB, time limit in seconds, and disk in MB. */
  LAMBCI_MEMORY: z.coerce.number().int().positive(),
  LAMBCI_TIMEOUT: z.coerce.number().int().positive(),
  LAMBCI_STORAGE: z.coerce.number().int().positive().default(512),
  /** The trust of the jobs that a run function accepts. */
  LAMBCI_TRUST: jobTrustSchema,
  /** How many functions the account may run at once. */
  LAMBCI_CONCURRENCY: z.coerce.number().int().positive().default(10),
  /** How many megabytes of a log are kept. */
  LAMBCI_LOG_LIMIT: z.coerce.number().int().positive().default(512),
  /**
   * Intervals in ms: between looks for a cancel request, between uploads of the log, from SIGTERM to SIGKILL, and the
   * unit of the pauses between attempts to fetch from GitHub.
   */
  LAMBCI_CANCEL_POLL_MS: z.coerce.number().int().positive().default(3000),
  LAMBCI_LOG_UPLOAD_MS: z.coerce.number().int().positive().default(1000),
  LAMBCI_KILL_GRACE_MS: z.coerce.number().int().positive().default(5000),
  LAMBCI_FETCH_RETRY_MS: z.coerce.number().int().positive().default(1000),
  LAMBCI_GITHUB_URL: z.url().default('https://github.com'),
  LAMBCI_SLACK_API_URL: z.url().default('https://slack.com/api/'),
  LAMBCI_GITHUB_API_URL: z.url().default('https://api.github.com'),
})
type Names = keyof z.infer<typeof environmentSchema>
type Environment<N extends Names> = Pick<z.infer<typeof environmentSchema>, N>

/**
 * Reads the settings that a function needs from its environment.
 * @throws UserError that names every missing or invalid variable
 */
export function readEnvironment<N extends Names>(
  env: NodeJS.ProcessEnv,
  names: readonly N[],
): Environment<N> {
  const mask = Object.fromEntries(names.map(name => [name, true])) as Record<Names, true>
  const parsed = environmentSchema.pick(mask).safeParse(env)
  if (parsed.success) return parsed.data as Environment<N>
  const errors = parsed.error.issues.map(issue => {
    const name = issue.path.join('.')
    return env[name] === undefined ? `${name} is not set` : `${name} is not valid ("${env[name]}")`
  })
  throw new UserError(`The function's environment is incomplete: ${errors.join('; ')}.`)
}

/** The target of the dead man's switch: named after the stack, in the account and region of its topic. */
export function switchTargetOf({
  LAMBCI_STACK: stack,
  LAMBCI_JOBS_TOPIC: topic,
}: Environment<'LAMBCI_STACK' | 'LAMBCI_JOBS_TOPIC'>): SwitchTarget {
  const [, partition, , region, account] = topic.split(':')
  return {
    functionArn: `arn:${partition}:lambda:${region}:${account}:function:${stack}-report`,
    roleArn: `arn:${partition}:iam::${account}:role/${stack}-scheduler`,
  }
}
