import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settingsKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

/** Which processes the builds of deploy branches run in, with each value of the template's parameter Isolation. */
const PROJECT = 'gh/ada/web'
const number = (build: number) => ({ project: PROJECT, number: build })

describe.each([
  ['tenant', 'lambci-run-protected', ['cold', 'cold', 'warm']],
  ['process', 'lambci-run-protected-shared', ['cold', 'cold', 'cold']],
] as const)('with Isolation %s', (isolation, name, starts) => {
  let ci: TestSystem
  beforeAll(async () => {
    ci = await openTestSystem({ isolation })
    await putJson(ci.system.store, settingsKeys(PROJECT)[1], { deployBranches: ['main', 'qa'] })
  })
  afterAll(() => ci.close())

  test('builds of two branches share no process, and the deploy succeeds', async () => {
    // $PPID is the runner.
    const processes = 'echo "runner $PPID"'
    const stages = { main: 'production' }
    const at = await ci.write(lambciJson(processes, { stages, deploy: 'echo deployed' }))
    const pids: (string | undefined)[] = []
    for (const [index, branch] of ['main', 'qa', 'main'].entries()) {
      // The first deploy is enough.
      await ci.push(at, 'ada/web', branch, index === 2 ? lambciJson(processes) : {})
      const view = await ci.ended(number(index + 1))
      expect(view).toMatchObject({ status: 'passed', runner: { function: name, start: starts[index] } })
      if (index === 0) expect(view.deploy).toMatchObject({ status: 'succeeded' })
      pids.push(/^runner (\d+)$/m.exec(await ci.log(view))?.[1])
      await ci.settled()
    }
    const [main, qa, nextOfMain] = pids
    expect(pids).not.toContain(undefined)
    expect([main, nextOfMain]).not.toContain(qa)
    expect(main === nextOfMain).toBe(isolation === 'tenant')
    // Lambda reports the ends of these processes as failures. None of them is one of a build.
    for (const build of [1, 2, 3]) expect(await ci.view(number(build))).toMatchObject({ status: 'passed' })
  })
})
