import { styleText } from 'node:util'
import type { Mail } from '../../../loopback/sns/delivery.ts'
import type { Addresses } from '../../../loopback/system/system.ts'
import { repositoryOf } from '../../model/build.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { describeCost } from '../../records/cost.ts'
import { type BuildRef, buildKeys } from '../../records/keys.ts'
import type { View } from '../../records/view.ts'
import { describeStatus, isRed } from '../../records/wording.ts'

const bold = (text: string) => styleText('bold', text)
const dim = (text: string) => styleText('dim', text)
const rows = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n')

/** What has been started and where it is. */
export function describeStart(addresses: Addresses, directory: string, handed: readonly string[]): string {
  const { url, s3, sns, scheduler, sts, github, githubApi, bucket } = addresses
  return [
    bold('lambci: the whole system on this machine'),
    '',
    rows([
      ['Pages', url],
      ['Webhook', `${url}/webhook`],
      ['GitHub', `${github}  (REST API: ${githubApi})`],
      ['S3', `${s3}  (bucket ${bucket})`],
      ['SNS', sns],
      ['Scheduler', scheduler],
      ['STS', sts],
      ['Data', directory],
    ]),
    ...(handed.length > 0 ? ['', `Builds get these settings of yours: ${handed.join(', ')}.`] : []),
    '',
  ].join('\n')
}

export type Status = { context: string; state: string; description: string | null }
export type Ended = {
  view: View
  url: string
  statuses: Status[]
  mail: Mail | null
  directory: string
  addresses: Addresses
}

/** How the example's build ended, who was told what, and where each thing lies. */
export function describeEnd({ view, url, statuses, mail, directory, addresses }: Ended): string {
  const keys = buildKeys(view)
  const said = statuses.map(
    ({ context, state, description }) => `${state.padEnd(8)} ${context}: ${description}`,
  )
  return [
    '',
    describeBuild(view),
    '',
    rows(
      [
        ['Result', view.cost === null ? view.status : `${view.status} (in AWS ${describeCost(view.cost)})`],
        ['Stage', view.deploy ? `${view.deploy.stage}: deploy ${view.deploy.status}` : 'none'],
        ...said.map((line, at) => [at === 0 ? 'Statuses' : '', line] as const),
        ['Notice', mail ? `mail to ${mail.to}: "${mail.subject}"` : 'none'],
        ['', mail ? `in ${directory}/mail/` : ''],
        ['Page', url],
        ['Log', `s3://${addresses.bucket}/${keys.log.whole}`],
        ['Records', `s3://${addresses.bucket}/${keys.build.replace('build.json', '{job,run,report}.json')}`],
      ].filter(([name, value]) => name !== '' || value !== '') as [string, string][],
    ),
    '',
  ].join('\n')
}

/** Ready-made lines for a second terminal. */
export function describeNext({
  view,
  addresses,
  directory,
}: Pick<Ended, 'view' | 'addresses' | 'directory'>): string {
  const { github, s3, bucket, accessKeyId, secretAccessKey, region } = addresses
  const repository = repositoryOf(view.project)
  const data = directory === `${process.cwd()}/.lambci` ? '' : ` --data ${directory}`
  return [
    'In a second terminal, with a repository of yours (what is pushed is built):',
    '',
    `  git remote add local ${github}/you/project.git`,
    '  git push local HEAD:master',
    '',
    'and here:',
    '',
    `  npx lambci logs ${repository}#${view.number}${data}`,
    `  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_REGION=${region} AWS_ENDPOINT_URL_S3=${s3}`,
    `  aws s3 cp s3://${bucket}/${buildKeys(view).log.whole} -`,
    '',
    dim('Ctrl-C ends it; the next start goes on with the same data.'),
    '',
  ].join('\n')
}

/** One build in one line; names that strangers chose stay on it. */
export function describeBuild(view: View & BuildRef): string {
  const color = isRed(view) ? 'red' : view.status === 'passed' ? 'green' : 'yellow'
  const what = `#${view.number} of ${repositoryOf(view.project)}, ${view.trigger}: `
  return styleText(color, escapeControls(what + describeStatus(view)))
}
