import { afterAll, beforeAll, expect, test } from 'vitest'
import { editJson } from '../../src/account/edit.ts'
import { runnerSecretsKey } from '../../src/build/layout.ts'
import { readReport } from '../../src/build/records.ts'
import { SLACK_TOKEN, type SlackServer, startSlack } from '../report/slack-server.ts'
import { lambciJson, openTown, type Town } from './town.ts'

let slack: SlackServer
let town: Town
beforeAll(async () => {
  slack = await startSlack()
  town = await openTown({ slackApiUrl: slack.url })
  await editJson(town.system.store, runnerSecretsKey, standing => ({ ...standing, slackToken: SLACK_TOKEN }))
})
afterAll(async () => {
  await town.close()
  await slack.close()
})

const inSlack = (repository: string) => slack.messages.filter(({ text }) => text.includes(repository))

test('a build is one message, from its start to its end', async () => {
  const at = await town.write(
    lambciJson('sleep 2; echo trouble; exit 1', { notifications: { slack: { channel: '#web' } } }),
  )
  await town.push(at, 'ada/slack', 'master')
  await town.until('the start', async () => inSlack('ada/slack')[0]?.text.includes('Running'))
  const view = await town.ended({ project: 'gh/ada/slack', number: 1 })
  expect(view.status).toBe('failed')
  expect(inSlack('ada/slack')).toMatchObject([
    { channel: 'C-#web', edited: 1, text: expect.stringMatching(/Failed: [\s\S]*```[\s\S]*trouble/) },
  ])
})

test('with "failure" only red ends are told, with no start', async () => {
  const on = (cmd: string) => lambciJson(cmd, { notifications: { on: 'failure' } })
  const at = await town.write(on('sleep 1'))
  await town.push(at, 'ada/quiet', 'master')
  await town.ended({ project: 'gh/ada/quiet', number: 1 })
  await town.push(at, 'ada/quiet', 'master', on('sleep 1; exit 1'))
  await town.ended({ project: 'gh/ada/quiet', number: 2 })
  expect(inSlack('ada/quiet')).toMatchObject([{ edited: 0, text: expect.stringContaining('#2') }])
})

test('Slack that refuses changes nothing but a note in the report', async () => {
  slack.behave(() => 'channel_not_found')
  const at = await town.write(lambciJson('true'))
  const commit = await town.push(at, 'ada/refused', 'master')
  const build = { project: 'gh/ada/refused', number: 1 }
  expect((await town.ended(build)).status).toBe('passed')
  const report = await readReport(town.system.store, build)
  expect(report?.value.told.slack?.error).toBe('Slack refused the message: channel_not_found')
  expect((await town.statuses('ada/refused', commit)).at(-1)).toMatch(/^success/)
  slack.behave(() => 'ok')
})
