import { isRed } from '../build/outcome.ts'
import type { Report } from '../build/report-record.ts'
import type { View } from '../build/view.ts'
import type { Notice } from './notice.ts'
import type { SendNotice } from './sns.ts'
import type { Summary } from './summary.ts'
import type { Telling } from './tell-status.ts'

type Told = Report['told']['notice']
export type NoticeRule = 'always' | 'change' | 'failure'

/** Whether people asked to hear of this ending. Without a build before it, any ending is a change. */
export function isWanted(view: View, rule: NoticeRule, summary: Summary | null): boolean {
  if (view.status === 'skipped') return false
  if (rule === 'failure') return isRed(view)
  if (rule === 'always' || summary?.number !== view.number) return true
  return summary.previous !== (view.deploy?.status === 'failed' ? 'failed' : view.status)
}

/** Sends a build's notice, once; a refusal is noted and never changes the result. */
export async function tellNotice(topicArn: string, notice: Notice, send: SendNotice): Promise<Telling<Told>> {
  try {
    return { told: { messageId: await send(topicArn, notice), error: null }, again: false }
  } catch (error) {
    const { name, message } = error as Error
    return {
      told: { messageId: null, error: `SNS refused the notice: ${name}: ${message}`.slice(0, 300) },
      again: true,
    }
  }
}
