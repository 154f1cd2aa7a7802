/** A place in the commit: a path relative to its root, and a line. */
export type Place = { file: string; line: number | null }

const MOST_LINES = 500
const MOST_LINE = 2000

/** How tools write a place: `at f (/a/b.js:3:7)`, `file:///a/b.js:3`, `File "/a/b.py", line 3`, `b_test.go:3:`, `/a/B.php:3`. */
const PLACES = [
  /File "([^"\n]{1,1000})", line (\d{1,8})/,
  /(?:^|[\s('"`[])(?:file:\/\/)?((?:[A-Za-z0-9_.@~+-]|\/)[^\s:()'"`]{0,999}\.[A-Za-z]{1,5}):(\d{1,8})(?=$|[:)\s,'"`\]])/,
]

/**
 * The first place in the text of a failure that is in a file of the commit. `toPath` returns the path within the commit of a
 * file as a tool has written it, and null for any other file.
 */
export function placeIn(text: string, toPath: (written: string) => string | null): Place | null {
  for (const line of text.split('\n', MOST_LINES)) {
    for (const pattern of PLACES) {
      const [, written = '', number] = pattern.exec(line.slice(0, MOST_LINE)) ?? []
      const file = written === '' ? null : toPath(written)
      if (file !== null) return { file, line: Number(number) || null }
    }
  }
  return null
}
