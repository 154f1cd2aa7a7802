import { inPackage, javaFrame } from './java-frame.ts'
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

const FAILED = ' FAILED'
const SUMMARY = /^(\d{1,8}) tests? completed(?:, (\d{1,8}) failed)?/
/** Errors of javac, also after the name of a task on the same line, and of Kotlin. */
const COMPILER =
  /^(?::[\w:]{1,200})?(\/[^\s:]{1,300}\.(?:java|groovy|scala)):(\d{1,8}): error: |^e: (?:file:\/\/)?(\/[^\s:]{1,300}):\(?(\d{1,8})[:,]/
const WRONG = '* What went wrong:'

/** Gradle 4 and later, with the tests of JUnit, and errors of javac and Kotlin. */
export const gradleRecogniser = recogniser('Gradle', lines => {
  const failed = inLastRun(lines, summaryOf, (part, summary) => firstFailed(lines, part, summary))
  return failed ?? compilerError(lines) ?? ownError(lines)
})

function summaryOf(line: string): Summary | null {
  const [, total, failed] = SUMMARY.exec(line) ?? []
  return total === undefined ? null : { failed: Number(failed ?? 0), total: Number(total) }
}

/** `com.example.CartTest > adds FAILED`. */
function namesIn(line: string): string[] | null {
  if (!line.endsWith(FAILED) || !/^[\w$]/.test(line) || !line.includes(' > ')) return null
  return line.slice(0, -FAILED.length).split(' > ')
}

function firstFailed(lines: readonly string[], part: Part, summary: Summary | null): Found | null {
  const from = indexIn(lines, part, line => namesIn(line) !== null)
  const names = namesIn(lines[from] ?? '')
  if (from === part.to || names === null) return null
  const block = {
    from,
    to: indexIn(lines, { from: from + 1, to: part.to }, line => !line.startsWith('    ')),
  }
  const place =
    firstPlace(lines, block, javaFrame) ?? firstPlace(lines, block, line => shortPlace(line, names[0]))
  const isFrame = (line: string) => /^\s+at /.test(line)
  return {
    test: names.join(' › '),
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

/** `java.lang.AssertionError at CartTest.java:14`: Gradle's own format has no packages. */
function shortPlace(line: string, owner = ''): { file: string; line: number } | null {
  const [, file, number] = /^\s+\S+ at ([\w$]{1,200}\.(?:java|kt|groovy|scala)):(\d{1,8})$/.exec(line) ?? []
  if (file === undefined) return null
  return { file: /^[\w.$]+$/.test(owner) ? inPackage(owner, file) : file, line: Number(number) }
}

function compilerError(lines: readonly string[]): Found | null {
  const isError = (line: string) => COMPILER.test(line)
  const at = indexIn(lines, { from: 0, to: lines.length }, isError)
  const [, java, javaLine, kotlin, kotlinLine] = COMPILER.exec(lines[at] ?? '') ?? []
  const file = java ?? kotlin
  if (at === lines.length || file === undefined) return null
  const isOther = (line: string) => !isError(line) && !/^\s/.test(line)
  const to = indexIn(lines, { from: at, to: lines.length }, isOther)
  return plainFailure(
    shownIn(lines, { from: at, to }),
    { file, line: Number(javaLine ?? kotlinLine) },
    to - 1,
  )
}

/** Any other error that ends Gradle: in a build file, a task, a dependency. */
function ownError(lines: readonly string[]): Found | null {
  const at = lines.lastIndexOf(WRONG)
  if (at < 0) return null
  const to = indexIn(lines, { from: at + 1, to: lines.length }, line => line.startsWith('* Try:'))
  const where = firstPlace(lines, { from: Math.max(0, at - 4), to: at }, line => {
    const [, file, number] = /^(?:Build|Settings|Script) file '(.{1,300})' line: (\d{1,8})$/.exec(line) ?? []
    return file === undefined ? null : { file, line: Number(number) }
  })
  return plainFailure(shownIn(lines, { from: at + 1, to }), where, to - 1)
}
