import { stripVTControlCharacters } from 'node:util'
import type { Announcement } from '../../model/announcement.ts'
import { describeDuration } from '../../model/duration.ts'
import { describeCounts } from '../../model/tests.ts'
import { describeCost } from '../../records/cost.ts'
import { describeFailure, headingOf } from '../../records/failure-wording.ts'
import type { View } from '../../records/view.ts'
import {
  deployCommandsOf,
  describeConclusion,
  describeStatus,
  describeSubject,
  durationOf,
  isRed,
} from '../../records/wording.ts'

/** A message about one build. `subject` and `text` become a mail; filter policies use `attributes`. */
export type SnsMessage = { subject: string; text: string; attributes: Record<string, string> }

/** SNS allows only ASCII, on one line. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const SUBJECT_LIMIT = 99
const LINE_LIMIT = 500

/** A message about one build in the form of a mail. `tail` is the end of the log of a build that failed. */
export function snsMessageOf(view: View, url: string, tail: readonly string[]): SnsMessage {
  const { repository } = view
  const status = printable(describeStatus(view))
  const rows: [string, string | null][] = [
    ['Repository', repository],
    ['Build', `#${view.number}`],
    view.pullRequest === null
      ? ['Branch', view.branch]
      : ['Pull request', `#${view.pullRequest} (${view.checkoutBranch} into ${view.branch})`],
    ['Commit', `${view.commit.slice(0, 10)}  ${view.message.split('\n')[0]}`],
    [
      'Author',
      view.author.login && view.author.login !== view.author.name
        ? `${view.author.name} (${view.author.login})`
        : view.author.name,
    ],
    ['Requested by', view.target?.by ?? null],
    ['Result', describeConclusion(view)],
    ['Tests', view.tests && describeCounts(view.tests)],
    ['Duration', describeDurationOf(view)],
    ['Cost', view.cost === null ? null : describeCost(view.cost)],
    ...view.deploys.map(({ stage, status, reason }, at): [string, string] => [
      at === 0 ? 'Stage' : '',
      `${stage}: deploy ${status}${reason ? ` (${reason})` : ''}`,
    ]),
    ...deployCommandsOf(view).map((command): [string, string] => ['To deploy it', command]),
    ['Log', url],
  ]
  const table = rows.flatMap(([name, value]) =>
    value ? [`${(name && `${name}:`).padEnd(14)}${printable(value)}`] : [],
  )
  const indented = (lines: readonly string[]) => lines.map(line => `    ${printable(line)}`)
  const { failure } = view
  const end =
    isRed(view) && tail.length > 0
      ? ['', `The last ${tail.length} lines of the log:`, '', ...indented(tail)]
      : []
  const failed = failure && describeFailure(failure)
  const lines = failure
    ? [
        ...['', `${headingOf(failure)}:`, ''],
        ...indented([...(failed ? [failed] : []), ...failure.excerpt]),
        ...(failure.advice ? ['', printable(failure.advice)] : []),
      ]
    : end
  return {
    subject: subject(
      `${view.deploy?.status === 'failed' ? 'deploy failed' : describeConclusion(view)}: ${repository} #${view.number} (${describeSubject(view)})`,
    ),
    text: [/[.!?…]$/.test(status) ? status : `${status}.`, '', ...table, ...lines, ''].join('\n'),
    attributes: {
      status: view.status,
      project: view.project,
      branch: view.branch,
      // SNS refuses empty values.
      ...(view.deploy && { stage: view.deploy.stage }),
    },
  }
}

/** A message about something other than a build. */
export const snsAnnouncementOf = ({ project, topic, subject: line, text }: Announcement): SnsMessage => ({
  subject: subject(line),
  text: `${printable(text)}\n`,
  attributes: { status: topic, project },
})

function describeDurationOf(view: View): string | null {
  const duration = durationOf(view)
  return duration === null ? null : describeDuration(duration)
}

/** Text without colours and control characters, which a mail cannot show. */
const printable = (text: string) =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, LINE_LIMIT)
    // The SDK cannot encode half a surrogate pair.
    .toWellFormed()

function subject(text: string): string {
  const ascii = text.replace(/[^\x20-\x7e]/g, '?')
  return ascii.length <= SUBJECT_LIMIT ? ascii : `${ascii.slice(0, SUBJECT_LIMIT - 3)}...`
}
