import { isObject } from '../../config/json.ts'

/** The files at the top of a project. */
export type ProjectFiles = {
  names: ReadonlySet<string>
  /** The value of `package.json`; null if there is none, or if it is not JSON. */
  packageJson: unknown
  /** The text of `Makefile`; empty if there is none. */
  makefile: string
}

/** A configuration for a project. */
export type Proposal = {
  kind: string
  cmd: string
  cache?: readonly { paths: readonly string[]; key?: readonly string[] }[]
  /** A toolchain that the image has only if the stack's parameter `Toolchains` names it. */
  toolchain?: Toolchain
  /** A tool that is never in the image. */
  lacks?: string
}
export type Toolchain = 'go' | 'rust' | 'java' | 'php'

/** A configuration for the first kind of project that these files indicate; null if there is none. */
export function proposeConfig(files: ProjectFiles): Proposal | null {
  for (const kind of [
    nodeProject,
    goProject,
    rustProject,
    javaProject,
    phpProject,
    pythonProject,
    makeProject,
  ]) {
    const proposal = kind(files)
    if (proposal) return proposal
  }
  return null
}

/** A cache of these directories. Its key is the content of the first of these files that exists. */
const cacheOf = (paths: readonly string[], keys: readonly string[], { names }: ProjectFiles) => {
  const key = keys.filter(name => names.has(name)).slice(0, 1)
  return { cache: [{ paths, ...(key.length > 0 && { key }) }] }
}

/** The placeholder that `npm init` writes. */
const NO_TEST = /no test specified/

function nodeProject(files: ProjectFiles): Proposal | null {
  const { names, packageJson } = files
  if (!names.has('package.json') || !isObject(packageJson)) return null
  const { scripts, packageManager } = packageJson
  const has = (name: string) => {
    const text = isObject(scripts) ? scripts[name] : undefined
    return typeof text === 'string' && text !== '' && !NO_TEST.test(text)
  }
  const wanted = has('test') ? ['test'] : ['lint', 'build'].filter(has)
  const manager = managerOf(names, typeof packageManager === 'string' ? packageManager : '')
  const { kind, install, run, paths, lock } = manager
  const cmd = [install, ...wanted.map(name => `${run} ${name}`)].join(' && ')
  return { kind, cmd, ...cacheOf(paths, [lock], files) }
}

/** The version matters: Yarn 2 and later is another package. */
const MANAGER = /^(npm|pnpm|yarn)@(\d{1,4})((?:\.\d{1,6}){0,2})/

function managerOf(names: ReadonlySet<string>, packageManager: string) {
  const [, named, major = '', rest = ''] = MANAGER.exec(packageManager) ?? []
  const version = major === '' ? '' : `@${major}${rest}`
  const is = (name: string, lock: string) => named === name || (named === undefined && names.has(lock))
  if (is('pnpm', 'pnpm-lock.yaml')) {
    const pnpm = `npx --yes pnpm${version}`
    const paths = ['~/.local/share/pnpm/store']
    return {
      kind: 'pnpm',
      install: `${pnpm} install --frozen-lockfile`,
      run: `${pnpm} run`,
      paths,
      lock: 'pnpm-lock.yaml',
    }
  }
  if (is('yarn', 'yarn.lock')) {
    const isModern = Number(major) > 1 || names.has('.yarnrc.yml')
    const yarn = Number(major) > 1 ? `npx --yes --package=@yarnpkg/cli-dist${version} yarn` : 'npx --yes yarn'
    const install = `${yarn} install ${isModern ? '--immutable' : '--frozen-lockfile'}`
    const paths = [isModern ? '~/.yarn/berry/cache' : '~/.cache/yarn']
    return { kind: 'yarn', install, run: `${yarn} run`, paths, lock: 'yarn.lock' }
  }
  const locks = ['package-lock.json', 'npm-shrinkwrap.json']
  const lock = locks.find(name => names.has(name))
  return {
    kind: 'npm',
    install: lock ? 'npm ci' : 'npm install',
    run: 'npm run',
    paths: ['~/.npm'],
    lock: lock ?? 'package.json',
  }
}

