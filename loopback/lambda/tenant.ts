import { JsonError } from '../aws-json/json-error.ts'
import type { FunctionDefinition } from './definition.ts'

/** `TenantId` in the service model of AWS's SDKs. */
const TENANT_ID = /^[a-zA-Z0-9._:/=+\-@ ]{1,256}$/

/**
 * A function that isolates tenants must be invoked with a tenant id, and any other function without.
 * https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation-troubleshooting.html
 * @throws JsonError with Lambda's error code and wording
 */
export function assertTenant(
  { isolatesTenants = false }: Pick<FunctionDefinition, 'isolatesTenants'>,
  tenantId: string | null,
): void {
  if (tenantId !== null && !TENANT_ID.test(tenantId))
    throw new JsonError(
      400,
      'ValidationException',
      `1 validation error detected: Value '${tenantId}' at 'tenantId' failed to satisfy constraint: ` +
        'Member must have 1 to 256 characters and satisfy regular expression pattern: [a-zA-Z0-9\\._:\\/=+\\-@ ]+',
    )
  if (isolatesTenants && tenantId === null)
    throw invalidParameter(
      'The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.',
    )
  if (!isolatesTenants && tenantId !== null)
    throw invalidParameter(
      'The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.',
    )
}

const invalidParameter = (message: string) => new JsonError(400, 'InvalidParameterValueException', message)
