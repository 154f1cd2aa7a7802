import { fileURLToPath } from 'node:url'
import { startLambda } from '../../../lambda/lambda.ts'

/** A host in its own process, which the test kills. Queues one event that hangs. */
const [, , directory = '', mark = ''] = process.argv
const module = fileURLToPath(new URL('./failing.ts', import.meta.url))
const lambda = await startLambda({
  directory,
  functions: [
    {
      name: 'hangsOnce',
      handler: { module, export: 'hangsOnce' },
      environment: {},
      timeoutMs: 60_000,
      concurrency: 1,
      maximumRetryAttempts: 0,
    },
  ],
})
await lambda.invokeAsync('hangsOnce', { mark })
