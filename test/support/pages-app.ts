import type { Hono } from 'hono'
import { createHttpApp } from '../../src/functions/http-app.ts'
import type { Store } from '../../src/records/store.ts'
import { grantIssuerOf, RUNNER_SECRETS, unknownToGit } from './records.ts'

/** The HTTP application for tests of its pages: it admits no builds. Keys of links are made with `RUNNER_SECRETS`. */
export const openPagesApp = (store: Store): Hono =>
  createHttpApp({
    store,
    secrets: async () => RUNNER_SECRETS,
    publish: async () => {},
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    grantIssuer: grantIssuerOf(null),
    compare: unknownToGit,
    countCommits: async () => null,
    githubUrl: 'https://github.com',
    findOnGitHub: async () => null,
    invokeReport: async () => {},
    now: () => new Date(),
  })
