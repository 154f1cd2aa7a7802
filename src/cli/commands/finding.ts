import { escapeControls } from '../../model/escape-controls.ts'
import { UserError } from '../../model/user-error.ts'
import { describeError } from '../describe-error.ts'

/** The result of one check. `note`: it may be fine, or could not be checked. `advice`: what to do. */
export type Finding = { check: string; state: 'ok' | 'note' | 'wrong'; text: string; advice: string | null }

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text, advice: null })
export const note = (check: string, text: string, advice: string | null): Finding => ({
  ...{ check, state: 'note', text, advice },
})
export const wrong = (check: string, text: string, advice: string): Finding => ({
  ...{ check, state: 'wrong', text, advice },
})

/** The finding for an error. A UserError is a fault of the system; any other error means that it could not be checked. */
export function findingOf(check: string, error: Error): Finding {
  if (error instanceof UserError) return { check, state: 'wrong', text: error.message, advice: null }
  const text = describeError(error) ?? escapeControls(`${error.name}: ${error.message}`)
  return note(check, `could not be checked. ${text}`, null)
}

/** The findings of a check. If it throws, the error is the finding. */
export const checked = (check: string, find: () => Promise<Finding[]>): Promise<Finding[]> =>
  find().catch((error: Error) => [findingOf(check, error)])
