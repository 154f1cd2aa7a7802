import { pick } from './json.ts'
import { quote } from './key-path.ts'
import { readLambciJson, readPackageJson, type Source } from './layer.ts'

/** The texts of a commit's files of configuration, null where there is none. */
export type Files = { lambciJson: string | null; packageJson: string | null; hasLambciJs: boolean }

export const NO_FILES: Files = { lambciJson: null, packageJson: null, hasLambciJs: false }

/** Which top-level keys files may say: all, none, or these. */
export type Allowance = boolean | readonly string[]

/**
 * What files say, lowest first, as far as they are allowed to; `where` tells two commits' files apart in messages.
 * Files that may say nothing are not read. Throws a `Problem` for a wrong file.
 */
export function readFiles(files: Files, allowance: Allowance, where = ''): Source[] {
  if (isSilent(allowance)) return []
  const read = [
    readPackageJson(files.packageJson, `package.json${where}`),
    readLambciJson(files.lambciJson, `.lambci.json${where}`),
  ]
  return read.filter(source => source !== null).map(source => limit(source, allowance))
}

/** Notes on files that are there but not read. */
export function describeUnread(files: Files, allowance: Allowance): string[] {
  const silenced = isSilent(allowance) && files.lambciJson !== null
  return [
    ...(files.hasLambciJs
      ? ['.lambci.js is not read: configuration is data. Move what it says to .lambci.json.']
      : []),
    ...(silenced ? ['.lambci.json is not read: "allowConfigOverrides" lets files say nothing here.'] : []),
  ]
}

/** The keys that both allow. */
export function narrow(one: Allowance, other: Allowance): Allowance {
  if (one === true) return other
  if (other === true || one === false) return one
  return other === false ? false : one.filter(key => other.includes(key))
}

const isSilent = (allowance: Allowance) =>
  allowance !== true && (allowance === false || allowance.length === 0)

function limit({ name, says, notes }: Source, allowance: Allowance): Source {
  if (typeof allowance === 'boolean') return { name, says, notes }
  const ignored = Object.keys(says).filter(key => !allowance.includes(key))
  const note = `${name}: ${listed(ignored)} ignored: files may only say ${allowance.map(key => quote(key)).join(', ')} here.`
  return { name, says: pick(says, allowance), notes: ignored.length === 0 ? notes : [...notes, note] }
}

const listed = (keys: readonly string[]) =>
  `${keys.map(key => quote(key)).join(', ')} ${keys.length === 1 ? 'is' : 'are'}`
