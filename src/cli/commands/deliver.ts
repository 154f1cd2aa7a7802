import { UserError } from '../../model/user-error.ts'
import { readSecretFile, readStandardInput } from './answers.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { sendDelivery } from './send-delivery.ts'

/**
 * `lambci deliver EVENT FILE`: sends a payload as GitHub would, for instance one copied from a webhook's recent
 * deliveries. With the id of an earlier one it is a redelivery.
 */
export async function deliver(
  event: string,
  file: string,
  options: StackOptions & { id?: string; json?: boolean },
): Promise<number> {
  const { store, url } = await findStack(options)
  if (!url)
    throw new UserError('Where to deliver does not follow from a bucket alone: name the stack with --stack.')
  if (!/^[a-z_]{1,60}$/.test(event))
    throw new UserError(`"${event}" is no event: push, pull_request, merge_group or ping.`)
  const body = file === '-' ? await readStandardInput() : await readSecretFile(file)
  const { status, answer, id } = await sendDelivery(store, url, { event, body, id: options.id })
  console.log(
    options.json
      ? JSON.stringify({ status, answer, id })
      : `${status} ${JSON.stringify(answer)}\nDelivery ${id}`,
  )
  return status < 300 ? 0 : 1
}
