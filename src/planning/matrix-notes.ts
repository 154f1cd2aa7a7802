import { type Commands, joinCommands } from '../config/jobs/command-schema.ts'
import type { JobConfig } from '../config/jobs/job-config.ts'
import { shellCommands } from './shell-commands.ts'

/** Variables that compilers, package managers, test runners and the system read themselves. */
const OF_TOOLS = new RegExp(
  `^(?:${[
    '.*_VERSION|.*_HOME|.*_OPTIONS|.*_OPTS|.*_URL|.*FLAGS|.*_ENV',
    '(?:NODE|NPM|npm|YARN|PNPM|BUN|DENO|VITEST|JEST|MOCHA|CYPRESS|PLAYWRIGHT|PW|NEXT|VITE)_.*',
    'PYTHON[A-Z_]+|(?:PYENV|PIP|UV|POETRY|PDM|HATCH|PYTEST|COVERAGE|DJANGO|FLASK)_.*|TOX.*|NOX.*',
    '(?:RBENV|BUNDLE|GEM|RAILS|RACK|RUBY|PHP|COMPOSER|DOTNET|NUGET|MIX|HEX|ERL|ELIXIR)_?.+|RUBYOPT|RUBYLIB',
    'GO[A-Z0-9]+|CGO_.*|CARGO.*|RUST.*|(?:JAVA|JDK|MAVEN|GRADLE|SBT|KOTLIN|ANDROID)_.*',
    'CC|CXX|LD|AR|CMAKE_.*|CTEST_.*|MAKE.*|(?:A|L|T|UB)SAN_.*',
    'CI|CI_.*|TZ|LANG|LANGUAGE|LC_.*|PATH|HOME|SHELL|EDITOR|TERM|TMPDIR|DISPLAY|DEBUG|BROWSER|NO_COLOR|FORCE_COLOR',
    '(?:AWS|SAM|CDK|DOCKER|COMPOSE|PG|MYSQL|REDIS|TF|KUBE|SELENIUM|GIT)_?.+',
  ].join('|')})$`,
)

/** Programs that run a file of the repository, which may read any variable. */
const RUNNERS = new Set(
  'make gmake ninja just task rake invoke inv tox nox gradle mvn ant sbt bazel mage doit grunt gulp earthly cmake ctest'.split(
    ' ',
  ),
)
const INTERPRETERS =
  /^(?:bash|sh|dash|zsh|ksh|fish|python[\d.]*|node|ruby|perl|php|deno|bun|tsx|ts-node|pwsh)$/
const SYSTEM = /^\/(?:usr|bin|sbin|opt|etc|nix)\//

/** A note for each variable of a matrix that no command of its job uses, as far as can be seen. */
export function noteUnusedVariables(
  name: string,
  { cmd, matrix, include }: JobConfig,
  setup: Commands | null,
): string[] {
  const text = [setup ?? '', cmd ?? ''].map(joinCommands).join('\n')
  const variables = [...new Set([...Object.keys(matrix), ...include.flatMap(part => Object.keys(part))])]
  const unused = variables.filter(variable => !OF_TOOLS.test(variable) && !mentions(text, variable))
  if (unused.length === 0 || shellCommands(text).some(runsFile)) return []
  return unused.map(
    variable =>
      `No command of job ${name} uses $${variable} of its matrix: its cells differ only for a program that reads ${variable} itself.`,
  )
}

/** `$NODE`, `${NODE}`, `printenv NODE`, `process.env.NODE`. Words in lower case may be anything else. */
function mentions(text: string, variable: string): boolean {
  const isExpanded = new RegExp(`\\$\\{?[!#]?${variable}(?!\\w)`).test(text)
  const isNamed = new RegExp(`(?<!\\w)${variable}(?!\\w)`).test(text)
  return isExpanded || (isNamed && /[A-Z]/.test(variable)) || (isNamed && /env/i.test(text))
}

/** Whether a simple command runs a script or a recipe of the repository. */
function runsFile([first = '', ...rest]: readonly string[]): boolean {
  const base = first.replace(/^.*\//, '')
  if (first.includes('/') && !SYSTEM.test(first) && !first.startsWith('~')) return true
  if (RUNNERS.has(base) || first === '.' || first === 'source') return true
  return (
    INTERPRETERS.test(base) &&
    rest.some(word => !word.startsWith('-')) &&
    !/^-[a-z]*[cem]/.test(rest[0] ?? '')
  )
}
