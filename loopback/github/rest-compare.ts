import { type Commit, readHeaders, resolveCommit } from './commits.ts'
import type { Git } from './git.ts'
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
  const { ahead, behind, common } = await relate(hub, directory, from, to)
  if (!common) throw new RestError(404, `No common ancestor between ${base} and ${head}.`)
  const limit = Math.min(MOST_COMMITS, Number(call.url.searchParams.get('per_page')) || MOST_COMMITS)
  const headers = (include: string, exclude: string[], most: number) =>
    readHeaders(hub.git, directory, { include, exclude }, most)
  const [commits, [baseCommit], [mergeBase]] = await Promise.all([
    ahead > 0 ? headers(to, [from], limit) : [],
    headers(from, [], 1),
    headers(common, [], 1),
  ])
  const describe = (commit: Commit | undefined) =>
    commit ? describeCommit(hub.addresses, repository, commit) : null
  const range = `compare/${from}...${to}`
  return {
    status: 200,
    body: {
      url: `${apiUrlOf(hub.addresses, repository)}/${range}`,
      html_url: `${htmlUrlOf(hub.addresses, repository)}/${range}`,
      base_commit: describe(baseCommit),
      merge_base_commit: describe(mergeBase),
      status: statusOf(ahead, behind),
      ahead_by: ahead,
      behind_by: behind,
      total_commits: ahead,
      commits: commits.map(describe),
    },
  }
}

type Related = { ahead: number; behind: number; common: string | null }

/** Two commits relate to each other in the same way for ever. */
const related = new Map<string, Promise<Related>>()
const MOST_RELATED = 1000

function relate({ git }: Hub, directory: string, from: string, to: string): Promise<Related> {
  const key = `${directory} ${from} ${to}`
  const known = related.get(key) ?? readRelation(git, directory, from, to)
  related.set(key, known)
  known.catch(() => related.delete(key))
  const [oldest] = related.keys()
  if (related.size > MOST_RELATED && oldest !== undefined) related.delete(oldest)
  return known
}

async function readRelation(git: Git, directory: string, from: string, to: string): Promise<Related> {
  if (from === to) return { ahead: 0, behind: 0, common: to }
  const [counts, common] = await Promise.all([
    git.text(directory, ['rev-list', '--left-right', '--count', `${from}...${to}`]),
    git.text(directory, ['merge-base', from, to]).catch(() => ''),
  ])
  const [behind = 0, ahead = 0] = counts.trim().split('\t').map(Number)
  return { ahead, behind, common: common.trim() || null }
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
