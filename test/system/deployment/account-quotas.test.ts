import { expect, test } from 'vitest'
import { openAccount, openDeployed } from './account.ts'

test('an account in which CodeBuild may run no build is refused before anything is changed, with two ways out', async () => {
  const { changing, deploy } = await openAccount({ trouble: { codeBuildQuota: 0 } })
  const refused = await deploy()
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    '\ndeploy: CodeBuild may run no build in this account, as in many new ones (Concurrently running builds for Linux/Small environment: 0), so the image cannot be built there. Request 1: aws service-quotas request-service-quota-increase --service-code codebuild --quota-code L-00000003 --desired-value 1 --region eu-west-1. Or build the image with Docker on your machine: add --docker.\n',
  ])
  expect((await deploy('--architecture', 'arm64', '--dry-run')).stderr).toContain(
    'for ARM/Small environment: 0',
  )
  expect(changing()).toEqual([])
  const image = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1'
  expect((await deploy('--image', image, '--dry-run')).exitCode).toBe(0)
})

test('where the quotas may not be seen, the refusal of CodeBuild has the ways out', async () => {
  const { deploy } = await openAccount({ trouble: { codeBuildQuota: 0, denied: 'ListServiceQuotas' } })
  const { exitCode, stderr } = await deploy()
  expect(exitCode).toBe(1)
  expect(stderr).toContain(
    'Cannot have more than 0 builds in queue for the account. Many new accounts may not use CodeBuild at first',
  )
  expect(stderr).toContain('build the image with Docker on your machine: add --docker')
})

test('memory above 3,008 MB is explained in a new account, and left alone in another', async () => {
  const { deploy, amend } = await openDeployed()
  const given = ['--param', 'BuildMemory=4096', '--dry-run']
  expect((await deploy(...given)).stdout).toContain(
    'This seems to be a new account: its quota of concurrent executions is 10. Lambda gives functions of new accounts at most 3,008 MB, and may refuse BuildMemory=4096: --param BuildMemory=3008 always works',
  )
  expect((await deploy('--param', 'BuildMemory=3008', '--dry-run')).stdout).not.toContain('new account')
  amend({ concurrency: 1000 })
  expect((await deploy(...given)).stdout).not.toContain('new account')
  const reason =
    'Resource handler returned message: "\'MemorySize\' value failed to satisfy constraint: Member must have value less than or equal to 3008"'
  amend({ trouble: { resource: { lambci: reason } } })
  const failed = await deploy('--param', 'BuildMemory=4096')
  expect(failed.stderr).toContain('--param BuildMemory=3008 always works, and AWS Support raises the limit.')
})
