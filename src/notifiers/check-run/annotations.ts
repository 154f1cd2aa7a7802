import { stripVTControlCharacters } from 'node:util'
import type { Annotation } from '../../github/checks.ts'
import { titleOfTest } from '../../model/tests.ts'
import { type FailedTest, MOST_FAILURES } from './details.ts'
import { printable } from './markdown.ts'

/** GitHub's limit for a title. https://docs.github.com/rest/checks/runs */
const MOST_TITLE = 255
const MOST_MESSAGE = 4000

/** The annotations of tests that failed in a file of the repository. GitHub shows their texts unchanged. */
export const annotationsOf = (failures: readonly FailedTest[]): Annotation[] =>
  failures
    .flatMap(failure => {
      const { file, line, job, isAllowed } = failure
      if (file === null || !isInRepository(file)) return []
      const title = printable(`${job === null ? '' : `${job}: `}${titleOfTest(failure)}`, MOST_TITLE)
      const level = isAllowed ? ('warning' as const) : ('failure' as const)
      return [{ path: file, line: line ?? 1, level, title, message: messageOf(failure) }]
    })
    .slice(0, MOST_FAILURES)

/** Whether a path is that of a file below the root of a repository, in its simplest form. */
export const isInRepository = (path: string): boolean =>
  path.isWellFormed() &&
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]|^[A-Za-z]:/u.test(path) &&
  path.split('/').every(part => part !== '' && part !== '.' && part !== '..' && part !== '.git')

/** GitHub does not accept an empty message. */
function messageOf({ message }: FailedTest): string {
  const text = stripVTControlCharacters(message)
    .replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .slice(0, MOST_MESSAGE)
    .toWellFormed()
    .trim()
  return text || 'The report has no message.'
}
