import { describeGitHubError, type GitHub, isPermanentError } from '../../github/client.ts'
import { type BuildStatus, mayFollow } from '../../model/conclusion.ts'
import { z } from '../../model/zod.ts'
import type { Notifier } from '../notifier.ts'
import { commitStatusOf } from './commit-status.ts'

const deliveredSchema = z.object({
  status: z.string(),
  state: z.string(),
  description: z.string(),
  error: z.string().nullable(),
})
type Delivered = z.infer<typeof deliveredSchema>

/** Sets the commit status on GitHub. A status never goes back to an earlier one. */
export const commitStatusNotifier = (github: GitHub): Notifier<object, Delivered> => ({
  name: 'commit-status',
  settings: z.object({}),
  delivered: deliveredSchema,
  notify: async ({ view, url }, _, delivered) => {
    const wanted = commitStatusOf(view, url)
    if (!wanted) return { delivered, again: false }
    const { state, description } = wanted
    const isCurrent =
      delivered?.error === null && delivered.state === state && delivered.description === description
    const before = delivered?.status as BuildStatus | undefined
    const goesBack = before !== undefined && before !== view.status && !mayFollow(before, view.status)
    if (isCurrent || goesBack) return { delivered, again: false }
    const next = { status: view.status, state, description }
    try {
      await github.setStatus(wanted)
      return { delivered: { ...next, error: null }, again: false }
    } catch (error) {
      return { delivered: { ...next, error: describeGitHubError(error) }, again: !isPermanentError(error) }
    }
  },
})
