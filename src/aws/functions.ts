import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

/** Invokes a function asynchronously: Lambda keeps the event, and tries again if it fails. */
export type InvokeFunction = (functionArn: string, event: object) => Promise<void>

export function openFunctions(): InvokeFunction {
  const lambda = lazy(() => import('@aws-sdk/client-lambda'))
  const client = lazy(async () => new (await lambda()).LambdaClient(clientDefaults))
  return async (functionArn, event) => {
    const { InvokeCommand } = await lambda()
    const invoke = new InvokeCommand({
      FunctionName: functionArn,
      InvocationType: 'Event',
      Payload: JSON.stringify(event),
    })
    await (await client()).send(invoke)
  }
}
