import type { Announcement } from '../model/announcement.ts'
import type { z } from '../model/zod.ts'
import type { Summary } from '../records/branch-summary.ts'
import type { View } from '../records/view.ts'

/** A notifier's knowledge about a build. */
export type BuildNews = {
  view: View
  /** The URL of the build's page; that of a private repository contains the page's access key. */
  url: string
  /** Whether report has accepted an end after which nothing more can happen. */
  isOver: boolean
  /** Whether the account lets the build's branch have a stage. */
  mayHaveStage: (stage: string) => boolean
  /** Whether the build's branch was deleted, or its pull request closed. */
  isGone: boolean
  /** Whether the build waits for approval, or has ended without being started. */
  isUnstarted: boolean
  /** The summary of the build's branch, updated with this build; null if it has none. */
  summary: () => Promise<Summary | null>
  /** The last lines of the log if the build ended red; otherwise none. */
  tail: () => Promise<readonly string[]>
}

/** A notifier's record of a delivery. `error` is null if the service accepted it. */
export type DeliveredBase = { error: string | null }

export type NotifyResult<Delivered> = {
  /** The current delivery; null for nothing. It is kept in `report.json`. */
  delivered: Delivered | null
  /** Whether something could not be delivered, but is worth another attempt. */
  again: boolean
  /** Whether people still see an earlier state, such as "running", that is no longer true. */
  isStanding?: boolean
}

/**
 * One way to notify people about builds. `notify` brings it up to date with the view: it is called after every change, may be called again
 * with the same view, and then delivers nothing twice. It delivers nothing about a queued build. It returns refusals, which never change
 * the build, and throws only for its own faults.
 */
export type Notifier<Settings = unknown, Delivered extends DeliveredBase = DeliveredBase> = {
  /** The key of its deliveries in `report.json`. */
  name: string
  /** Picks its settings from the configuration's `notifications`. */
  settings: z.ZodType<Settings>
  delivered: z.ZodType<Delivered>
  /** Notifies people of something else, if this notifier can. Returns whether it is worth another attempt. */
  announce?(announcement: Announcement, settings: Settings): Promise<boolean>
  notify(news: BuildNews, settings: Settings, delivered: Delivered | null): Promise<NotifyResult<Delivered>>
}
