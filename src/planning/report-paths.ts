import { matcherOf } from '../config/glob.ts'

/** The places where test reports are looked for. Paths are relative to the workspace, without a slash at either end. */
export type ReportPaths = {
  /** The directories or files that contain all of them; an empty one is the workspace itself. */
  roots: readonly string[]
  matches: (path: string) => boolean
}

/** The places of the reports that a job names. */
export function reportPathsOf(patterns: readonly string[]): ReportPaths {
  const roots = new Set(patterns.map(rootOf))
  return {
    roots: [...roots].filter(root => ![...roots].some(other => other !== root && isBelow(root, other))),
    matches: matcherOf(patterns),
  }
}

/** The parts of a pattern before the first one with a wildcard. */
function rootOf(pattern: string): string {
  const parts = pattern.replace(/\/+$/, '').split('/')
  const wild = parts.findIndex(part => /[*?]/.test(part))
  return (wild === -1 ? parts : parts.slice(0, wild)).join('/')
}

const isBelow = (path: string, root: string) => root === '' || path.startsWith(`${root}/`)
