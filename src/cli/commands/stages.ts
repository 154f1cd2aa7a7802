import { styleText } from 'node:util'
import { type Current, listStages } from '../../deploy/deployments.ts'
import { readLockHolder } from '../../deploy/lock.ts'
import { readQueue } from '../../deploy/queue.ts'
import { describeDuration } from '../../model/duration.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { describeCost } from '../../records/cost.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { projectOf } from './targets.ts'

type Row = Current & { stage: string; deploying: number | null; waiting: number | null }

/** `lambci stages OWNER/REPO`: what runs where. */
export async function printStages(
  repository: string,
  options: StackOptions & { json?: boolean },
): Promise<number> {
  const project = projectOf(repository)
  const { store } = await findStack(options)
  const rows: Row[] = await Promise.all(
    (await listStages(store, project)).map(async current => {
      const ref = { project, stage: current.stage }
      const [holder, queue] = await Promise.all([
        readLockHolder(store, ref, new Date()),
        readQueue(store, ref),
      ])
      return { ...current, deploying: holder?.build ?? null, waiting: queue.waiting?.build ?? null }
    }),
  )
  if (options.json) console.log(JSON.stringify(rows))
  else console.log(rows.map(describe).join('\n') || `Nothing of ${repository} was ever deployed to a stage.`)
  return 0
}

const SHOWN_MESSAGE = 50

/** One stage on one line, and a second one where not all is well; names that strangers chose stay on their line. */
function describe({ stage, deployed, latest, deploying, waiting }: Row): string {
  const name = stage.padEnd(14)
  const runs = deployed
    ? [
        deployed.commit.slice(0, 10),
        `#${deployed.build}`.padEnd(6),
        deployed.endedAt.slice(0, 16).replace('T', ' '),
        describeDuration(deployed.durationMs).padEnd(8),
        (deployed.cost === null ? '' : describeCost(deployed.cost)).padEnd(9),
        escapeControls(deployed.message.slice(0, SHOWN_MESSAGE)),
        ...(deployed.url ? [deployed.url] : []),
      ].join('  ')
    : 'nothing yet'
  const notes = [
    ...(latest.status === 'failed'
      ? [
          styleText('red', `#${latest.build} failed: ${escapeControls(latest.reason ?? '')}`, {
            stream: process.stdout,
          }),
        ]
      : []),
    ...(deploying === null ? [] : [`#${deploying} is deploying`]),
    ...(waiting === null ? [] : [`#${waiting} comes next`]),
  ]
  return [`${name}${runs}`, ...notes.map(note => `${' '.repeat(14)}${note}`)].join('\n')
}
