import { clientDefaults } from './client-defaults.ts'
import { lazy } from './lazy.ts'

export type Schedule = {
  /** At most 64 characters; unique in the group. */
  name: string
  at: Date
  functionArn: string
  /** The role with which EventBridge Scheduler invokes the function. */
  roleArn: string
  /** The function's event. */
  event: object
}

export type Scheduler = {
  /**
   * Schedules one invocation, which deletes its schedule afterwards. False: a schedule of that name exists. One that was deleted or has run
   * may still exist for a while.
   */
  schedule(schedule: Schedule): Promise<boolean>
  /** Deletes a schedule, if it exists. */
  cancel(name: string): Promise<void>
}

export function openScheduler(group: string): Scheduler {
  const scheduler = lazy(() => import('@aws-sdk/client-scheduler'))
  const client = lazy(async () => new (await scheduler()).SchedulerClient(clientDefaults))
  return {
    schedule: async ({ name, at, functionArn, roleArn, event }) => {
      const { ConflictException, CreateScheduleCommand } = await scheduler()
      const create = new CreateScheduleCommand({
        Name: name,
        GroupName: group,
        ScheduleExpression: `at(${secondFrom(at)})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        ActionAfterCompletion: 'DELETE',
        Target: { Arn: functionArn, RoleArn: roleArn, Input: JSON.stringify(event) },
      })
      try {
        await (await client()).send(create)
        return true
      } catch (error) {
        if (error instanceof ConflictException) return false
        throw error
      }
    },
    cancel: async name => {
      const { DeleteScheduleCommand, ResourceNotFoundException } = await scheduler()
      await (await client())
        .send(new DeleteScheduleCommand({ Name: name, GroupName: group }))
        .catch(error => {
          if (!(error instanceof ResourceNotFoundException)) throw error
        })
    },
  }
}

/** One-time schedules take neither a zone letter nor a fraction of a second. None is early. */
const secondFrom = (at: Date) =>
  new Date(Math.ceil(at.getTime() / 1000) * 1000).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)
