import { setTimeout as sleep } from 'node:timers/promises'
import { escapeControls } from '../../src/model/escape-controls.ts'
import { projectSchema } from '../../src/model/names.ts'
import { shortenBytes } from '../../src/model/short-reason.ts'
import { z } from '../../src/model/zod.ts'
import { buildUrl, keyOfPath, repositoryPath } from '../../src/records/links.ts'
import type { Sending } from './deliveries.ts'
import type { Pages, Webhook } from './hooks.ts'
import { fullName, type Repository } from './repositories.ts'

const TIMEOUT_MS = 2000
/** The most lines for the builds of a push to many branches. */
const MOST_LINES = 10
const LINE_BYTES = 500

/** The answer of the webhook (src/receive-delivery.ts). */
const answerSchema = z.union([
  z.object({
    project: projectSchema,
    number: z.int().positive(),
    trigger: z.string(),
    waits: z.string().optional(),
  }),
  z.object({ ignored: z.string() }),
  z.object({ error: z.string() }),
])
type Answer = z.infer<typeof answerSchema>

type Pushed = Pick<Repository, 'owner' | 'name' | 'private'>

/**
 * The text for the client of a push: a link for each build that it has started, or why there is none; for late answers, a link to the list
 * of builds. `signal` ends the wait.
 */
export async function answerPush(
  sent: readonly Sending[],
  { url, pages }: Pick<Webhook, 'url'> & { pages: Pages },
  repository: Pushed,
  signal: AbortSignal,
): Promise<string[]> {
  const answers: Answer[] = []
  let isLate = false
  const read = async (sending: Sending) => {
    const answer = await sending
    // Other hooks of the repository do not belong to the pages.
    if (!isLate && answer?.url === url) answers.push(parseAnswer(answer))
  }
  const all = Promise.all(sent.map(read)).then(() => true)
  const late = sleep(pages.timeoutMs ?? TIMEOUT_MS, false, { signal, ref: false }).catch(() => false)
  const isComplete = await Promise.race([all, late])
  isLate = true
  return describeAnswers(answers, isComplete, pages, repository)
}

function parseAnswer({ status, body }: { status: number; body: string }): Answer {
  try {
    return answerSchema.parse(JSON.parse(body))
  } catch {
    return { error: `The webhook has answered with ${status}.` }
  }
}

function describeAnswers(
  answers: readonly Answer[],
  isComplete: boolean,
  pages: Pages,
  repository: Pushed,
): string[] {
  const isOne = answers.length === 1 && isComplete
  const shown = answers.slice(0, MOST_LINES)
  const lines = shown.flatMap(answer => describeAnswer(answer, isOne, pages, repository))
  if (!isComplete || shown.length < answers.length)
    lines.push(`${lines.length === 0 ? 'Builds' : 'All builds'}: ${listUrl(pages, repository)}`)
  return lines.map(line => shortenBytes(escapeControls(line), LINE_BYTES))
}

function describeAnswer(
  answer: Answer,
  isOne: boolean,
  pages: Pages,
  { private: isPrivate }: Pushed,
): string[] {
  if ('error' in answer) return [`No build: ${answer.error}`]
  if ('ignored' in answer) return [`No build: ${answer.ignored}`]
  const { project, number, trigger, waits } = answer
  const url = buildUrl({ project, number, baseUrl: pages.url, isPrivate }, pages.linkKey)
  const line = `Build #${number}${isOne ? '' : `, ${trigger}`}: ${url}`
  return waits === undefined ? [line] : [line, `It waits ${waits}`]
}

function listUrl({ url, linkKey }: Pages, repository: Pushed): string {
  const path = repositoryPath(`gh/${fullName(repository)}`)
  return `${url}${path}${repository.private ? `?key=${keyOfPath(path, linkKey)}` : ''}`
}
