import { quote } from '../config/key-path.ts'
import { shellCommands } from './shell-commands.ts'

export type NotedCommand = {
  command: string
  /** Whether the command gets the credentials of a role. */
  hasRole: boolean
  /** The names of its variables: those that are configured, and the secret ones as far as they are known. */
  variables: readonly string[]
}

const INIT = /^(?:~|\$HOME|\$\{HOME\}|\/tmp\/lambci\/home)\/init\/([\w.-]+)/
const AWS_VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONFIG_FILE']
const TOKENS = ['GITHUB_TOKEN', 'SLACK_TOKEN']
/** Scripts in `init` that are in every image but set nothing up; `TOOLCHAINS`: those in images with their toolchain. */
const ALWAYS = ['gcc', 'python']
const TOOLCHAINS = ['go', 'java', 'php', 'ruby', 'rust']

/** Notes about tools and variables that LambCI gave to commands and this image does not. */
export function noteLambciTools({ command, hasRole, variables }: NotedCommand): string[] {
  const commands = shellCommands(command)
  const notes = [
    ...commands.map(noteInit),
    noteNave(commands),
    hasRole ? null : noteAws(commands, command, variables),
    /(^|[\s"'=:(])\/tmp\/lambci\/(?!home\/init\/)/.test(command)
      ? '/tmp/lambci does not exist: commands run in the root of the clone, and HOME lies elsewhere. Write relative paths, or "$HOME" for /tmp/lambci/home.'
      : null,
    ...TOKENS.map(name => noteToken(name, command, variables)),
  ]
  return [...new Set(notes.filter(note => note !== null))]
}

function noteInit(words: readonly string[]): string | null {
  const isRun = (at: number) => at === 0 || /^(\.|source|bash|sh)$/.test(words[at - 1] ?? '')
  const at = words.findIndex((word, index) => INIT.test(word) && isRun(index))
  const [path = '', tool = ''] = INIT.exec(words[at] ?? '') ?? []
  if (path === '') return null
  const version = words[at + 1]
  const ignored =
    version === undefined ? null : `It uses the version in the image and ignores ${quote(version)}.`
  if (ALWAYS.includes(tool)) return ignored && `${path} is in the image. ${ignored}`
  const line = `"--param Toolchains=${tool}" (docs/image.md)`
  if (TOOLCHAINS.includes(tool))
    return [`${path} exists in an image with this toolchain: deploy with ${line}.`, ignored].join(' ').trim()
  return `${path} does not exist. Install ${tool} in image/toolchain.sh (docs/image.md), and remove ${quote(words.join(' '))} from the command.`
}

function noteNave(commands: readonly (readonly string[])[]): string | null {
  const isInstalled = commands.some(
    ([name = '', ...words]) => /^(npm|yarn|pnpm)$/.test(name) && words.includes('nave'),
  )
  const words = commands.find(([name = '']) => isTool(name, 'nave'))
  if (!words || isInstalled) return null
  const version = words[2] ?? ''
  const major = Number(/^v?(\d+)/.exec(version)?.[1] ?? Number.NaN)
  if (words[1] === 'use' && (major === 24 || /^(latest|stable|lts.*)$/.test(version))) return null
  return (
    'nave runs the versions of Node that are in the image, and downloads none. It has Node 24; "--param Toolchains=node20,node22" ' +
    'adds others (docs/image.md).'
  )
}

function noteAws(commands: readonly (readonly string[])[], script: string, variables: readonly string[]) {
  const signs = (words: readonly string[]) =>
    isTool(words[0] ?? '', 'aws') &&
    words.length > 1 &&
    !words.some(word => /^(--no-sign-request|--version|--profile(=.*)?|help|configure)$/.test(word))
  const hasOwn = AWS_VARIABLES.some(name => variables.includes(name) || script.includes(name))
  if (hasOwn || !commands.some(signs)) return null
  return (
    'aws gets no credentials here: only a deploy or a job with a role does ("deployRole" and "jobRoles" in the account\'s settings). ' +
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with "lambci secret set NAME OWNER/REPO", or move the call into "deploy".'
  )
}

/** Whether a word runs a tool that is installed; a file of the repository is something else. */
const isTool = (word: string, name: string) =>
  word === name || (/^[~/$]/.test(word) && word.endsWith(`/bin/${name}`))

function noteToken(name: string, command: string, variables: readonly string[]): string | null {
  const isUsed = new RegExp(`(?<!\\\\)\\$(?:${name}(?!\\w)|\\{${name}[^\\w])`).test(command)
  const isSet = variables.includes(name) || new RegExp(`(^|[\\s;&])${name}=`).test(command)
  if (!isUsed || isSet) return null
  return `${name} is not given to commands, as it was by LambCI. Set one with "lambci secret set ${name} OWNER/REPO".`
}
