import { expect, test } from 'vitest'
import type { Conclusion } from '../../../src/model/conclusion.ts'
import type { Deploy } from '../../../src/records/report-record.ts'
import { endAfterDeploy } from '../../../src/reporting/end-after-deploy.ts'
import { makeBuild } from '../../support/records.ts'
import { deployOf } from '../../support/report-world.ts'

const PUSHED = makeBuild()
const BY_HAND = makeBuild({ event: 'deploy', target: { stage: 'production', of: 3, by: null } })
const FAILURE = './deploy.sh ended with exit code 3'
const SUPERSEDED = 'Superseded by #9'
const ALLOWED = 'lint failed, which is allowed'
const SENTENCE = 'Tests passed, deploy to production failed'

type Row = [
  string,
  Deploy['status'],
  string | null,
  Conclusion,
  [Conclusion, string | null],
  [Conclusion, string | null],
]

/** How a build ends that was pushed, and one that only deploys. */
test.each<Row>([
  ['succeeded', 'succeeded', null, 'passed', ['passed', ALLOWED], ['passed', null]],
  ['failed', 'failed', FAILURE, 'failed', ['failed', `${SENTENCE}: ${FAILURE}`], ['failed', FAILURE]],
  ['failed without a reason', 'failed', null, 'failed', ['failed', SENTENCE], ['failed', null]],
  [
    'was wrong',
    'failed',
    'It is another.',
    'errored',
    ['errored', `${SENTENCE}: It is another.`],
    ['errored', 'It is another.'],
  ],
  ['was withheld', 'cancelled', SUPERSEDED, 'skipped', ['passed', ALLOWED], ['cancelled', SUPERSEDED]],
  [
    'was cancelled by a person',
    'cancelled',
    'Cancelled by ada',
    'cancelled',
    ['passed', ALLOWED],
    ['cancelled', 'Cancelled by ada'],
  ],
])('the end of a build whose deploy %s', (_, status, reason, conclusion, pushed, byHand) => {
  const deploy = deployOf(status, { reason })
  const endOf = (build: typeof PUSHED) => {
    const end = endAfterDeploy(build, deploy, conclusion === 'errored', ALLOWED)
    return [end.conclusion, end.reason]
  }
  expect([endOf(PUSHED), endOf(BY_HAND)]).toEqual([pushed, byHand])
})

test('a failed deploy never passes, whatever its job says, and what has succeeded is no failure', () => {
  for (const conclusion of ['passed', 'failed', 'errored', 'cancelled', 'skipped'] as const)
    for (const build of [PUSHED, BY_HAND]) {
      const red = endAfterDeploy(build, deployOf('failed'), conclusion === 'errored', null).conclusion
      expect(red).toBe(conclusion === 'errored' ? 'errored' : 'failed')
      expect(endAfterDeploy(build, deployOf('succeeded'), conclusion === 'errored', null).conclusion).toBe(
        'passed',
      )
    }
})
