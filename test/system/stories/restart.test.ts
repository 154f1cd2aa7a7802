import { expect, test } from 'vitest'
import { lambciJson, openTestSystem } from '../../support/test-system.ts'

test('a restart with the same data ends the interrupted build and continues with the next number', async () => {
  const first = await openTestSystem()
  const at = await first.write(lambciJson('echo begun; sleep 1000'))
  await first.push(at, 'here/again', 'master')
  const build = { project: 'gh/here/again', number: 1 }
  await first.until('the start', async () => (await first.view(build))?.status === 'running')
  await first.system.close()

  const next = await openTestSystem({ root: first.directory })
  try {
    expect(await next.ended(build)).toMatchObject({
      status: 'errored',
      reason: expect.stringContaining('The job died'),
    })
    await next.push(at, 'here/again', 'master', lambciJson('echo quick'))
    expect(await next.ended({ ...build, number: 2 })).toMatchObject({ status: 'passed' })
    expect(next.system.keys).toEqual(first.system.keys)
  } finally {
    await next.close()
  }
})
