import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { editJson } from '../../../src/account/edit-json.ts'
import { parseJson } from '../../../src/config/json.ts'
import { runnerSecretsKey } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { SLACK_TOKEN, type SlackServer, startSlack } from '../../support/slack-server.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

let slack: SlackServer
let ci: TestSystem
beforeAll(async () => {
  slack = await startSlack()
  ci = await openTestSystem({ slackApiUrl: slack.url, mixesTenants: true })
  await editJson(ci.system.store, runnerSecretsKey, parseJson, secrets => ({
    ...secrets,
    slackToken: SLACK_TOKEN,
  }))
})
afterAll(async () => {
  await ci.close()
  await slack.close()
})

const inSlack = (repository: string) => slack.messages.filter(({ text }) => text.includes(repository))

test('a build has one message, posted at its start and edited at its end', async () => {
  const seen = join(ci.directory, 'seen')
  const at = await ci.write(
    lambciJson(`until [ -e ${seen} ]; do sleep 0.05; done; echo trouble; exit 1`, {
      notifications: { slack: { channel: '#web' } },
    }),
  )
  await ci.push(at, 'ada/slack', 'master')
  await ci.until('the start', async () => inSlack('ada/slack')[0]?.text.includes('Running'))
  await writeFile(seen, '')
  const view = await ci.ended({ project: 'gh/ada/slack', number: 1 })
  expect(view.status).toBe('failed')
  expect(inSlack('ada/slack')).toMatchObject([
    { channel: 'C-#web', edited: 1, text: expect.stringMatching(/Failed: [\s\S]*```[\s\S]*trouble/) },
  ])
})

test('with "failure" only a failed end is posted', async () => {
  const on = (cmd: string) => lambciJson(cmd, { notifications: { on: 'failure' } })
  const at = await ci.write(on('sleep 1'))
  await ci.push(at, 'ada/quiet', 'master')
  await ci.ended({ project: 'gh/ada/quiet', number: 1 })
  await ci.push(at, 'ada/quiet', 'master', on('sleep 1; exit 1'))
  await ci.ended({ project: 'gh/ada/quiet', number: 2 })
  expect(inSlack('ada/quiet')).toMatchObject([{ edited: 0, text: expect.stringContaining('#2') }])
})

test('a refusal by Slack is only recorded in the report', async () => {
  slack.behave(() => 'channel_not_found')
  const at = await ci.write(lambciJson('true'))
  const commit = await ci.push(at, 'ada/refused', 'master')
  const build = { project: 'gh/ada/refused', number: 1 }
  expect((await ci.ended(build)).status).toBe('passed')
  const report = await readReport(ci.system.store, build)
  expect(report?.delivered.slack).toMatchObject({ error: 'Slack refused the message: channel_not_found' })
  expect((await ci.statuses('ada/refused', commit)).at(-1)).toMatch(/^success/)
  slack.behave(() => 'ok')
})
