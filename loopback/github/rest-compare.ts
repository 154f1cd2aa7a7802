import { type Commit, readCommit, readCommits, resolveCommit } from './commits.ts'
import type { Hub } from './hub.ts'
import { networkOf, type Repository } from './repositories.ts'
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
  const resolve = async (name: string): Promise<string> => {
    const { at, ref } = placeOf(hub, repository, name)
    const sha = ref && (await resolveCommit(hub.git, at, ref))
    if (!sha) throw notFound()
    return sha
  }
  const [from, to] = await Promise.all([resolve(base), resolve(head)])
  const [counts, common] = await Promise.all([
    hub.git.text(directory, ['rev-list', '--left-right', '--count', `${from}...${to}`]),
    hub.git.text(directory, ['merge-base', from, to]).catch(() => ''),
  ])
  if (!common) throw new RestError(404, `No common ancestor between ${base} and ${head}.`)
  const [behind = 0, ahead = 0] = counts.trim().split('\t').map(Number)
  const limit = Math.min(MOST_COMMITS, Number(call.url.searchParams.get('per_page')) || MOST_COMMITS)
  const [commits, known] = await Promise.all([
    readCommits(hub.git, directory, { include: to, exclude: [from] }, limit),
    Promise.all([from, common.trim()].map(sha => readCommit(hub.git, directory, sha))),
  ])
  const describe = (commit: Commit | null | undefined) =>
    commit ? describeCommit(hub.addresses, repository, commit) : null
  const range = `compare/${from}...${to}`
  return {
    status: 200,
    body: {
      url: `${apiUrlOf(hub.addresses, repository)}/${range}`,
      html_url: `${htmlUrlOf(hub.addresses, repository)}/${range}`,
      base_commit: describe(known[0]),
      merge_base_commit: describe(known[1]),
      status: statusOf(ahead, behind),
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      commits: commits.map(describe),
    },
  }
}

/** A name may be that of a branch of a fork, after its owner: `stranger:topic`. No branch has a colon in its name. */
function placeOf({ repositories }: Hub, repository: Repository, name: string): { at: string; ref: string } {
  const [, owner, branch] = /^([^:]+):(.+)$/s.exec(name) ?? []
  const fork = owner ? repositories.findInNetwork(networkOf(repository), owner) : repository
  if (!fork) throw notFound()
  return { at: repositories.directoryOf(fork), ref: branch ?? name }
}

function statusOf(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? 'diverged' : 'ahead'
  return behind > 0 ? 'behind' : 'identical'
}
