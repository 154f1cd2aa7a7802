import {
  type Found,
  firstPlace,
  indexIn,
  isForeign,
  type Part,
  type PlaceInLog,
  plainFailure,
  recogniser,
  shownBefore,
  shownIn,
} from './log-lines.ts'

const FAILED = /^(\s*)--- FAIL: (\S+) \([\d.]+s\)$/
/** Errors of `go build`, `go vet` and the compilation of the tests. */
const COMPILER = /^(?:vet: )?((?:\.{1,2}\/|\/)?[^\s:]{1,300}\.go):(\d{1,8}):\d{1,8}: /
const LOGGED = /^\s+([^\s:]{1,200}\.go):(\d{1,8}): /
const PACKAGE = /^(?:FAIL|ok {2})\t(\S+)/
const PANIC = /^(?:panic: |fatal error: )/
const STARTED = /^=== (?:RUN|NAME|CONT) {2,}(\S+)$/

/** `go test`, plain and with `-v`, `go build` and `go vet`, of Go 1.18 and later. */
export const goRecogniser = recogniser('go', lines => {
  const whole = { from: 0, to: lines.length }
  const isStart = (line: string) => FAILED.test(line) || PANIC.test(line) || isCompiler(line)
  const at = indexIn(lines, whole, isStart)
  const end = endOf(lines)
  if (at === whole.to || (end === null && !isCompiler(lines[at] ?? '')))
    return end === null ? null : exited(lines)
  const found = isCompiler(lines[at] ?? '') ? compilerError(lines, at) : failedTest(lines, at)
  return { ...found, end: Math.max(end ?? 0, found.end) }
})

const isCompiler = (line: string) => COMPILER.test(line)

/** The last line in which a package fails. Without one, it is not output of Go. */
function endOf(lines: readonly string[]): number | null {
  for (let at = lines.length - 1; at >= 0; at--) if (/^FAIL(?:\t|$)/.test(lines[at] ?? '')) return at
  return null
}

function compilerError(lines: readonly string[], at: number): Found {
  const [, file = '', number] = COMPILER.exec(lines[at] ?? '') ?? []
  const to = indexIn(
    lines,
    { from: at, to: lines.length },
    line => !isCompiler(line) && !line.startsWith('\t'),
  )
  return plainFailure(shownIn(lines, { from: at, to }), { file, line: Number(number) }, to - 1)
}

function failedTest(lines: readonly string[], at: number): Found {
  const to = Math.min(
    indexIn(lines, { from: at, to: lines.length }, line => PACKAGE.test(line)),
    lines.length,
  )
  const name = PACKAGE.exec(lines[to] ?? '')?.[1] ?? null
  if (PANIC.test(lines[at] ?? '')) return panicked(lines, { from: at, to }, name)
  const leaf = innermost(lines, { from: at, to })
  const [, indent = '', test = ''] = FAILED.exec(lines[leaf] ?? '') ?? []
  const isLogged = (line: string) => line.startsWith(`${indent}    `) && !/^\s*--- /.test(line)
  const block = { from: leaf + 1, to: indexIn(lines, { from: leaf + 1, to }, line => !isLogged(line)) }
  if (PANIC.test(lines[block.to] ?? ''))
    return { ...panicked(lines, { from: block.to, to }, name), test: titled(name, test) }
  const logged = block.from < block.to ? block : loggedBefore(lines, test, at)
  const race = raceBefore(lines, logged, at)
  const part = race ?? logged
  const place = firstPlace(lines, part, race ? frameOf : loggedPlace)
  return {
    test: titled(name, test),
    failed: null,
    total: null,
    shown: race
      ? [...shownIn(lines, part, { most: 19, isNoise: isRuntime }), leaf]
      : [...(part.from > leaf ? [leaf] : []), ...shownIn(lines, part, { most: 19 })],
    file: place && !race ? inPackage(place.file, name) : (place?.file ?? null),
    line: place?.line ?? null,
    end: to,
  }
}

/** The first subtest that failed, if any did. A test is written before its subtests. */
function innermost(lines: readonly string[], { from, to }: Part): number {
  let leaf = from
  let name = FAILED.exec(lines[from] ?? '')?.[2] ?? ''
  for (let at = from + 1; at < to; at++) {
    const line = lines[at] ?? ''
    if (!/^\s/.test(line)) break
    const test = FAILED.exec(line)?.[2]
    if (test?.startsWith(`${name}/`)) [leaf, name] = [at, test]
    else if (test !== undefined) break
  }
  return leaf
}

