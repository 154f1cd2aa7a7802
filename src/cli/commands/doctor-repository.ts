import { projectOnRecord } from '../../account/find-project.ts'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { readAccount } from '../../account/settings.ts'
import { openAdministration } from '../../github/administration.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import { readBuild } from '../../records/read-records.ts'
import { describeMoment } from '../describe-moment.ts'
import type { Io } from '../io.ts'
import { checked, type Finding, note, ok, wrong } from './finding.ts'
import type { FoundStack } from './found-stack.ts'
import { isHere } from './open-target.ts'
import { repositoryHere } from './repository-here.ts'
import { parseRepository } from './targets.ts'

/** Whether the pushes of a repository reach the stack and are built. `word`: the repository; by default that of the working copy. */
export async function checkRepository(
  word: string | undefined,
  stack: FoundStack,
  io: Io,
): Promise<Finding[]> {
  const named = isHere(word) ? null : parseRepository(word ?? '')
  const repository = named ?? (await repositoryHere(stack, io).catch(asNull))
  if (repository === null)
    return [
      note(
        'Repository',
        'none is checked',
        'Name one, or run this in its working copy: lambci doctor owner/repo',
      ),
    ]
  return [
    ...(await checked('Repository', () => checkAllowed(repository, stack))),
    ...(await checked('Webhook', () => checkHook(repository, stack))),
    ...(await checked('Builds', () => checkBuilds(repository, stack))),
  ]
}

function asNull(error: Error): null {
  if (error instanceof UserError) return null
  throw error
}

async function checkAllowed(repository: string, { store }: FoundStack): Promise<Finding[]> {
  const account = await readAccount(store, await projectOnRecord(store, repository))
  if (account.allows(repository)) return [ok('Repository', repository)]
  const advice = `Add it: lambci config set allow '[…, "${repository}"]'`
  return [wrong('Repository', `${repository} is not among those that this stack builds`, advice)]
}

async function checkHook(repository: string, { store, url, githubApiUrl }: FoundStack): Promise<Finding[]> {
  if (url === null) return []
  const { githubApp, githubToken } = await readRunnerSecrets(store)
  if (githubApp) return [ok('Webhook', "that of the GitHub App, which shows its deliveries under 'Advanced'")]
  if (!githubToken) return []
  const github = openAdministration(githubApiUrl, githubToken)
  const hooks = await github.hooks(repository).catch(asText)
  if (typeof hooks === 'string')
    return [note('Webhook', 'cannot be seen with the token of this stack', hooks)]
  const own = hooks.find(hook => hook.url === `${url}/webhook`)
  if (!own) {
    const advice = `Run "lambci hook add ${repository}".`
    return [wrong('Webhook', `${repository} has none for this stack`, advice)]
  }
  return [describeDelivery(await github.lastDelivery(repository, own.id), repository)]
}

function asText(error: Error): string {
  if (error instanceof UserError) return error.message
  throw error
}

const RECENT =
  "GitHub shows it in the repository's settings, under Webhooks, Recent Deliveries, and can send it again."

/** The answer that GitHub got to its last delivery. */
function describeDelivery(last: { deliveredAt: string; status: number } | null, repository: string): Finding {
  if (!last) return note('Webhook', 'nothing was delivered yet', 'Push a commit to try it.')
  const { status } = last
  const answer = status === 0 ? 'not answered' : `answered with ${status}`
  const text = `last delivery ${describeMoment(last.deliveredAt)} (UTC), ${answer}`
  if (status >= 200 && status < 300) return ok('Webhook', text)
  const isRefused = status === 401 || status === 403
  return wrong('Webhook', text, isRefused ? `Renew its secret: lambci hook add ${repository}` : RECENT)
}

async function checkBuilds(repository: string, { store }: FoundStack): Promise<Finding[]> {
  const project = await projectOnRecord(store, repository)
  const newest = await readBuild(store, { project, number: await lastNumber(store, project) })
  if (!newest)
    return [note('Builds', `none of ${repository} yet`, 'Push a commit: "lambci plan" shows what it does.')]
  return [ok('Builds', `newest: #${newest.number}, queued ${describeMoment(newest.queuedAt)} (UTC)`)]
}
