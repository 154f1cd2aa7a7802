import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

/**
 * Lambda refuses to invoke a function for now: its image is being made ready. That takes up to two minutes after a function has rested
 * for weeks, or was deployed. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
 */
export class FunctionNotReady extends Error {
  override readonly name = 'FunctionNotReady'
}

const NOT_READY = [
  'CodeArtifactUserPendingException',
  'ResourceConflictException',
  'ResourceNotReadyException',
]

/**
 * Invokes a function asynchronously: Lambda keeps the event, and tries again if it fails. A function with tenant isolation must
 * be given a tenant id, and no other function may (docs/decisions/025).
 * @throws FunctionNotReady if it cannot run for now
 */
export type InvokeFunction = (functionArn: string, event: object, tenantId?: string) => Promise<void>

export function openFunctions(): InvokeFunction {
  const lambda = lazy(() => import('@aws-sdk/client-lambda'))
  const client = lazy(async () => new (await lambda()).LambdaClient(clientDefaults))
  return async (functionArn, event, tenantId) => {
    const { InvokeCommand } = await lambda()
    const invoke = new InvokeCommand({
      FunctionName: functionArn,
      InvocationType: 'Event',
      Payload: JSON.stringify(event),
      TenantId: tenantId,
    })
    await (await client()).send(invoke).catch(error => {
      throw NOT_READY.includes(error?.name) ? new FunctionNotReady(error.message, { cause: error }) : error
    })
  }
}

/** When the image or the settings of a function were last changed, and its state: `Active`, `Inactive`, … */
export async function describeFunction(name: string): Promise<{ changedAt: Date; state: string }> {
  const { LambdaClient, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda')
  const client = new LambdaClient(clientDefaults)
  try {
    const command = new GetFunctionConfigurationCommand({ FunctionName: name })
    const { LastModified = '', State = '' } = await client.send(command)
    return { changedAt: new Date(LastModified), state: State }
  } finally {
    client.destroy()
  }
}