function goProject(files: ProjectFiles): Proposal | null {
  if (!files.names.has('go.mod')) return null
  const paths = ['~/go/pkg/mod', '~/.cache/go-build']
  return {
    kind: 'go',
    cmd: 'go vet ./... && go test ./...',
    ...cacheOf(paths, ['go.sum', 'go.mod'], files),
    toolchain: 'go',
  }
}

function rustProject(files: ProjectFiles): Proposal | null {
  if (!files.names.has('Cargo.toml')) return null
  const cmd = files.names.has('Cargo.lock') ? 'cargo test --locked' : 'cargo test'
  const cache = cacheOf(['~/.cargo/registry', 'target'], ['Cargo.lock', 'Cargo.toml'], files)
  return { kind: 'cargo', cmd, ...cache, toolchain: 'rust' }
}

function javaProject(files: ProjectFiles): Proposal | null {
  const { names } = files
  if (names.has('pom.xml')) {
    const cmd = `${names.has('mvnw') ? './mvnw' : 'mvn'} --batch-mode verify`
    return {
      kind: 'java (Maven)',
      cmd,
      ...cacheOf(['~/.m2/repository'], ['pom.xml'], files),
      toolchain: 'java',
    }
  }
  const scripts = ['build.gradle.kts', 'build.gradle', 'settings.gradle.kts', 'settings.gradle']
  if (!scripts.some(name => names.has(name))) return null
  const cmd = `${names.has('gradlew') ? './gradlew' : 'gradle'} --no-daemon build`
  const cache = cacheOf(['~/.gradle/caches', '~/.gradle/wrapper'], scripts, files)
  return {
    kind: 'java (Gradle)',
    cmd,
    ...cache,
    toolchain: 'java',
    ...(!names.has('gradlew') && { lacks: 'Gradle' }),
  }
}

function phpProject(files: ProjectFiles): Proposal | null {
  const { names } = files
  if (!names.has('composer.json')) return null
  const isUnit = ['phpunit.xml', 'phpunit.xml.dist', 'phpunit.dist.xml'].some(name => names.has(name))
  const cmd = `composer install --no-interaction --no-progress && ${isUnit ? 'vendor/bin/phpunit' : 'composer run-script test'}`
  const cache = cacheOf(['~/.cache/composer'], ['composer.lock', 'composer.json'], files)
  return { kind: 'php', cmd, ...cache, toolchain: 'php' }
}

function pythonProject(files: ProjectFiles): Proposal | null {
  const { names } = files
  const known = [
    'pyproject.toml',
    'setup.py',
    'setup.cfg',
    'requirements.txt',
    'tox.ini',
    'Pipfile',
    'noxfile.py',
  ]
  const found = known.filter(name => names.has(name))
  if (found.length === 0) return null
  const cmd = pythonCommand(names)
  const keys = ['uv.lock', 'poetry.lock', 'Pipfile.lock', ...known]
  return { kind: 'python', cmd, ...cacheOf(['~/.cache/pip', '~/.cache/uv'], keys, files) }
}

function pythonCommand(names: ReadonlySet<string>): string {
  if (names.has('tox.ini')) return 'pip install --user tox && tox'
  if (names.has('noxfile.py')) return 'pip install --user nox && nox'
  if (names.has('uv.lock')) return 'pip install --user uv && uv run --frozen pytest'
  if (names.has('poetry.lock')) return 'pip install --user poetry && poetry install && poetry run pytest'
  if (names.has('Pipfile')) return 'pip install --user pipenv && pipenv install --dev && pipenv run pytest'
  const lists = ['requirements.txt', 'requirements-dev.txt', 'dev-requirements.txt'].filter(name =>
    names.has(name),
  )
  const isPackage = ['pyproject.toml', 'setup.py'].some(name => names.has(name))
  const wanted = [...lists.map(name => `-r ${name}`), ...(isPackage ? ['-e .'] : []), 'pytest']
  return `pip install --user ${wanted.join(' ')} && python3 -m pytest`
}

/** Runs the first of the usual targets that the Makefile has. */
function makeProject({ names, makefile }: ProjectFiles): Proposal | null {
  if (!['Makefile', 'makefile', 'GNUmakefile'].some(name => names.has(name))) return null
  const target = ['test', 'check', 'ci'].find(name => new RegExp(`^${name}\\s*:(?!=)`, 'm').test(makefile))
  return { kind: 'make', cmd: target ? `make ${target}` : 'make' }
}
