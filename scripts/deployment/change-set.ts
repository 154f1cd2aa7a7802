import type { Aws } from './aws.ts'
import { DeployFailure, pause } from './failure.ts'
import {
  describeStack,
  eventsUntilNow,
  followStack,
  reasonOfFailure,
  type StackState,
  settleStack,
} from './stack.ts'

export type Wanted = {
  name: string
  /** `--template-body file://…` or `--template-url …`. */
  template: readonly string[]
  /** Of all the template's parameters, by name; undefined keeps what the stack has, or the default. */
  parameters: Readonly<Record<string, string | undefined>>
}

type Kind = 'CREATE' | 'UPDATE' | 'IMPORT'

/**
 * Makes a stack what its template says, by a change set: whatever is under way is waited for, what is left by a failed
 * attempt cleared away. Without changes nothing is done.
 * @throws DeployFailure with the failing resource's own reason
 */
export async function deployStack(aws: Aws, wanted: Wanted): Promise<StackState> {
  const standing = await settleStack(aws, wanted.name)
  const parameters = Object.entries(wanted.parameters).flatMap(([name, value]): object[] => {
    if (value !== undefined) return [{ ParameterKey: name, ParameterValue: value }]
    return standing?.parameters.includes(name) ? [{ ParameterKey: name, UsePreviousValue: true }] : []
  })
  const isChanged = await change(aws, wanted, standing ? 'UPDATE' : 'CREATE', [
    '--parameters',
    JSON.stringify(parameters),
  ])
  if (!isChanged) console.log(`  ${wanted.name} is as it should be already`)
  const state = await describeStack(aws, wanted.name)
  if (state) return state
  throw new DeployFailure(`The stack ${wanted.name} has gone while it was deployed. Run this again.`)
}

/**
 * Makes a stack that owns a bucket which an earlier stack has left: a creation would stumble over it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-new-stack.html
 */
export async function adoptBucket(aws: Aws, name: string, bucket: string): Promise<void> {
  const template = {
    Resources: {
      Bucket: {
        Type: 'AWS::S3::Bucket',
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
        Properties: { BucketName: bucket },
      },
    },
  }
  const imported = [
    {
      ResourceType: 'AWS::S3::Bucket',
      LogicalResourceId: 'Bucket',
      ResourceIdentifier: { BucketName: bucket },
    },
  ]
  await change(
    aws,
    { name, template: ['--template-body', JSON.stringify(template)], parameters: {} },
    'IMPORT',
    ['--resources-to-import', JSON.stringify(imported)],
  )
}

/** Carries out one change set; false where there was nothing to change. */
async function change(aws: Aws, { name, template }: Wanted, kind: Kind, more: string[]): Promise<boolean> {
  const before = await eventsUntilNow(aws, name)
  const changeSet = `lambci-${Date.now()}`
  const named = ['--stack-name', name, '--change-set-name', changeSet]
  await aws.demand(
    'cloudformation',
    'create-change-set',
    ...named,
    ...['--change-set-type', kind, '--capabilities', 'CAPABILITY_NAMED_IAM'],
    ...template,
    ...more,
  )
  for (;;) {
    const { Status, StatusReason = '' } = await aws.demand('cloudformation', 'describe-change-set', ...named)
    if (Status === 'CREATE_COMPLETE') break
    if (Status === 'FAILED') {
      await aws.ask('cloudformation', 'delete-change-set', ...named)
      if (/didn't contain changes|No updates are to be performed/.test(StatusReason)) return false
      throw new DeployFailure(`CloudFormation will not change ${name}: ${StatusReason}`)
    }
    await pause()
  }
  await aws.demand('cloudformation', 'execute-change-set', ...named)
  await followStack(aws, name, before)
  const state = await describeStack(aws, name)
  if (/^(CREATE|UPDATE|IMPORT)_COMPLETE/.test(state?.status ?? '')) return true
  const reason = await reasonOfFailure(aws, name, before)
  throw new DeployFailure(
    `The stack ${name} could not be deployed (${state?.status ?? 'it has gone'}). ${reason ?? 'CloudFormation gives no reason'}\nPut it right, and run this again: it goes on from here.`,
  )
}
