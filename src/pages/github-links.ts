import type { View } from '../records/view.ts'

type Linked = Pick<
  View,
  'repository' | 'cloneRepository' | 'commit' | 'baseCommit' | 'checkoutBranch' | 'pullRequest' | 'author'
>

/** Pages of GitHub about a build; null where there is none. */
export type GitHubLinks = {
  commit: string
  /** For a pull request, the branch to merge. */
  branch: string | null
  pullRequest: string | null
  /** The changes of a push. */
  comparison: string | null
  author: string | null
  /** A place in the commit, by a path relative to its root. */
  placeIn: (file: string, line: number | null) => string
}

/** A login has letters, digits and dashes. That of an App ends with `[bot]`, and its page is elsewhere. */
const LOGIN = /^[A-Za-z0-9-]{1,39}$/

/** @param url of GitHub's pages, such as `https://github.com` */
export function githubLinks(view: Linked, url: string): GitHubLinks {
  const { repository, cloneRepository, commit, baseCommit, checkoutBranch, pullRequest, author } = view
  const base = url.replace(/\/+$/, '')
  const at = `${base}/${repository}`
  const branch = checkoutBranch.split('/').map(encodeSegment).join('/')
  return {
    commit: `${at}/commit/${commit}`,
    branch: cloneRepository === null ? null : `${base}/${cloneRepository}/tree/${branch}`,
    pullRequest: pullRequest === null ? null : `${at}/pull/${pullRequest}`,
    comparison:
      baseCommit === null || pullRequest !== null
        ? null
        : comparisonLink(url, repository, baseCommit, commit),
    placeIn: (file, line) =>
      `${at}/blob/${commit}/${file.split('/').map(encodeSegment).join('/')}${line === null ? '' : `#L${line}`}`,
    author: author.login !== null && LOGIN.test(author.login) ? `${base}/${author.login}` : null,
  }
}

/** GitHub's page of the changes from one commit to another. */
export const comparisonLink = (url: string, repository: string, from: string, to: string) =>
  `${url.replace(/\/+$/, '')}/${repository}/compare/${from}...${to}`

/** A browser would resolve `.` and `..`, however they are encoded. No branch of git has such a part. */
const encodeSegment = (segment: string) => (/^\.{1,2}$/.test(segment) ? '%2500' : encodeURIComponent(segment))
