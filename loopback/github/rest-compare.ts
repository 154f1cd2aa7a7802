import { readHeader, resolveCommit } from './commits.ts'
import type { Git } from './git.ts'
import type { Hub } from './hub.ts'
import { readOnce } from './read-once.ts'
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
    const sha = await resolveCommit(hub.git, at, ref)
    if (!sha) throw notFound()
    return sha
  }
  const [from, to] = await Promise.all([resolve(base), resolve(head)])
  const { added, behind, common } = await readRelation(hub.git, directory, from, to)
  if (!common) throw new RestError(404, `No common ancestor between ${base} and ${head}.`)
  const limit = Math.min(MOST_COMMITS, Number(call.url.searchParams.get('per_page')) || MOST_COMMITS)
  const describe = async (sha: string) => {
    const commit = await readHeader(hub.git, directory, sha)
    if (!commit) throw notFound()
    return describeCommit(hub.addresses, repository, commit)
  }
  const range = `compare/${from}...${to}`
  return {
    status: 200,
    body: {
      url: `${apiUrlOf(hub.addresses, repository)}/${range}`,
      html_url: `${htmlUrlOf(hub.addresses, repository)}/${range}`,
      base_commit: await describe(from),
      merge_base_commit: await describe(common),
      status: statusOf(added.length, behind),
      ahead_by: added.length,
      behind_by: behind,
      total_commits: added.length,
      commits: await Promise.all(added.slice(0, limit).map(describe)),
    },
  }
}

/** `added` are the commits of `to` that `from` does not have, oldest first. */
type Relation = { added: string[]; behind: number; common: string | null }

/** The relation of two commits never changes. */
const relations = readOnce<Relation>()

const readRelation = (git: Git, directory: string, from: string, to: string): Promise<Relation> =>
  relations(`${directory} ${from} ${to}`, async () => {
    if (from === to) return { added: [], behind: 0, common: to }
    const listed = await git.text(directory, ['rev-list', '--reverse', '--left-right', `${from}...${to}`])
    const lines = listed.split('\n').filter(Boolean)
    const added = lines.filter(line => line.startsWith('>')).map(line => line.slice(1))
    const behind = lines.length - added.length
    // A commit that has nothing of its own is in the history of the other one.
    if (behind === 0 || added.length === 0) return { added, behind, common: behind === 0 ? from : to }
    const common = await git.text(directory, ['merge-base', from, to]).catch(() => '')
    return { added, behind, common: common.trim() || null }
  })

/** A name may be a fork's branch, after its owner: `stranger:topic`. Branch names cannot contain colons. */
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
