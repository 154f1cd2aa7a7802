import { expect, test } from 'vitest'
import { readLambciJson, readPackageJson } from '../../../src/config/layer.ts'

function errorOf(text: string): string {
  try {
    readLambciJson(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

const REMOVE = "all builds run in the stack's own image. Remove it, and add tools in image/toolchain.sh"
const LANGUAGES = 'the image has Node 24 and Python 3, and image/toolchain.sh adds other versions'

test.each<[string, string]>([
  ['{"steps": ["npm ci", "npm test"]}', '"steps" is not a known key. Write "cmd": "npm ci && npm test".'],
  ['{"steps": [{"run": "make"}, {"uses": "x"}]}', 'Write "cmd": "make".'],
  ['{"steps": {}}', 'Write "cmd": "npm ci && npm test".'],
  ['{"script": "tox"}', '"script" is not a known key. Write "cmd": "tox".'],
  ['{"before_script": ["a", "b"]}', '"before_script" is not a known key. Write "cmd": "a && b && npm test".'],
  ['{"install": true}', 'Write "cmd": "npm ci && npm test".'],
  ['{"after_success": "./coverage"}', 'Write "cmd": "npm ci && npm test && ./coverage".'],
  ['{"services": ["postgres"]}', '"services" is not supported: no containers run beside a build.'],
  ['{"image": "node:22"}', `"image" is not supported: ${REMOVE}`],
  ['{"runs-on": "ubuntu-latest"}', `"runs-on" is not supported: ${REMOVE}`],
  ['{"runsOn": "ubuntu-latest"}', `"runsOn" is not supported: ${REMOVE}`],
  ['{"docker": {"cluster": "x"}}', `"docker" is not supported: ${REMOVE}`],
  ['{"language": "node_js"}', `"language" is not a known key: ${LANGUAGES}`],
  ['{"node_js": ["10"]}', `"node_js" is not a known key: ${LANGUAGES}`],
  ['{"matrix": {}}', '"matrix" belongs to a job. Write "jobs": {"test": {"cmd": "npm test", "matrix": '],
  ['{"needs": ["x"]}', '"needs" belongs to a job. Write "jobs": {"build": "npm run build", "test": '],
  ['{"parallel": 4}', '"parallel" belongs to a job. Write "jobs": {"test": {"cmd": '],
  ['{"fail-fast": false}', '"fail-fast" is not a known key. Write "failFast": false.'],
  ['{"schedule": {}}', '"schedule" is planned but not available in this version; remove it for now.'],
  ['{"retry": {"max": 2}}', 'retry must be a whole number, not an object.'],
  [
    '{"lint": {"stage": "test", "script": ["npm ci", "npm run lint"]}}',
    '"lint" is not a known key. Write jobs into "jobs": {"lint": "npm ci && npm run lint"}.',
  ],
  ['{"stage": "test"}', 'Write "stages": {"main": "production"}.'],
  ['{"pipeline": {}}', 'Write "stages": {"main": "production"}.'],
  ['{"on": ["push"]}', 'Write "branches": {"main": true}.'],
  ['{"workflow": {}}', 'Write "branches": {"main": true}.'],
  ['{"timeout-minutes": 5}', 'write "timeout" in seconds, such as "timeout": 600.'],
  ['{"concurrency": 1}', 'Write "cancelSuperseded": true.'],
  ['{"secrets": {}}', 'set secret variables with "lambci secret set".'],
  ['{"version": 2.1}', '"version" is not a known key, and is not needed. Remove it.'],
  [
    '{"branches": {"dev": {"script": ["a", "b"]}}}',
    'branches.dev: "script" is not a known key. Write "cmd": "a && b".',
  ],
  [
    '{"notifications": {"email": false}}',
    'notifications: "email" is not a known key: mails are sent by Amazon SNS.',
  ],
  ['{"notifications": {"webhooks": []}}', 'notifications: "webhooks" is not supported: subscribe'],
  ['{"notifications": {"on_failure": "always"}}', 'Write "on": "failure" or "on": "change".'],
])('%s is answered with what to write here', (text, expected) => {
  expect(errorOf(text)).toContain(expected)
})

test.each<[string, string]>([
  ['{"cmd": ["npm ci", "npm test"]}', 'a list. Write "cmd": "npm ci && npm test".'],
  [
    '{"branches": {"x": {"cmd": ["a", "b"]}}}',
    'branches.x.cmd must be a command (a string), not a list. Write "cmd": "a && b".',
  ],
  ['{"deploy": {"provider": "npm"}}', 'Write "deploy": "./deploy.sh $LAMBCI_STAGE".'],
  ['{"env": ["A=1", "B=x y"]}', 'Write "env": { "A": "1", "B": "x y" }.'],
  [
    '{"cache": {"directories": ["node_modules", "$HOME/.npm"]}}',
    'Write "cache": [ "node_modules", "~/.npm" ].',
  ],
  ['{"cache": "npm"}', 'Write "cache": [ "~/.npm" ].'],
  ['{"branches": ["main", "release/*"]}', 'Write "branches": { "main": true, "/^release\\\\/.*$/": true }.'],
  ['{"branches": "main"}', 'Write "branches": { "main": true }.'],
  ['{"branches": {"only": ["main", "/^v/"]}}', 'Write "branches": { "main": true, "/^v/": true }.'],
  ['{"branches": {"except": "gh-pages"}}', 'Write "branches": { "gh-pages": false }.'],
  ['{"stages": ["build", "test"]}', 'Write "stages": { "main": "production" }.'],
  ['{"notifications": {"slack": "#ci"}}', 'Write "slack": { "channel": "#ci" }.'],
])('%s is refused with the right form', (text, expected) => {
  expect(errorOf(text)).toContain(expected)
})

test('the same in package.json', () => {
  expect(() => readPackageJson('{"lambci": {"script": "make"}}')).toThrow(
    'package.json: lambci: "script" is not a known key. Write "cmd": "make".',
  )
})

test('a branch may be called like a key of another system', () => {
  const branches = { only: true, steps: false, image: { build: true } }
  expect(readLambciJson(JSON.stringify({ branches }))?.values).toEqual({ branches })
})

test('control characters in a suggestion are escaped', () => {
  expect(errorOf('{"cmd": ["a\\u001b[2J\\u009b"]}')).toContain('Write "cmd": "a\\u001b[2J\\x9b"')
})
