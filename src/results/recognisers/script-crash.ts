import {
  type Found,
  firstPlace,
  indexIn,
  isForeign,
  type Part,
  plainFailure,
  recogniser,
  scriptFrame,
  shownBefore,
} from './log-lines.ts'

/** Before the error, Node writes where it stopped: `/repo/a.js:3`, `node:internal/modules/cjs/loader:1568`. */
const STOPPED_AT = /^(?:file:\/\/)?((?:node:internal\/|\/|[A-Z]:\\)\S{1,500}):(\d{1,8})$/
const ERROR = /^(?:Uncaught |\[)?[A-Za-z_$][\w$]{0,80}(?: \[[A-Z_]{1,60}\])?: /
const MOST_BETWEEN = 12

/** An error that ended a Node process: the error itself, and the first frame in the repository. */
export function crashIn(lines: readonly string[], part: Part): Found | null {
  let { from } = part
  for (;;) {
    const at = indexIn(lines, { from, to: part.to }, line => STOPPED_AT.test(line))
    if (at === part.to) return null
    from = at + 1
    const until = Math.min(part.to, at + MOST_BETWEEN)
    const error = indexIn(lines, { from: at + 1, to: until }, line => ERROR.test(line))
    if (error === until) continue
    const to = indexIn(lines, { from: error, to: part.to }, line => /^(?:Node\.js v|[✖▶✔ℹ#])/.test(line))
    const [, file = '', number] = STOPPED_AT.exec(lines[at] ?? '') ?? []
    const frame = firstPlace(lines, { from: error, to }, scriptFrame)
    const stopped = isForeign(file) ? null : { file, line: Number(number) }
    const isStack = (line: string) => /^\s+at |^[}\s]*$|^\s+(?:code|requireStack|errno|syscall): /.test(line)
    const shown = shownBefore(lines, { from: error, to }, frame ? [frame.at] : [], isStack)
    return plainFailure(shown, stopped ?? frame, to - 1)
  }
}

/** A Node script that ended with an error. */
export const nodeRecogniser = recogniser('node', lines => crashIn(lines, { from: 0, to: lines.length }))
