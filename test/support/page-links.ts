import { type BuildLinks, linksOf } from '../../src/pages/build-links.ts'
import { githubLinks } from '../../src/pages/github-links.ts'
import { leadLogOf } from '../../src/pages/shown-log.ts'
import { buildPath, repositoryPath } from '../../src/records/links.ts'
import type { View } from '../../src/records/view.ts'

/** The links of a public build's page. */
export const publicLinks = (view: View): BuildLinks =>
  linksOf(view, leadLogOf(view), {
    key: undefined,
    repository: repositoryPath(view.project),
    github: githubLinks(view, 'https://github.com'),
    linkTo: number => buildPath({ project: view.project, number }),
    hasAll: false,
  })

/** Of a page without anything around its build. */
export const NOTHING_AROUND = {
  related: { previous: null, next: null, ofCommit: [] },
  counts: { tests: null, artifacts: null },
  isPrivate: false,
}
