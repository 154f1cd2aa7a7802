import { RERUN_ALL, RERUN_FAILED } from '../model/check-id.ts'
import type { Rerun } from '../model/rerun.ts'
import type { CheckEvent } from './event.ts'

/** The builds that somebody wants to run again, if an event is about that. GitHub also reports when a check run is created or completed. */
export function rerunFromEvent(event: CheckEvent): { rerun: Rerun } | { ignored: string } {
  const { action, repository, sender } = event.payload
  const check = event.name === 'check_run' ? event.payload.check_run : event.payload.check_suite
  const button = event.name === 'check_run' ? event.payload.requested_action?.identifier : undefined
  const isPressed = action === 'requested_action' && (button === RERUN_ALL || button === RERUN_FAILED)
  const isOurs = isPressed || action === 'rerequested'
  if (!isOurs || !check.app || !sender?.login)
    return { ignored: `The ${event.name} was ${action}: only its buttons and "Re-run" start a build.` }
  return {
    rerun: {
      repository: repository.full_name,
      repositoryId: repository.id,
      appId: check.app.id,
      commit: check.head_sha,
      login: sender.login,
      of:
        event.name === 'check_run'
          ? { checkId: event.payload.check_run.external_id ?? '' }
          : { suite: event.payload.check_suite.id },
      failed: isPressed && button === RERUN_FAILED,
    },
  }
}
