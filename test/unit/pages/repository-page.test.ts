import { expect, test } from 'vitest'
import { renderBuildRow } from '../../../src/pages/build-row.ts'
import type { Behind } from '../../../src/pages/commits-behind.ts'
import { renderRepositoryPage } from '../../../src/pages/repository-page.ts'
import type { ShownStage } from '../../../src/pages/shown-stages.ts'
import { attemptOf, type Current, deploymentOf } from '../../../src/records/deployments.ts'
import { after, makeBuild, viewWith } from '../../support/records.ts'

const begun = { url: null, startedAt: after(0), fence: 1 }
const ended = { ...begun, endedAt: after(60), reason: null, cost: null }
const good = deploymentOf(makeBuild({ number: 6 }), { ...ended, status: 'succeeded' })

/** The page of a repository with one stage. */
const pageWith = async (stage: Omit<ShownStage, 'isPartial'>, behind: Behind | null = null) =>
  `${await renderRepositoryPage({
    repository: 'ada/web',
    crumbs: [],
    spent: null,
    builds: [],
    older: null,
    branches: [],
    stages: [{ ...stage, isPartial: false }],
    filter: { branch: '', status: '' },
    behindOf: () => behind,
    linkTo: number => `/${number}`,
    badge: { path: '/badge', url: 'https://ci.example.com/badge.svg' },
    key: null,
  })}`

test.each<[string, Current['latest'], string]>([
  ['that runs', attemptOf(makeBuild(), begun), 'deploying in <a href="/7">#7</a>'],
  [
    'that failed',
    deploymentOf(makeBuild(), { ...ended, status: 'failed' }),
    'deploy failed in <a href="/7">#7</a>',
  ],
])('a stage shows what runs there, and a deploy %s', async (_, latest, expected) => {
  const page = await pageWith({ stage: 'qa', deployed: good, latest, hold: null })
  expect(page).toContain('<a href="/6">#6</a>')
  expect(page).toContain(expected)
  expect(page).not.toContain('held by')
})

test.each<[string, string]>([
  ['ada', 'ada'],
  ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
])('a stage that people hold says who does: %s', async (by, expected) => {
  const hold = { by, at: after(0).toISOString(), build: null }
  const page = await pageWith({ stage: 'qa', deployed: good, latest: good, hold })
  expect(page).toContain(`<p class="soft">held by ${expected}</p>`)
})

test('a stage whose deploy failed shows the command that deploys the last successful one again', async () => {
  const failed = deploymentOf(makeBuild(), { ...ended, status: 'failed' })
  const command = '>lambci rollback ada/web qa</code>'
  const page = await pageWith({ stage: 'qa', deployed: good, latest: failed, hold: null })
  expect(page).toContain(command)
  expect(page).toContain('To roll back to #6: ')
  for (const latest of [good, attemptOf(makeBuild(), begun)])
    expect(await pageWith({ stage: 'qa', deployed: good, latest, hold: null })).not.toContain('rollback')
  // There is nothing to go back to.
  expect(await pageWith({ stage: 'qa', deployed: null, latest: failed, hold: null })).not.toContain(
    'rollback',
  )
})

test('a stage says which deploy by hand holds it, who has requested that, and that nothing was deployed there', async () => {
  const hold = { by: 'bob', at: after(0).toISOString(), build: 8 }
  const build = makeBuild({ number: 8, target: { stage: 'qa', of: 3, by: 'bob' } })
  const byHand = deploymentOf(build, { ...ended, status: 'succeeded' })
  const page = await pageWith({ stage: 'qa', deployed: byHand, latest: byHand, hold })
  expect(page).toContain(', by bob</p>')
  expect(page).toContain('<p class="soft">held by bob until a push after #8</p>')
  const empty = await pageWith({ stage: 'qa', deployed: null, latest: null, hold: { ...hold, build: null } })
  expect(empty).toContain(
    '<b>qa</b> <span class="soft">nothing yet</span></p><p class="soft">held by bob</p>',
  )
})

test('the row of a build that only repeats a job says so, however often that passed', () => {
  const build = { repeats: { job: 'unit <2/2>', times: 3 }, rebuildOf: 6 }
  expect(`${renderBuildRow(viewWith({ build }), '/7')}`).toContain('only repeats unit &lt;2/2&gt; of #6')
  expect(`${renderBuildRow(viewWith(), '/7')}`).not.toContain('only repeats')
})

test('a stage says how far it is behind the default branch, with the comparison', async () => {
  const link = 'https://github.com/ada/web/compare/a...b'
  const stage = { stage: 'qa', deployed: good, latest: good, hold: null }
  const page = (count: number, branch: string) => pageWith(stage, { count, branch, link })
  expect(await page(3, 'main')).toContain(`<a href="${link}" rel="noreferrer">3 commits behind main</a>`)
  expect(await page(1, '<b>')).toContain('>1 commit behind &lt;b&gt;</a>')
  expect(await pageWith(stage)).not.toContain('behind')
})
