import { createHash } from 'node:crypto'
import type { BuildRef } from '../build/layout.ts'
import { once } from '../build/once.ts'
import { patience } from '../build/patience.ts'

/** A dead man's switch: wakes report at the latest moment at which a build may end, unless it is taken away. */
export type Switch = {
  /** Sets the switch of a build, once: where it stands already it is left as it is. */
  set(build: BuildRef, at: Date): Promise<void>
  clear(build: BuildRef): Promise<void>
}

/** Where the switch lives and what it wakes. */
export type SwitchTarget = { group: string; functionArn: string; roleArn: string }

/** Names are limited to 64 characters, which an owner and a repository alone can exceed. */
export const switchName = ({ project, number }: BuildRef) =>
  `${createHash('sha256').update(project).digest('hex').slice(0, 32)}-${number}`

export function openSwitch({ group, functionArn, roleArn }: SwitchTarget): Switch {
  const scheduler = once(() => import('@aws-sdk/client-scheduler'))
  const client = once(async () => new (await scheduler()).SchedulerClient(patience))
  return {
    set: async ({ project, number }, at) => {
      const { ConflictException, CreateScheduleCommand } = await scheduler()
      const schedule = new CreateScheduleCommand({
        Name: switchName({ project, number }),
        GroupName: group,
        // A one-time schedule takes no zone letter and no fraction of a second.
        ScheduleExpression: `at(${at.toISOString().slice(0, 19)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: functionArn,
          RoleArn: roleArn,
          Input: JSON.stringify({ switch: { project, number } }),
        },
      })
      await (await client()).send(schedule).catch(error => {
        if (!(error instanceof ConflictException)) throw error
      })
    },
    clear: async build => {
      const { DeleteScheduleCommand, ResourceNotFoundException } = await scheduler()
      await (await client())
        .send(new DeleteScheduleCommand({ Name: switchName(build), GroupName: group }))
        .catch(error => {
          if (!(error instanceof ResourceNotFoundException)) throw error
        })
    },
  }
}
