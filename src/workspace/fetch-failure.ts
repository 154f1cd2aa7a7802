import { DISK_ADVICE, DISK_FULL, errorLine, remoteText } from './git-error.ts'

/**
 * Why git could not fetch. `transient`: the network or the server failed temporarily. `missing`: the server does not have the commit or
 * ref. `refused`: it answered 401, 403 or 404. `final`: another attempt would fail as well.
 */
export type FetchFailure = {
  kind: 'transient' | 'missing' | 'refused' | 'final'
  /** Describes the failure, without a full stop. */
  cause: string
  /** Advice, if there is any. */
  advice?: string
  /** The HTTP status of a refusal. */
  status?: number
}

const LATER = 'Rebuild it later (`lambci rebuild`).'
const NO_ANSWER = 'If this lasts, check the address and the network (a VPC needs a NAT gateway).'
const STATUS = /(?:returned error: |RPC failed; HTTP |HTTP code = )(\d{3})\b/

type Rule = { pattern: RegExp; describe: (output: string, pattern: RegExp) => FetchFailure }

const transient =
  (cause: (line: string, output: string) => string, advice = LATER): Rule['describe'] =>
  (output, pattern) => ({ kind: 'transient', cause: cause(errorLine(output, pattern), output), advice })

/** Error messages of git and curl. The first rule that matches counts: other messages often follow from the first. */
const RULES: Rule[] = [
  {
    // GitHub says this with several statuses.
    pattern: /temporarily limiting/i,
    describe: transient(
      () => 'GitHub temporarily limits fetches without a token',
      `${LATER} With a GitHub App, public repositories are fetched with a token.`,
    ),
  },
  { pattern: STATUS, describe: output => fromStatus(output) },
  {
    pattern: /authentication failed|invalid credentials|could not read (username|password)/i,
    describe: output => refusal(401, output),
  },
  { pattern: /^(fatal|error|remote): .*repository .*not found/im, describe: output => refusal(404, output) },
  {
    pattern:
      /not our ref|couldn't find remote ref|no such remote ref|unadvertised object|want \S+ not valid/i,
    describe: () => ({ kind: 'missing', cause: 'GitHub does not have the commit yet', advice: LATER }),
  },
  {
    pattern: /certificate|\bCA ?(file|path)|self.signed/i,
    describe: (output, pattern) => ({
      kind: 'final',
      cause: errorLine(output, pattern),
      advice: 'Check the certificates of the server and of this machine.',
    }),
  },
  {
    pattern: /could not resolve|name resolution/i,
    describe: transient((_, output) => `The host name was not found${hostIn(output)}`, NO_ANSWER),
  },
  {
    pattern: /too slow|timed out|timeout was reached/i,
    describe: transient(() => 'GitHub did not answer in time', NO_ANSWER),
  },
  {
    pattern: /failed to connect|connection refused|couldn't connect|no route to host|network is unreachable/i,
    describe: transient(() => 'GitHub cannot be reached', NO_ANSWER),
  },
  {
    pattern: /RPC failed|reset|early EOF|hung up|empty reply|(recv|send|read|write) (failure|error)|SSL|TLS/i,
    describe: transient(line => `The connection to GitHub was interrupted (${line})`),
  },
  {
    pattern: /^fatal: ((protocol|transport) '.*' (is )?not|invalid refspec|bad config|bad object)/im,
    describe: (output, pattern) => ({ kind: 'final', cause: errorLine(output, pattern) }),
  },
]

/** Classifies the output of a `git fetch` that failed. An unknown failure may also be one of the network. */
export function fetchFailure(output: string): FetchFailure {
  // A repository may be named like an error.
  const text = output.replace(/'https?:[^']*'/g, "''")
  if (DISK_FULL.test(text)) return { kind: 'final', cause: errorLine(text, DISK_FULL), advice: DISK_ADVICE }
  const rule = RULES.find(({ pattern }) => pattern.test(text))
  return (
    rule?.describe(text, rule.pattern) ?? {
      kind: 'transient',
      cause: `git failed (${errorLine(text)})`,
      advice: LATER,
    }
  )
}

function fromStatus(output: string): FetchFailure {
  const status = Number(STATUS.exec(output)?.[1])
  if ([401, 403, 404].includes(status)) return refusal(status, output)
  const cause = answered(status, output)
  const isTransient = status >= 500 || [408, 425, 429].includes(status)
  return isTransient ? { kind: 'transient', cause, advice: LATER } : { kind: 'final', cause }
}

const refusal = (status: number, output: string): FetchFailure => ({
  kind: 'refused',
  cause: status === 404 ? 'GitHub answered 404, repository not found' : answered(status, output),
  status,
})

function answered(status: number, output: string): string {
  const text = remoteText(output)
  return `GitHub answered ${status}${text && ` ("${text}")`}`
}

function hostIn(output: string): string {
  const [, host] = /could not resolve \w+: ([\w.-]{1,253})/i.exec(output) ?? []
  return host ? ` (${host})` : ''
}
