import type { Context } from 'hono'
import { renderErrorPage } from '../pages/error-page.ts'
import { PLAIN_PAGE_HEADERS } from '../pages/layout.ts'

const TITLES = { 404: 'Not found', 500: 'Something went wrong' }

/** An error as a page for browsers, and as JSON for programs. `text`: what happened, and what to do next. */
export const answerError = (
  c: Context,
  status: keyof typeof TITLES,
  text: string,
): Response | Promise<Response> =>
  c.req.header('accept')?.includes('text/html')
    ? c.html(renderErrorPage(TITLES[status], text), status, PLAIN_PAGE_HEADERS)
    : c.json({ error: text }, status, { 'cache-control': 'no-store' })
