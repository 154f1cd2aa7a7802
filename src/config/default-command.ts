import type { Cascade } from './cascade.ts'
import { DEFAULTS } from './defaults.ts'
import type { AllowedKeys, Files } from './files.ts'
import { quote } from './key-path.ts'

type CommandSources = {
  /** The files that may set anything. */
  own: { files: Files; allowed: AllowedKeys }
  head: Files
  /** Null if the account's settings are not known. */
  account: unknown
}

/** Why the default command cannot run if nothing sets another one: it needs a `package.json`. Null if there is a command. */
export function explainMissingCommand(top: Cascade, { own, head, account }: CommandSources): string | null {
  if (top.sources.get('cmd')?.at(-1) !== 'defaults' || head.packageJson !== null) return null
  const command = quote(DEFAULTS.cmd)
  const mayFiles = own.allowed === true || ['cmd', 'jobs'].some(key => isListed(own.allowed, key))
  const unknown = account === null ? ' (The account\'s settings are not known here: they may set "cmd".)' : ''
  if (!mayFiles)
    return `Nothing sets "cmd", and without a package.json the default command ${command} cannot run. Set "cmd" in the account's settings with "lambci config set OWNER/REPO cmd COMMAND".`
  return own.files.lambciJson === null && head.lambciJson === null
    ? `There is neither a .lambci.json nor a package.json, so the default command ${command} cannot run. Add a .lambci.json such as {"cmd": "make test"}.${unknown}`
    : `.lambci.json sets no "cmd", and without a package.json the default command ${command} cannot run. Add "cmd": "make test" to it.${unknown}`
}

const isListed = (allowed: AllowedKeys, key: string) => typeof allowed !== 'boolean' && allowed.includes(key)
