import type { Report } from '../build/report-record.ts'
import { type BuildStatus, mayFollow } from '../build/result.ts'
import type { View } from '../build/view.ts'
import { type GitHub, isFinalRefusal, reasonOfRefusal } from '../github/client.ts'
import { commitStatusOf } from './status.ts'

/** What telling came to: what is on record now, and whether Lambda should try the report again. */
export type Telling<T> = { told: T; again: boolean }

type Told = Report['told']['status']

/** Sets the commit status that the view asks for, unless it stands already or would step back. */
export async function tellStatus(
  view: View,
  targetUrl: string,
  told: Told,
  github: GitHub,
): Promise<Telling<Told>> {
  const wanted = commitStatusOf(view, targetUrl)
  if (!wanted) return { told, again: false }
  const stands =
    told?.error === null && told.state === wanted.state && told.description === wanted.description
  const before = told?.status as BuildStatus | undefined
  const stepsBack = before !== undefined && before !== view.status && !mayFollow(before, view.status)
  if (stands || stepsBack) return { told, again: false }
  const said = { status: view.status, state: wanted.state, description: wanted.description }
  try {
    await github.setStatus(wanted)
    return { told: { ...said, error: null }, again: false }
  } catch (error) {
    return { told: { ...said, error: reasonOfRefusal(error) }, again: !isFinalRefusal(error) }
  }
}
