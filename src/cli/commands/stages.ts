import { projectOnRecord } from '../../account/find-project.ts'
import type { Hold } from '../../deploy/hold.ts'
import { listStages, type StageState } from '../../deploy/list-stages.ts'
import { readLockHolder } from '../../deploy/lock.ts'
import { readQueue } from '../../deploy/queue.ts'
import { describeDuration } from '../../model/duration.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { describeCost } from '../../records/cost.ts'
import { describeMoment } from '../describe-moment.ts'
import { type Io, jsonText, printLine, type Style, styleFor } from '../io.ts'
import { tableOf } from '../table.ts'
import type { StackOptions } from './find-stack.ts'
import { openRepository } from './open-target.ts'

type Row = StageState & { deploying: number | null; waiting: number[] }

/** `lambci stages OWNER/REPO`: shows what is deployed to each stage. */
export async function printStages(
  target: string | undefined,
  options: StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  using opened = await openRepository(target, options, io)
  const { repository, stack } = opened
  const { store } = stack
  const project = await projectOnRecord(store, repository)
  const rows: Row[] = await Promise.all(
    (await listStages(store, project)).map(async state => {
      const ref = { project, stage: state.stage }
      const [holder, queue] = await Promise.all([
        readLockHolder(store, ref, new Date()),
        readQueue(store, ref),
      ])
      return {
        ...state,
        deploying: holder?.build ?? null,
        waiting: queue.waiting.map(({ build }) => build),
      }
    }),
  )
  if (options.json) printLine(io, jsonText(rows))
  else
    printLine(
      io,
      rows.length > 0
        ? describeAll(rows, styleFor(io))
        : `Nothing has been deployed to a stage of ${repository} yet.`,
    )
  return 0
}

/** Control characters are escaped, because the command line chooses the name of the holder. */
function describeHold({ by, at, build }: Hold): string {
  const until = build === null ? '' : `, until a push after #${build} is deployed`
  return `held by ${escapeControls(by)} since ${describeMoment(at)}${until}`
}

const MAX_MESSAGE_LENGTH = 50

const HEADERS = ['STAGE', 'COMMIT', 'BUILD', 'DEPLOYED (UTC)', 'TOOK', 'COST', 'MESSAGE', 'BY', 'ADDRESS']

/** A table of the stages. Below each are its failed, running and waiting deploys. */
function describeAll(rows: readonly Row[], style: Style): string {
  const [headers, ...lines] = tableOf(HEADERS, rows.map(cellsOf), style).split('\n')
  return [headers, ...lines.flatMap((line, at) => [line, ...notesOf(rows[at], style)])].join('\n')
}

/** Control characters are escaped, because anyone can choose a commit message. */
function cellsOf({ stage, deployed }: Row): string[] {
  if (!deployed) return [stage, 'none']
  return [
    stage,
    deployed.commit.slice(0, 10),
    `#${deployed.build}`,
    describeMoment(deployed.endedAt),
    describeDuration(deployed.durationMs),
    deployed.cost === null ? '' : describeCost(deployed.cost),
    escapeControls(deployed.message.slice(0, MAX_MESSAGE_LENGTH)),
    escapeControls(deployed.by ?? ''),
    deployed.url ?? '',
  ]
}

function notesOf(row: Row | undefined, style: Style): string[] {
  if (!row) return []
  const { latest, deploying, waiting, hold } = row
  const notes = [
    ...(latest?.status === 'failed'
      ? [style('red', `#${latest.build} failed: ${escapeControls(latest.reason ?? '')}`)]
      : []),
    // Report will soon record how it ended.
    ...(latest?.status === 'running' && latest.build !== deploying
      ? [style('red', `#${latest.build} began to deploy, and has not said how it ended`)]
      : []),
    ...(hold ? [describeHold(hold)] : []),
    ...(deploying === null ? [] : [`#${deploying} is deploying`]),
    ...waiting.map(build => `#${build} waits`),
  ]
  return notes.map(note => `  ${note}`)
}
