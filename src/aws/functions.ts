import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

/**
 * Lambda temporarily refuses to invoke a function, because its image is being prepared. That takes up to two minutes after weeks without
 * use, or after a deploy. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
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
 * Invokes a function asynchronously: Lambda keeps the event, and tries again if it fails. Functions with tenant isolation require a tenant
 * id, and others do not allow one (docs/decisions/025).
 * @throws FunctionNotReady if it cannot run yet
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
