import type { CheckAction, CheckConclusion, CheckRun } from '../../github/checks.ts'
import { checkIdOf, RERUN_ALL, RERUN_FAILED } from '../../model/check-id.ts'
import type { CommitEntry } from '../../records/commit-record.ts'
import { annotationsOf } from './annotations.ts'
import type { Details } from './details.ts'
import { linkTo } from './markdown.ts'
import { summaryOf } from './summary.ts'

type At = { project: string; repository: string; commit: string; name: string }

// At most 20 characters for a label, 40 for a description. https://docs.github.com/rest/checks/runs
const RETRY: CheckAction = {
  label: 'Re-run failed',
  description: 'Run failed jobs again, keep the rest',
  identifier: RERUN_FAILED,
}
const REBUILD: CheckAction = {
  label: 'Re-run all',
  description: 'Run all jobs again, without a deploy',
  identifier: RERUN_ALL,
}

/**
 * The conclusion of a check run; null while it is in progress. `neutral` and `skipped` are never used: GitHub lets a pull request be merged
 * if its required check has one of them.
 */
export function conclusionOf({ state, isUnstarted, conclusion }: CommitEntry): CheckConclusion | null {
  if (state === 'pending') return isUnstarted ? 'action_required' : null
  return state === 'success' ? 'success' : (conclusion ?? 'failure')
}

/** The check run that shows a truth. `details`: those of its build, if that has ended. A pure function. */
export function checkRunOf(at: At, truth: CommitEntry, details: Details | null): CheckRun {
  const { project, repository, commit, name } = at
  const { number, targetUrl, description } = truth
  const conclusion = conclusionOf(truth)
  const hasEnded = conclusion !== null && conclusion !== 'action_required'
  return {
    ...{ repository, commit, name, conclusion },
    externalId: checkIdOf({ project, number }),
    detailsUrl: targetUrl,
    title: description,
    summary: details ? summaryOf(details, targetUrl) : linkTo(targetUrl, 'Log and details'),
    annotations: details ? annotationsOf(details.failures) : [],
    actions: hasEnded ? [...(details?.mayRetry ? [RETRY] : []), REBUILD] : [],
  }
}
