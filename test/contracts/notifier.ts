import { describe, expect, it } from 'vitest'
import type { BuildNews, DeliveredBase, Notifier } from '../../src/notifiers/notifier.ts'
import { newsOf, viewWith } from '../support/records.ts'

/** A notifier with the service that it notifies. */
export type NotifierSetup<S, D extends DeliveredBase> = {
  notifier: Notifier<S, D>
  settings: S
  /** A build that people hear of: at first while it runs, and then at its end. */
  running: BuildNews
  ended: BuildNews
  /** How many messages, statuses or edits have arrived at the service. */
  arrived(): Promise<number> | number
  /** Whether the service shows that something still runs; absent where nothing that was sent can be found again. */
  isStanding?(): Promise<boolean>
  /** Lets the service refuse everything, for now or for good, until it is called with null. */
  refuse(how: 'transient' | 'final' | null): void
}

const ANNOUNCEMENT = {
  ...{ project: 'gh/ada/web', repository: 'ada/web', topic: 'budget' },
  subject: 'budget: ada/web has used up 80 %',
  text: 'The builds of ada/web have cost $8 <!channel>.',
}

/** What every `Notifier` must do. `open` answers a new one, of whose service nothing was used before. */
export function notifierContract<S, D extends DeliveredBase>(
  name: string,
  open: () => Promise<NotifierSetup<S, D>>,
): void {
  const throughJson = (delivered: unknown, notifier: Notifier<S, D>) =>
    delivered === null ? null : notifier.delivered.parse(JSON.parse(JSON.stringify(delivered)))

  describe(`${name} is a notifier`, () => {
    it('delivers an end once: what it has delivered survives JSON and says so', async () => {
      const { notifier, settings, ended, arrived } = await open()
      const first = await notifier.notify(ended, settings, null)
      expect(first.again).toBe(false)
      expect(first.delivered).not.toBeNull()
      const count = await arrived()
      expect(count).toBeGreaterThan(0)
      const kept = throughJson(first.delivered, notifier)
      expect(await notifier.notify(ended, settings, kept)).toEqual({ delivered: kept, again: false })
      expect(await arrived()).toBe(count)
    })

    it('delivers the end after whatever it has delivered of the start', async () => {
      const { notifier, settings, running, ended, arrived } = await open()
      const start = await notifier.notify(running, settings, null)
      expect(start.again).toBe(false)
      const before = await arrived()
      const end = await notifier.notify(ended, settings, throughJson(start.delivered, notifier))
      expect([end.again, (await arrived()) > before]).toEqual([false, true])
      expect(await notifier.notify(ended, settings, throughJson(end.delivered, notifier))).toEqual(end)
    })

    it('ends all that it has shown as running, also if what it delivered was not recorded', async () => {
      const { notifier, settings, running, ended, isStanding } = await open()
      if (!isStanding) return
      await notifier.notify(running, settings, null)
      expect(await isStanding()).toBe(true)
      await notifier.notify(running, settings, null)
      await notifier.notify(ended, settings, null)
      expect(await isStanding()).toBe(false)
    })

    it('delivers nothing of a build that has not begun', async () => {
      const { notifier, settings, arrived } = await open()
      const queued = { ...newsOf(viewWith({ run: null })), isOver: false, mayHaveStage: () => false }
      expect(await notifier.notify(queued, settings, null)).toEqual({ delivered: null, again: false })
      expect(await arrived()).toBe(0)
    })

    it('records a transient refusal, asks for another attempt, and makes up for it', async () => {
      const { notifier, settings, ended, arrived, refuse } = await open()
      refuse('transient')
      const refused = await notifier.notify(ended, settings, null)
      expect(refused).toMatchObject({ delivered: { error: expect.stringMatching(/\S/) }, again: true })
      refuse(null)
      const before = await arrived()
      const made = await notifier.notify(ended, settings, throughJson(refused.delivered, notifier))
      expect(made).toMatchObject({ delivered: { error: null }, again: false })
      expect(await arrived()).toBeGreaterThan(before)
    })

    it('announces something else, if it can, and says whether it is worth another attempt', async () => {
      const { notifier, settings, arrived, refuse } = await open()
      if (!notifier.announce) return
      refuse('transient')
      expect(await notifier.announce(ANNOUNCEMENT, settings)).toBe(true)
      refuse(null)
      const before = await arrived()
      expect(await notifier.announce(ANNOUNCEMENT, settings)).toBe(false)
      expect(await arrived()).toBe(before + 1)
    })

    it('records a final refusal without throwing', async () => {
      const { notifier, settings, ended, refuse } = await open()
      refuse('final')
      const refused = await notifier.notify(ended, settings, null)
      expect(refused).toMatchObject({ delivered: { error: expect.stringMatching(/\S/) } })
      throughJson(refused.delivered, notifier)
    })
  })
}
