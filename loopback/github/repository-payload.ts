import { type Addresses, accountPayload, nodeId } from './account-payload.ts'
import { fullName, type Repository } from './repositories.ts'

/** The links of a repository, as suffixes of its API URL. */
const LINKS = {
  forks_url: '/forks',
  keys_url: '/keys{/key_id}',
  collaborators_url: '/collaborators{/collaborator}',
  teams_url: '/teams',
  hooks_url: '/hooks',
  issue_events_url: '/issues/events{/number}',
  events_url: '/events',
  assignees_url: '/assignees{/user}',
  branches_url: '/branches{/branch}',
  tags_url: '/tags',
  blobs_url: '/git/blobs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  git_refs_url: '/git/refs{/sha}',
  trees_url: '/git/trees{/sha}',
  statuses_url: '/statuses/{sha}',
  languages_url: '/languages',
  stargazers_url: '/stargazers',
  contributors_url: '/contributors',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  commits_url: '/commits{/sha}',
  git_commits_url: '/git/commits{/sha}',
  comments_url: '/comments{/number}',
  issue_comment_url: '/issues/comments{/number}',
  contents_url: '/contents/{+path}',
  compare_url: '/compare/{base}...{head}',
  merges_url: '/merges',
  archive_url: '/{archive_format}{/ref}',
  downloads_url: '/downloads',
  issues_url: '/issues{/number}',
  pulls_url: '/pulls{/number}',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  labels_url: '/labels{/name}',
  releases_url: '/releases{/id}',
  deployments_url: '/deployments',
}

export const ownerOf = ({ owner, ownerType }: Repository) => ({ login: owner, type: ownerType })
export const apiUrlOf = ({ apiUrl }: Addresses, repository: Repository) =>
  `${apiUrl}/repos/${fullName(repository)}`
export const htmlUrlOf = ({ url }: Addresses, repository: Repository) => `${url}/${fullName(repository)}`

/** A repository in GitHub's format. Fields without a counterpart on this server are empty. */
export function repositoryPayload(addresses: Addresses, repository: Repository) {
  const api = apiUrlOf(addresses, repository)
  const html = htmlUrlOf(addresses, repository)
  const path = fullName(repository)
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: path,
    private: repository.private,
    visibility: repository.private ? 'private' : 'public',
    owner: accountPayload(addresses, ownerOf(repository)),
    html_url: html,
    description: null,
    fork: repository.network !== null,
    url: api,
    ...Object.fromEntries(Object.entries(LINKS).map(([name, suffix]) => [name, api + suffix])),
    created_at: repository.createdAt,
    updated_at: repository.pushedAt,
    pushed_at: repository.pushedAt,
    git_url: `${html.replace(/^http/, 'git')}.git`,
    ssh_url: `git@${new URL(html).hostname}:${path}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    homepage: null,
    language: null,
    license: null,
    mirror_url: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    forks_count: 0,
    open_issues_count: 0,
    forks: 0,
    open_issues: 0,
    watchers: 0,
    has_issues: false,
    has_projects: false,
    has_downloads: false,
    has_wiki: false,
    has_pages: false,
    archived: false,
    disabled: false,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    custom_properties: {},
    default_branch: repository.defaultBranch,
  }
}
