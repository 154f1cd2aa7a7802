import { javaFrame } from './java-frame.ts'
import {
  type Found,
  firstPlace,
  indexIn,
  inLastRun,
  type Part,
  plainFailure,
  recogniser,
  type Summary,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const SUMMARY =
  /^(?:\[\w+\] )?Tests run: (\d{1,8}), Failures: (\d{1,8}), Errors: (\d{1,8}), Skipped: \d{1,8}(.{0,40})$/
const OF_CLASS = /^(?:\[\w+\] )?Tests run: .{1,200} <<< (?:FAILURE|ERROR)! --? in (\S+)$/
const COMPILER = /^\[ERROR\] (\/\S{1,300}):\[(\d{1,8}),\d{1,8}\] /
const BUILT = '[INFO] BUILD FAILURE'

/** Maven, with Surefire or Failsafe 2.12 and later, and its errors of compilation. */
export const mavenRecogniser = recogniser('Maven', lines => {
  const failed = inLastRun(lines, summaryOf, (part, summary) => firstFailed(lines, part, summary))
  return failed ?? compilerError(lines) ?? ownError(lines)
})

/** The summary of a module. That of a class has a time as well. */
function summaryOf(line: string): Summary | null {
  const [, total, failures, errors, rest = ''] = SUMMARY.exec(line) ?? []
  if (total === undefined || rest.includes('Time elapsed')) return null
  return { failed: Number(failures) + Number(errors), total: Number(total) }
}

/** `[ERROR] com.example.CartTest.adds -- Time elapsed: 0.4 s <<< FAILURE!`; the line of a class names no test. */
function nameIn(line: string): string | null {
  const end = line.indexOf('Time elapsed: ')
  if (end < 0 || !/ <<< (?:FAILURE|ERROR)!$/.test(line) || line.includes('Tests run:')) return null
  return line
    .slice(0, end)
    .replace(/^\[ERROR\] +/, '')
    .replace(/ +(?:-- )?$/, '')
}

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const from = indexIn(lines, part, line => nameIn(line) !== null)
  const name = nameIn(lines[from] ?? '')
  if (from === part.to || name === null) return null
  let owner: string | null = null
  for (let at = from - 1; at >= part.from && owner === null; at--)
    owner = OF_CLASS.exec(lines[at] ?? '')?.[1] ?? null
  const isEnd = (line: string) => line.trim() === '' || line.startsWith('[')
  const block = { from, to: indexIn(lines, { from: from + 1, to: part.to }, isEnd) }
  const place = firstPlace(lines, block, javaFrame)
  const isFrame = (line: string) => /^\s+(?:at |\.\.\. \d)/.test(line)
  return {
    test: titleOf(name, owner),
    failed: summary?.failed ?? null,
    total: summary?.total ?? null,
    shown: place
      ? shownBefore(lines, { from, to: place.at }, [place.at], isFrame)
      : shownIn(lines, block, { isNoise: isFrame }),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: summary ? part.to - 1 : block.to - 1,
  }
}

/** `com.example.CartTest.adds(int)[2]`, `adds` with the class in the line above, `adds(com.example.CartTest)`. */
function titleOf(name: string, owner: string | null): string {
  const [, method, ofClass] = /^([^\s(]{1,300})\(([\w$]+\.[\w.$]{1,300})\)$/.exec(name) ?? []
  if (method !== undefined) return `${ofClass} › ${method}`
  if (name === owner) return name
  if (owner !== null && name.startsWith(`${owner}.`)) return `${owner} › ${name.slice(owner.length + 1)}`
  const path = /^[\w.$]+/.exec(name)?.[0] ?? ''
  const end = path.lastIndexOf('.')
  if (end > 0) return `${name.slice(0, end)} › ${name.slice(end + 1)}`
  return owner === null ? name : `${owner} › ${name}`
}

function compilerError(lines: readonly string[]): Found | null {
  const isError = (line: string) => COMPILER.test(line)
  const at = indexIn(lines, { from: 0, to: lines.length }, isError)
  const [, file = '', number] = COMPILER.exec(lines[at] ?? '') ?? []
  if (at === lines.length) return null
  const isOther = (line: string) => !isError(line) && !/^\s/.test(line)
  const to = indexIn(lines, { from: at, to: lines.length }, isOther)
  return plainFailure(shownIn(lines, { from: at, to }), { file, line: Number(number) }, to - 1)
}

/** Any other error that ends Maven: an unknown plugin, goal or project. */
function ownError(lines: readonly string[]): Found | null {
  const built = lines.lastIndexOf(BUILT)
  if (built < 0 && !lines.includes('[INFO] Scanning for projects...')) return null
  const isError = (line: string) => /^\[ERROR\] \S/.test(line)
  const at = indexIn(lines, { from: Math.max(built, 0), to: lines.length }, isError)
  if (at === lines.length) return null
  const to = indexIn(lines, { from: at, to: lines.length }, line => line === '[ERROR]' || line === '[ERROR] ')
  return plainFailure(shownIn(lines, { from: at, to }), null, lines.length - 1)
}
