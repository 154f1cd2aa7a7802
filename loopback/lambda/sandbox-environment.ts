import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { FunctionDefinition, Location } from './definition.ts'

/**
 * The complete environment of a sandbox's processes. Only PATH, HOME and LANG come from the host.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export function sandboxEnvironment(
  definition: FunctionDefinition,
  { region }: Location,
  id: string,
  runtimeApi: string,
): Record<string, string> {
  const { name, handler } = definition
  const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME = '/', LANG = 'C.UTF-8' } = process.env
  return {
    PATH,
    HOME,
    LANG,
    ...definition.environment,
    ...definition.sandboxEnvironment?.(id),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb ?? 1024),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${id}`,
    LAMBDA_TASK_ROOT: dirname(handler.module),
    _HANDLER: `${handler.module}.${handler.export}`,
  }
}

/** In X-Ray's format, not sampled. */
export const traceId = () =>
  `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`