/** With `-v`, the log of a test comes before its result. */
function loggedBefore(lines: readonly string[], test: string, until: number): Part {
  const start = indexIn(lines, { from: 0, to: until }, line => STARTED.exec(line)?.[1] === test)
  const isNext = (line: string) => /^(?:=== |\s*--- |FAIL|PASS)/.test(line)
  let part = { from: start + 1, to: start + 1 }
  for (let at = start; at < until; at++) {
    if (STARTED.exec(lines[at] ?? '')?.[1] !== test) continue
    const to = indexIn(lines, { from: at + 1, to: until }, isNext)
    if (to > at + 1) part = { from: at + 1, to }
    at = to - 1
  }
  return part
}

/** The report of a data race comes before the test that has it. */
function raceBefore(lines: readonly string[], logged: Part, until: number): Part | null {
  if (
    !lines.slice(logged.from, logged.to).some(line => line.includes('race detected during execution of test'))
  )
    return null
  for (let from = until - 1; from >= 0; from--) {
    if (lines[from] !== 'WARNING: DATA RACE') continue
    return { from, to: indexIn(lines, { from, to: until }, line => /^={10,}$/.test(line)) }
  }
  return null
}

const loggedPlace = (line: string) => {
  const [, file, number] = LOGGED.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

/** A frame of a goroutine: a tab or spaces, the file, the line. */
const frameOf = (line: string): Omit<PlaceInLog, 'at'> | null => {
  const [, file, number] = /^\s+(\/?[^\s:]{1,300}\.go):(\d{1,8})(?: |$)/.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

const isOwnFrame = (line: string) => {
  const frame = frameOf(line)
  return frame !== null && !isForeign(frame.file)
}

const isRuntime = (line: string) =>
  /^\s+(?:testing|main)\.|_testmain\.go/.test(line) || (frameOf(line) !== null && !isOwnFrame(line))

function panicked(lines: readonly string[], part: Part, name: string | null): Found {
  const running = /^\t\t(\S+) \(/.exec(
    lines.slice(part.from, part.from + 3).find(line => line.startsWith('\t\t')) ?? '',
  )
  const isTest = (line: string) => TEST_FRAME.test(line)
  const frame = indexIn(lines, part, isTest)
  const test = running?.[1] ?? TEST_FRAME.exec(lines[frame] ?? '')?.[1] ?? null
  // After a timeout, the goroutine of the test is one of many.
  const from = running && frame < part.to ? frame : part.from
  const at = indexIn(lines, { from, to: part.to }, isOwnFrame)
  const place = frameOf(lines[at] ?? '')
  const rest = place ? [at - 1, at].filter(each => each > part.from) : []
  const isTrace = (line: string) => /^(?:goroutine |\S.*\(.*\)$|\t\/|created by |\t_testmain)/.test(line)
  return {
    test: test === null ? name : titled(name, test),
    failed: null,
    total: null,
    shown: shownBefore(
      lines,
      { from: part.from, to: indexIn(lines, part, line => line.startsWith('goroutine ')) },
      rest,
      isTrace,
    ),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: part.to,
  }
}

const TEST_FRAME = /\.((?:Test|Fuzz|Example)\w{0,200})(?:\.func\d+)*\(/

/** A package that ended without a failed test, through `os.Exit` or `log.Fatal`. */
function exited(lines: readonly string[]): Found | null {
  const isFailed = (line: string) => /^FAIL\t\S+\t[\d.]+s$/.test(line)
  const at = indexIn(lines, { from: 0, to: lines.length }, isFailed)
  if (at === lines.length) return null
  let from = at
  while (from > 0 && at - from < 19 && !/^(?:FAIL|ok {2}|---|\?)/.test(lines[from - 1] ?? '')) from -= 1
  return plainFailure([...shownIn(lines, { from, to: at }, { most: 19 }), at], null, at)
}

const titled = (name: string | null, test: string) => (name === null ? test : `${name} › ${test}`)

/** Go writes only the name of a file. Its directory is that of the package, below that of the module. */
const inPackage = (file: string, name: string | null) =>
  name === null || file.includes('/') ? file : `${name}/${file}`
