import { expect, test } from 'vitest'
import { openAccount, openDeployed } from './account.ts'

test('a deploy ends with a self-test, and prints what each function answered', async () => {
  const { deploy } = await openDeployed({ trouble: { faulty: 'branch' } })
  const { exitCode, stdout } = await deploy()
  // The stack is there: a fault in the image does not undo it.
  expect(exitCode).toBe(0)
  const lines = stdout.split('\n')
  const start = lines.findIndex(line => line.startsWith('Self-test:'))
  expect(lines.slice(start + 1, start + 7)).toEqual([
    '  ok     the URL took the message',
    '  ok     run-fork: 2 tools work (2048 MB, x64, 4.2 s)',
    '  FAULT  run-branch: some tools do not work (2048 MB, x64, 4.2 s)',
    '           FAULT  aws  not found',
    '  ok     run-protected: 2 tools work (2048 MB, x64, 4.2 s)',
    '  ok     run-deploy: 2 tools work (2048 MB, x64, 4.2 s)',
  ])
  expect(stdout.indexOf('Self-test:')).toBeLessThan(stdout.indexOf('The deploy is complete.'))
})

test('the key of a self-test is in the bucket, and on no command line', async () => {
  const { deploy, read, calls } = await openAccount()
  expect((await deploy()).exitCode).toBe(0)
  const [request] = Object.entries(read().selfTests).filter(([key]) => key.endsWith('/request.json'))
  const { key } = JSON.parse(request?.[1] ?? '{}')
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(calls().join('\n')).not.toContain(key)
})

test('a URL that does not answer is a fault in words, and the deploy is complete', async () => {
  const account = await openDeployed()
  // Nothing listens on this port.
  account.amend({ url: 'http://127.0.0.1:9' })
  const { exitCode, stdout } = await account.deploy()
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(
    / {2}FAULT {2}http:\/\/127\.0\.0\.1:9 cannot be reached: .+\. The log of the http function/,
  )
  expect(stdout).toContain('The deploy is complete.')
})
