import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAccount, openDeployed, ROOT, readBundles, SCRIPT } from './account.ts'

test('the first deploy creates both stacks, the bundles and the image, and prints the webhook URL', async () => {
  const { read, calls, deploy } = await openAccount({}, await readBundles())
  const args = ['--email', 'you@example.com', '--param', 'BuildMemory=3008']
  const { exitCode, stdout, stderr } = await deploy(...args)
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Webhook   https://abc.lambda-url.eu-west-1.on.aws/webhook')
  expect(stdout).toContain('you@example.com receives notifications after you confirm')
  expect(stdout).toContain('Next, connect the stack to GitHub: lambci setup --stack lambci')
  expect(stdout).toMatch(/create complete +HttpFunction \(Lambda::Function\)/)
  const { stacks, objects, images } = read()
  expect(stacks).toMatchObject({
    'lambci-bootstrap': { status: 'CREATE_COMPLETE' },
    lambci: {
      status: 'CREATE_COMPLETE',
      parameters: {
        ArtifactBucket: 'lambci-bootstrap-123456789012-eu-west-1',
        HttpBundle: expect.stringMatching(/^http\/[0-9a-f]{20}\.zip$/),
        ReportBundle: expect.stringMatching(/^report\//),
        BuildImage: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/lambci-bootstrap:${images[0]}`,
        NotificationEmail: 'you@example.com',
        BuildMemory: '3008',
      },
    },
  })
  expect(objects).toHaveLength(4)
  const commands = calls()
  for (const call of commands.slice(1).filter(call => !call.startsWith('configure')))
    expect(call).toContain('--region eu-west-1')
})

test('a second deploy without changes does nothing; a changed parameter keeps the others', async () => {
  const { read, changing, deploy } = await openDeployed()
  const again = await deploy()
  expect([again.exitCode, again.stderr]).toEqual([0, ''])
  expect(again.stdout.match(/is up to date/g)).toHaveLength(2)
  expect(changing().every(call => /(create|delete)-change-set/.test(call))).toBe(true)

  await deploy('--param', 'BuildTimeout=600')
  expect(read().stacks.lambci).toMatchObject({
    status: 'UPDATE_COMPLETE',
    parameters: { NotificationEmail: 'you@example.com', BuildTimeout: '600' },
  })
})

test('scripts/deploy works in any directory; the next command uses the same account and region', async () => {
  const { read, deploy, runProgram } = await openAccount({}, await readBundles())
  expect((await deploy('--email', 'you@example.com')).exitCode).toBe(0)
  const help = await runProgram(SCRIPT, '--help')
  expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining('Usage: deploy [options]')])
  const { exitCode, stdout, stderr } = await runProgram(SCRIPT, '--region', 'eu-west-1', '--profile', 'work')
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain(
    'Next, connect the stack to GitHub: AWS_REGION=eu-west-1 AWS_PROFILE=work lambci setup --stack lambci',
  )
  // The script has made the same bundles as the deploy before.
  expect(read().objects).toHaveLength(4)
  const missing = await runProgram(SCRIPT, '--dockerfile', 'Own.Dockerfile')
  expect(missing.exitCode).toBe(2)
  expect(missing.stderr).toMatch(/There is no Dockerfile at .*lambci-deploy-\w+\/Own\.Dockerfile\. /)
})

test('a dry run prints what would be done, and changes nothing', async () => {
  const { amend, changing, deploy } = await openAccount()
  const first = await deploy('--dry-run', '--param', 'BuildMemory=1024')
  expect([first.exitCode, first.stderr]).toEqual([0, ''])
  expect(first.stdout).toMatch(/- create lambci-bootstrap\n/)
  expect(first.stdout).toMatch(
    /- build the image on public\.ecr\.aws\/lambda\/nodejs:24 with CodeBuild\n- create lambci with BuildMemory=1024\n/,
  )
  amend({
    buckets: ['lambci-123456789012-eu-west-1'],
    stacks: { 'lambci-bootstrap': { status: 'ROLLBACK_COMPLETE', events: [], parameters: {} } },
  })
  const { stdout } = await deploy('--dry-run')
  expect(stdout).toContain('- delete lambci-bootstrap (ROLLBACK_COMPLETE) and create it again')
  expect(stdout).toContain('- create lambci, which imports the existing bucket lambci-123456789012-eu-west-1')
  expect(changing()).toEqual([])
})

test('a dry run after a deploy updates the stack and reuses the image', async () => {
  const { changing, deploy } = await openDeployed()
  const { stdout } = await deploy('--dry-run')
  expect(stdout).toMatch(/- use the existing image [0-9a-f]{20}\n/)
  expect(stdout).toContain('- update lambci (CREATE_COMPLETE)')
  expect(changing()).toEqual([])
})

test('CloudFormation gets the template as it stands in cloudformation/, from the bucket, because it is too large to be sent inline', async () => {
  const { read, calls, deploy } = await openAccount()
  expect((await deploy()).exitCode).toBe(0)
  const text = await readFile(join(ROOT, 'cloudformation', 'lambci.yaml'), 'utf8')
  const [[url, stored] = []] = Object.entries(read().templates)
  expect(stored).toBe(text)
  expect(url).toMatch(
    /^https:\/\/lambci-bootstrap-123456789012-eu-west-1\.s3\.eu-west-1\.amazonaws\.com\/template\/[0-9a-f]{20}\.yaml$/,
  )
  const sets = calls().filter(call => call.includes('create-change-set'))
  expect(sets.map(call => /--template-(?:body|url) (\S+)/.exec(call)?.[1])).toEqual([
    `file://${join(ROOT, 'cloudformation', 'bootstrap.yaml')}`,
    url,
  ])
})
