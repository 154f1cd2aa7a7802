import { expect, test } from 'vitest'
import { openDeployed } from './account.ts'
import type { Stack } from './aws-stand-in.ts'

const BUCKET = 'lambci-123456789012-eu-west-1'

test('a removal asks for the name of the stack; without it, and in a dry run, nothing is deleted', async () => {
  const { changing, deploy, deployTyping } = await openDeployed()
  const dry = await deploy('--delete', '--delete-bucket', '--yes', '--dry-run')
  expect([dry.exitCode, dry.stdout]).toEqual([0, expect.stringContaining('Nothing was changed')])
  expect(dry.stdout).toContain(`account 123456789012, eu-west-1, and the bucket ${BUCKET}`)
  // One after the other, because they use the same account.
  for (const run of [() => deploy('--delete'), () => deployTyping('lambci-bootstrap\n', '--delete')])
    expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Use --yes to delete') })
  expect(changing()).toEqual([])
})

test('a removal waits for a running operation, deletes both stacks and the bundles, and keeps the bucket', async () => {
  const { read, amend, deployTyping } = await openDeployed()
  const { lambci, ...others } = read().stacks
  amend({
    stacks: {
      lambci: {
        ...(lambci as Stack),
        status: 'UPDATE_IN_PROGRESS',
        next: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'],
      },
      ...others,
    },
  })
  const { exitCode, stdout, stderr } = await deployTyping('lambci\n', '--delete')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('lambci is in UPDATE_IN_PROGRESS: waiting')
  expect(stdout).toContain(`The bucket ${BUCKET} is kept`)
  expect(read()).toMatchObject({ stacks: {}, buckets: [BUCKET] })
})

test('--delete-bucket deletes the bucket, even if the stacks are already deleted', async () => {
  const { read, amend, deploy } = await openDeployed()
  amend({ stacks: {} })
  const { exitCode, stdout } = await deploy('--delete', '--delete-bucket', '--yes')
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('The stack does not exist')])
  expect(read().buckets).toEqual([])
})
