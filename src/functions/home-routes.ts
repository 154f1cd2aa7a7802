import type { Context, Hono } from 'hono'
import { z } from '../model/zod.ts'
import { renderHome } from '../pages/home-page.ts'
import { SCRIPTED_PAGE_HEADERS } from '../pages/layout.ts'
import { type ListedRepositories, listRepositories } from '../pages/listed-repositories.ts'
import type { ReceiveContext } from '../receive-delivery.ts'
import { jsonOf } from '../records/json-view.ts'

const fromSchema = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)

/** The repositories of all owners, and of each owner. */
export function addHomeRoutes(
  app: Hono,
  { store, secrets }: Pick<ReceiveContext, 'store' | 'secrets'>,
): void {
  const linkKey = async () => (await secrets()).linkKey
  const show = async (c: Context, owner: string | undefined) => {
    const key = c.req.query('key')
    const from = fromSchema.safeParse(c.req.query('from')).data ?? 0
    const list = (start: number) => listRepositories(store, { owner, from: start, key }, linkKey)
    const listed = await list(from)
    if (!listed) return c.notFound()
    const isNothing = ({ repositories, areAll }: ListedRepositories) => repositories.length === 0 && !areAll
    if (owner !== undefined && isNothing(listed)) {
      // An owner without anything to show looks like an unknown one, whichever page is requested.
      const first = from === 0 ? listed : await list(0)
      if (!first || isNothing(first)) return c.notFound()
    }
    if (c.req.header('accept')?.includes('application/json'))
      return c.json(
        listed.repositories.map(({ repository, isPrivate, newest, stages }) => ({
          ...{ repository, isPrivate, newest: newest && jsonOf(newest) },
          stages: stages.map(({ stage, deployed, latest, hold }) => ({ stage, deployed, latest, hold })),
        })),
        200,
        { 'cache-control': 'no-store' },
      )
    const query =
      listed.next === null
        ? null
        : new URLSearchParams({ ...(key !== undefined && { key }), from: String(listed.next) })
    return c.html(renderHome(listed, query && `${c.req.path}?${query}`), 200, SCRIPTED_PAGE_HEADERS)
  }
  app.get('/', c => show(c, undefined))
  app.get('/gh/:owner', c => show(c, c.req.param('owner')))
}
