import { defaultIsContentTypeBinary, handle } from 'hono/aws-lambda'
import type { RerunQueries } from '../admission/admit-rerun.ts'
import { openMayWrite } from '../github/may-write.ts'
import type { Compare } from '../model/newer.ts'
import type { CountCommits } from '../pages/commits-behind.ts'
import { describeAnswer, describeRequest } from './describe-request.ts'
import { createHttpApp } from './http-app.ts'
import { addSelfTestRoute } from './self-test-route.ts'
import { githubApiUrl, githubUrl, requestProbes, sendProbes, services, tokens } from './services.ts'
import { loggedEvent } from './structured-log.ts'

/** GitHub's client loads on demand: http rarely needs it, and starts faster without it. */
const compare: Compare = async (...range) => {
  const { openGitHub } = await import('../github/client.ts')
  return openGitHub(githubApiUrl, tokens).compare(...range)
}

const countCommits: CountCommits = async (...range) => {
  const { openGitHub } = await import('../github/client.ts')
  return openGitHub(githubApiUrl, tokens).countCommits(...range)
}

/** Few deliveries are about a button. */
const queries: RerunQueries = {
  mayWrite: openMayWrite(githubApiUrl, tokens),
  idsInSuite: async (...suite) => {
    const { openChecks } = await import('../github/checks.ts')
    return openChecks(githubApiUrl, tokens).idsInSuite(...suite)
  },
}

const app = createHttpApp({ ...services, compare, countCommits, queries, githubUrl })
addSelfTestRoute(app, { ...services, sendProbes, invokeReport: requestProbes })

const answer = handle(app, {
  // A log can contain any bytes, which would not survive JSON as text.
  isContentTypeBinary: type => type.startsWith('text/plain') || defaultIsContentTypeBinary(type),
})

/** The http function, behind a function URL. */
export const handler: typeof answer = (event, context) => {
  const { method, path, delivery } = describeRequest(event)
  const fields = { method, path, delivery, requestId: context?.awsRequestId }
  return loggedEvent('request', fields, () => answer(event, context), describeAnswer)
}
