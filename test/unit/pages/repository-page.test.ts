import { expect, test } from 'vitest'
import { attemptOf, type Current, deploymentOf } from '../../../src/deploy/deployments.ts'
import { renderRepositoryPage } from '../../../src/pages/repository-page.ts'
import { after, makeBuild } from '../../support/records.ts'

const begun = { url: null, startedAt: after(0), fence: 1 }
const ended = { ...begun, endedAt: after(60), reason: null, cost: null }
const good = deploymentOf(makeBuild({ number: 6 }), { ...ended, status: 'succeeded' })

test.each<[string, Current['latest'], string]>([
  ['that runs', attemptOf(makeBuild(), begun), 'deploying in <a href="/7">#7</a>'],
  [
    'that failed',
    deploymentOf(makeBuild(), { ...ended, status: 'failed' }),
    'deploy failed in <a href="/7">#7</a>',
  ],
])('a stage shows what runs there, and a deploy %s', async (_, latest, expected) => {
  const page = await renderRepositoryPage({
    repository: 'ada/web',
    builds: [],
    branches: [],
    stages: [{ stage: 'qa', deployed: good, latest, hold: null }],
    filter: { branch: '', status: '' },
    linkTo: number => `/${number}`,
    badge: { path: '/badge', url: 'https://ci.example.com/badge.svg' },
    key: null,
  })
  expect(`${page}`).toContain('<a href="/6">#6</a>')
  expect(`${page}`).toContain(expected)
})
