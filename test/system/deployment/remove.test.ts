import { expect, test } from 'vitest'
import { openDeployed } from './account.ts'

const BUCKET = 'lambci-123456789012-eu-west-1'

test('removing asks for the stack’s name; without it, and in a dry run, nothing happens', async () => {
  const { changing, deploy, deployTyping } = await openDeployed()
  const dry = await deploy('--delete', '--delete-bucket', '--yes', '--dry-run')
  expect([dry.exitCode, dry.stdout]).toEqual([0, expect.stringContaining('Nothing has been changed')])
  expect(dry.stdout).toContain(`account 123456789012, eu-west-1, and the bucket ${BUCKET}`)
  // One after the other: the stand-in's account is a file.
  for (const run of [() => deploy('--delete'), () => deployTyping('lambci-bootstrap\n', '--delete')])
    expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes does it') })
  expect(await changing()).toEqual([])
})

test('it waits for what is under way, takes both stacks and the bundles, and leaves the bucket', async () => {
  const { read, amend, deployTyping } = await openDeployed()
  const { lambci, ...others } = (await read()).stacks
  await amend({
    stacks: {
      lambci: { ...lambci, status: 'UPDATE_IN_PROGRESS', next: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'] },
      ...others,
    },
  })
  const { exitCode, stdout, stderr } = await deployTyping('lambci\n', '--delete')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('lambci is in UPDATE_IN_PROGRESS: waiting for it first')
  expect(stdout).toContain(`The bucket ${BUCKET} stays`)
  expect(await read()).toMatchObject({ stacks: {}, buckets: [BUCKET] })
})

test('the bucket goes when that is said, after the stacks, too', async () => {
  const { read, amend, deploy } = await openDeployed()
  await amend({ stacks: {} })
  const { exitCode, stdout } = await deploy('--delete', '--delete-bucket', '--yes')
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('There is no such stack')])
  expect((await read()).buckets).toEqual([])
})
