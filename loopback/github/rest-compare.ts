import { type Commit, listCommitIds, readCommit, readCommits, resolveCommit } from './commits.ts'
import { apiUrlOf, htmlUrlOf } from './repository-payload.ts'
import {
  type Call,
  notFound,
  parameter,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'
import { describeCommit } from './rest-commits.ts'

/** GitHub's size of a page of commits. */
const MOST_COMMITS = 250

/** https://docs.github.com/rest/commits/commits#compare-two-commits */
export const compareRoutes = [route('GET /repos/:owner/:repo/compare/:range{.+}', compare)]

async function compare(call: Call): Promise<RestResponse> {
  const { hub } = call
  const repository = requireRepository(call)
  const directory = hub.repositories.directoryOf(repository)
  // Neither a branch nor a commit contains "..".
  const [, base = '', head = ''] = /^(.+?)\.\.\.(.+)$/s.exec(parameter(call, 'range')) ?? []
  const read = async (name: string): Promise<Commit> => {
    const sha = name && (await resolveCommit(hub.git, directory, name))
    const commit = sha && (await readCommit(hub.git, directory, sha))
    if (!commit) throw notFound()
    return commit
  }
  const [from, to] = [await read(base), await read(head)]
  const mergeBase = await hub.git
    .text(directory, ['merge-base', from.id, to.id])
    .then(found => readCommit(hub.git, directory, found.trim()))
    .catch(() => null)
  if (!mergeBase) throw new RestError(404, `No common ancestor between ${base} and ${head}.`)
  const [ahead, behind] = await Promise.all([
    listCommitIds(hub.git, directory, { include: to.id, exclude: [from.id] }),
    listCommitIds(hub.git, directory, { include: from.id, exclude: [to.id] }),
  ])
  const commits = await readCommits(hub.git, directory, { include: to.id, exclude: [from.id] }, MOST_COMMITS)
  const describe = (commit: Commit) => describeCommit(hub.addresses, repository, commit)
  const range = `compare/${from.id}...${to.id}`
  return {
    status: 200,
    body: {
      url: `${apiUrlOf(hub.addresses, repository)}/${range}`,
      html_url: `${htmlUrlOf(hub.addresses, repository)}/${range}`,
      base_commit: describe(from),
      merge_base_commit: describe(mergeBase),
      status: statusOf(ahead.length, behind.length),
      ahead_by: ahead.length,
      behind_by: behind.length,
      total_commits: ahead.length,
      commits: commits.map(describe),
    },
  }
}

function statusOf(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead'
  return behind > 0 ? 'behind' : 'identical'
}
