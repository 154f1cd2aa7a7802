import { expect, test } from 'vitest'
import { describeNext, type ExampleBuild } from '../../../src/cli/commands/local-text.ts'
import { viewWith } from '../../support/records.ts'

test('the commands to try next name the addresses and the data of this system', () => {
  const addresses = {
    github: 'http://127.0.0.1:4303',
    s3: 'http://127.0.0.1:4301',
    bucket: 'lambci',
    region: 'us-east-1',
  } as ExampleBuild['addresses']
  const view = viewWith({ build: { repository: 'example/hello', number: 1 } })
  const next = describeNext({ view, addresses, directory: '/data' }, (_, text) => text)
  expect(next).toContain('\n  git remote add local http://127.0.0.1:4303/you/project.git\n')
  expect(next).toContain('\n  lambci logs example/hello#1 --data /data\n')
  expect(next).toContain('AWS_ENDPOINT_URL_S3=http://127.0.0.1:4301\n')
})
