import { awsCli } from './aws.ts'
import { makeBundles } from './bundles.ts'
import { run } from './run.ts'

const { stdin, stdout, stderr, env } = process
process.exitCode = await run(process.argv.slice(2), {
  ...{ stdin, stdout, stderr, env },
  execAws: awsCli(env),
  makeBundles,
  pollMs: Number(env.LAMBCI_POLL_MS ?? 3000),
})
