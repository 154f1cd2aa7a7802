import { toBytes } from '../cache/tree.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { UserError } from '../model/user-error.ts'
import type { Limits } from './artifact-context.ts'
import { isWithin, show } from './contents.ts'

/**
 * One line of tar's list (`--verbose --verbose --quoting-style=c --numeric-owner`): type and mode, owner, size, time, name, and
 * for links their target.
 */
const LINE = /^(\S)\S* \S+ +(\d+)(?:,\d+)? [^"]*"((?:[^"\\]|\\.)*)"(?: (?:->|link to) "((?:[^"\\]|\\.)*)")?$/
const KINDS: Readonly<Record<string, string>> = { c: 'a device', b: 'a device', p: 'a named pipe' }
/** tar's note on a directory that is not itself a member. */
const PARENT = /^d\S* +Creating directory: "/
/** More than two of the longest possible paths, all escaped. */
const MOST_LINE_BYTES = 64 * 1024

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
}
const unquote = (text: string) =>
  text.replace(/\\([0-7]{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPES[code] ?? code),
  )

/** Checks the members of a hostile archive, as tar names them, while it unpacks them into their own directory. */
export class MemberList {
  readonly #paths: readonly string[]
  readonly #limits: Limits
  readonly #label: string
  readonly #seen = new Set<string>()
  readonly #directories = new Set<string>()
  readonly #links = new Set<string>()
  #pending = ''
  #bytes = 0

  constructor(paths: readonly string[], limits: Limits, label: string) {
    this.#paths = paths.map(toBytes)
    this.#limits = limits
    this.#label = label
  }

  /** @throws UserError for a member that no artifact may have */
  add(chunk: Uint8Array): void {
    const lines = (this.#pending + Buffer.from(chunk).toString('latin1')).split('\n')
    this.#pending = lines.pop() ?? ''
    for (const line of lines) this.#check(line)
    if (this.#pending.length > MOST_LINE_BYTES) this.#refuse('a name in it is too long')
  }

  #check(line: string): void {
    if (PARENT.test(line)) return
    const [, type, size = '', quoted = '', quotedTarget] = LINE.exec(line) ?? []
    if (!type) this.#refuse(`it contains something that is not a file: ${show(line)}`)
    const name = unquote(quoted).replace(/\/$/, '')
    if (!'-dlh'.includes(type))
      this.#refuse(`${show(name)} is ${KINDS[type] ?? 'not a file'}, which no artifact may contain`)
    this.#checkName(name)
    const target = quotedTarget === undefined ? null : unquote(quotedTarget)
    if (type === 'h' && !isWithin(target ?? '', this.#paths))
      this.#refuse(`${show(name)} is a hard link to ${show(target ?? '')}, which is not in the artifact`)
    this.#note(name, type)
    this.#bytes += Number(size)
    const { entries, unpackedBytes } = this.#limits
    if (this.#seen.size > entries) this.#refuse(`it has more than ${entries} files and directories`)
    if (this.#bytes > unpackedBytes) this.#refuse(`it has more than ${describeBytes(unpackedBytes)}`)
  }

  #checkName(name: string): void {
    const parts = name.split('/')
    const isPlain = parts.every(part => part !== '' && part !== '.' && part !== '..')
    if (!isPlain || !isWithin(name, this.#paths))
      this.#refuse(`it contains ${show(name)}, which is not in the declared paths`)
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1))
      if (this.#links.has(name.slice(0, end))) this.#refuse(`${show(name)} is behind a link`)
  }

  #note(name: string, type: string): void {
    const isKnown = this.#seen.has(name)
    if (isKnown && !(type === 'd' && this.#directories.has(name)))
      this.#refuse(`${show(name)} is in it twice`)
    this.#seen.add(name)
    if (type === 'd') this.#directories.add(name)
    if (type === 'l') this.#links.add(name)
  }

  #refuse(reason: string): never {
    throw new UserError(`${this.#label}: ${reason}.`)
  }
}
