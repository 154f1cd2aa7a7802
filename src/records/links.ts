import { createHmac, timingSafeEqual } from 'node:crypto'
import type { BuildRef } from './keys.ts'

export const repositoryPath = (project: string) => `/${project}`
export const badgePath = (project: string) => `/${project}/badge.svg`
export const buildPath = ({ project, number }: BuildRef) => `/${project}/builds/${number}`

/** The key that opens one private path: an HMAC of it, so that one new link key revokes every link. */
export const keyOfPath = (path: string, linkKey: string) =>
  createHmac('sha256', linkKey).update(path).digest('base64url').slice(0, 32)

/** Compares in constant time: how much of a key is right cannot be learnt from how long the answer takes. */
export function opensPath(path: string, key: string | undefined, linkKey: string): boolean {
  const expected = Buffer.from(keyOfPath(path, linkKey))
  const given = Buffer.from(key ?? '')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** A build's page, for statuses, notices and `LAMBCI_BUILD_URL`; a private one carries its key. */
export function buildUrl(build: BuildRef & { baseUrl: string; isPrivate: boolean }, linkKey: string): string {
  const path = buildPath(build)
  return `${build.baseUrl}${path}${build.isPrivate ? `?key=${keyOfPath(path, linkKey)}` : ''}`
}
