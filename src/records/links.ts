import { createHmac, timingSafeEqual } from 'node:crypto'
import { canonicalProject } from '../model/names.ts'
import type { BuildRef, JobRef } from './keys.ts'

// Paths use the canonical project: the key of a private path is derived from it.
/** The repositories of an owner, or of all owners. */
export const ownerPath = (owner: string | null) => (owner === null ? '/' : `/gh/${owner.toLowerCase()}`)
export const repositoryPath = (project: string) => `/${canonicalProject(project)}`
export const badgePath = (project: string) => `${repositoryPath(project)}/badge.svg`
export const buildPath = ({ project, number }: BuildRef) => `${repositoryPath(project)}/builds/${number}`
/** The page of one of several jobs. The key of the build's page opens it. */
export const jobPath = (build: BuildRef, key: number) => `${buildPath(build)}/jobs/${key}`
/** The page of an attempt of a job that was followed by another one. */
export const attemptPath = (build: BuildRef, { key, attempt }: JobRef) =>
  `${jobPath(build, key)}/attempts/${attempt}`
/** The page of a build's tests. The key of the build's page opens it. */
export const testsPath = (build: BuildRef) => `${buildPath(build)}/tests`

/** The list of a build's artifacts, and one of them. The key of the build's page opens both. */
export const artifactsPath = (build: BuildRef) => `${buildPath(build)}/artifacts`
export const artifactPath = (build: BuildRef, name: string) => `${artifactsPath(build)}/${name}`

/** The key that opens one private path: an HMAC of the path, so that a new link key revokes all links. */
export const keyOfPath = (path: string, linkKey: string) =>
  createHmac('sha256', linkKey).update(path).digest('base64url').slice(0, 32)

/** Compares in constant time, so that response times reveal nothing about the key. */
export function opensPath(path: string, key: string | undefined, linkKey: string): boolean {
  const expected = Buffer.from(keyOfPath(path, linkKey))
  const given = Buffer.from(key ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** The address of the page of all repositories, with the key that shows private ones, too. */
export const homeUrl = (baseUrl: string, linkKey: string) =>
  `${baseUrl}/?key=${keyOfPath(ownerPath(null), linkKey)}`

/** The address of a build's page, for statuses, notifications and `LAMBCI_BUILD_URL`. It includes the key of a private page. */
export function buildUrl(build: BuildRef & { baseUrl: string; isPrivate: boolean }, linkKey: string): string {
  const key = build.isPrivate ? `?key=${keyOfPath(buildPath(build), linkKey)}` : ''
  return `${buildUrlWithoutKey(build)}${key}`
}

/** The same address for people who must not get a key. */
export const buildUrlWithoutKey = (build: BuildRef & { baseUrl: string }) =>
  `${build.baseUrl}${buildPath(build)}`
