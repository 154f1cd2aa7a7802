import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { openBrowser, openPage } from './browser.ts'

const REPOSITORY = 'acme/app'
let browser: Browser
let ci: TestSystem
beforeAll(async () => {
  ;[browser, ci] = await Promise.all([openBrowser(), openTestSystem()])
  await ci.push(await ci.write(lambciJson('echo the only line')), REPOSITORY, 'master')
  await ci.ended({ project: `gh/${REPOSITORY}`, number: 1 })
})
afterAll(() => Promise.all([browser.close(), ci.close()]))

/** A page of another program of this machine, with a link. */
async function openForeignPage(link: string): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="${link}">a build</a>`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a link on another page leads to a build of the local system, its log, and the bucket', async () => {
  const build = `${ci.system.addresses.url}/gh/${REPOSITORY}/builds/1`
  const { page, warnings } = await openPage(browser, await openForeignPage(build))
  await page.getByText('a build').click()
  await page.getByText('the only line', { exact: true }).first().waitFor()
  expect(warnings).toEqual([])
  await page.getByText('Raw log').click()
  await page.waitForURL(`${ci.system.addresses.s3}/**`)
  expect(await page.textContent('body')).toContain('the only line')
})

test('a page of another program reads nothing of the local system, and changes nothing', async () => {
  const { url, s3, sns, sts, scheduler, lambda, github } = ci.system.addresses
  const { page } = await openPage(browser, await openForeignPage('/'))
  const statuses: number[] = []
  page.on('response', response => statuses.push(response.status()))
  const addresses = [url, s3, sns, sts, scheduler, lambda, github].map(each => `${each}/x`)
  addresses.push(
    `${github}/evil/made.git/info/refs?service=git-receive-pack`,
    `${github}/evil/made.git/git-receive-pack`,
  )
  await page.evaluate(async targets => {
    for (const target of targets) {
      await fetch(target, { mode: 'no-cors' })
      await fetch(target, { mode: 'no-cors', method: 'POST', body: '0000' })
      await fetch(target).catch(() => {})
      await new Promise(done =>
        Object.assign(new Image(), { onload: done, onerror: done, src: `${target}?image` }),
      )
    }
  }, addresses)
  expect(statuses.length).toBeGreaterThanOrEqual(2 * addresses.length)
  expect([...new Set(statuses)]).toEqual([403])
  await expect(ci.api('GET', '/repos/evil/made')).rejects.toThrow('404')
})
