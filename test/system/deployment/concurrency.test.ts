import { expect, test } from 'vitest'
import { openAccount, openDeployed } from './account.ts'

const WITHOUT =
  'http and report have no executions of their own: builds that use up all of them keep them waiting.'

test('a deploy says whether there is room for executions of http and report alone', async () => {
  const { deploy, amend } = await openDeployed()
  expect((await deploy()).stdout).toContain(
    `${WITHOUT} There is no room for that: the account's quota is 10, of which Lambda keeps 100 for functions that reserve none. OwnConcurrency=20 fits from a quota of 140.`,
  )
  amend({ concurrency: 139 })
  expect((await deploy('--dry-run')).stdout).toContain('OwnConcurrency=20 fits from a quota of 140.')
  amend({ concurrency: 140 })
  expect((await deploy('--dry-run')).stdout).toContain(`${WITHOUT} There is room: --param OwnConcurrency=20`)
  const reserved = await deploy('--param', 'OwnConcurrency=20')
  expect([reserved.exitCode, reserved.stdout.includes('executions of their own')]).toEqual([0, false])
  // What is reserved already still fits, also if it is the only thing that does.
  const again = await deploy()
  expect([again.exitCode, again.stdout.includes('executions of their own')]).toEqual([0, false])
})

test('what does not fit is refused before anything is changed', async () => {
  const { changing, deploy, amend } = await openAccount({ concurrency: 1000 })
  const { exitCode, stderr } = await deploy('--param', 'OwnConcurrency=51', '--param', 'BuildConcurrency=200')
  expect([exitCode, stderr]).toEqual([
    2,
    "\ndeploy: There is no room for 902 reserved executions (OwnConcurrency for http and report, BuildConcurrency for four functions): the account's quota is 1000, of which Lambda keeps 100 for functions that reserve none. They fit from a quota of 1002. Ask for it: aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value NUMBER --region eu-west-1\n",
  ])
  expect(changing()).toEqual([])
  expect((await deploy('--dry-run', '--param', 'OwnConcurrency=451')).exitCode).toBe(2)
  // Fewer are always allowed.
  amend({ concurrency: 100 })
  expect((await deploy('--dry-run', '--param', 'OwnConcurrency=0')).exitCode).toBe(0)
})

test('without the right to see the quota, a deploy prints no note', async () => {
  const { deploy } = await openDeployed({ trouble: { denied: 'GetAccountSettings' } })
  const { exitCode, stdout } = await deploy('--dry-run')
  expect([exitCode, stdout.includes('executions of their own')]).toEqual([0, false])
})
