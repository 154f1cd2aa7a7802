import type { Mail } from '../../../loopback/sns/delivery.ts'
import type { Addresses } from '../../../loopback/system/system.ts'
import type { Build } from '../../model/build.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { describeCost } from '../../records/cost.ts'
import { type BuildRef, buildKeys } from '../../records/keys.ts'
import { hasJobList, type View } from '../../records/view.ts'
import { describeStatus, isRed } from '../../records/wording.ts'
import type { Style } from '../io.ts'
import { describeJobs } from './job-lines.ts'

const rows = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n')

/** The addresses of everything that was started. `pages`: the address of the page of all repositories. */
export function describeStart(
  addresses: Addresses,
  pages: string,
  directory: string,
  isForwarding: boolean,
  style: Style,
): string {
  const { url, s3, sns, scheduler, sts, lambda, github, githubApi, bucket } = addresses
  return [
    style('bold', 'lambci: the whole system on this machine'),
    '',
    rows([
      ['Pages', pages],
      ['Webhook', `${url}/webhook`],
      ['GitHub', `${github}  (REST API: ${githubApi})`],
      ['S3', `${s3}  (bucket ${bucket})`],
      ['SNS', sns],
      ['Scheduler', scheduler],
      ['STS', sts],
      ['Lambda', lambda],
      ['Data', directory],
    ]),
    ...(isForwarding
      ? ['', 'Builds get your proxy, certificate and package settings: lambci config get env']
      : []),
    '',
  ].join('\n')
}

export type Status = { context: string; state: string; description: string | null }
export type ExampleBuild = {
  view: View
  url: string
  statuses: Status[]
  mail: Mail | null
  directory: string
  addresses: Addresses
}

/** How the example build ended, which statuses and mails were sent, and where its records are. */
export function describeEnd(
  { view, url, statuses, mail, directory, addresses }: ExampleBuild,
  style: Style,
): string {
  const keys = buildKeys(view)
  const statusLines = statuses.map(
    ({ context, state, description }) => `${state.padEnd(8)} ${context}: ${description}`,
  )
  return [
    '',
    describeBuild(view, style),
    '',
    rows(
      [
        [
          'Conclusion',
          view.cost === null ? view.status : `${view.status} (on AWS ${describeCost(view.cost)})`,
        ],
        ['Stage', view.deploys.map(({ stage, status }) => `${stage}: deploy ${status}`).join(', ') || 'none'],
        ...statusLines.map((line, index) => [index === 0 ? 'Statuses' : '', line] as const),
        ['Mail', mail ? `to ${mail.to}: "${mail.subject}"` : 'none'],
        ['', mail ? `in ${directory}/mail/` : ''],
        ['Page', url],
        ['Log', `s3://${addresses.bucket}/${keys.log}`],
        ['Records', `s3://${addresses.bucket}/${keys.prefix}`],
      ].filter(([name, value]) => name !== '' || value !== '') as [string, string][],
    ),
    '',
  ].join('\n')
}

/** A line about the example of an earlier start. */
export const describeEarlier = (view: View & BuildRef, url: string, style: Style): string =>
  `The example was built at an earlier start. ${describeBuild(view, style)}\n\n${rows([['Page', url]])}\n`

/** Commands to try next. */
export function describeNext(
  { view, addresses, directory }: Pick<ExampleBuild, 'view' | 'addresses' | 'directory'>,
  style: Style,
): string {
  const { github, s3, bucket, accessKeyId, secretAccessKey, region } = addresses
  const { repository } = view
  const data = directory === `${process.cwd()}/.lambci` ? '' : ` --data ${directory}`
  return [
    'To build your own repository, push a commit from a second terminal:',
    '',
    `  git remote add local ${github}/you/project.git`,
    '  git push local HEAD:master',
    '',
    'To read the log of the example build:',
    '',
    `  lambci logs ${repository}#${view.number}${data}`,
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_REGION=${region} AWS_ENDPOINT_URL_S3=${s3}`,
    `  aws s3 cp s3://${bucket}/${buildKeys(view).log} -`,
    '',
    style('dim', 'Press Ctrl-C to stop. The next start continues with the same data.'),
    '',
  ].join('\n')
}

/** One line for a build that has begun, with the link to its page. */
export const describeBegin = ({ number, repository, trigger }: Build, url: string, style: Style): string =>
  `${style('blue', escapeControls(`#${number} of ${repository}, ${trigger}: `))}${url}`

/**
 * One line for a build, and one for each of several jobs. Control characters are escaped, because anyone can choose the name of
 * a branch.
 */
export function describeBuild(view: View & BuildRef, style: Style): string {
  const color = isRed(view) ? 'red' : view.status === 'passed' ? 'green' : 'yellow'
  const subject = `#${view.number} of ${view.repository}, ${view.trigger}: `
  const line = style(color, escapeControls(subject + describeStatus(view)))
  return hasJobList(view) ? `${line}\n${describeJobs(view.jobs, style)}` : line
}
