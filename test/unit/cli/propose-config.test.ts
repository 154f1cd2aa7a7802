import { describe, expect, test } from 'vitest'
import { checkToolchains } from '../../../scripts/deployment/base-image.ts'
import { proposeConfig } from '../../../src/cli/commands/propose-config.ts'
import { layerSchema } from '../../../src/config/schema.ts'

const propose = (names: readonly string[], packageJson: unknown = null, makefile = '') =>
  proposeConfig({ names: new Set(names), packageJson, makefile })

const scripts = (...names: string[]) => ({
  scripts: Object.fromEntries(names.map(name => [name, `run ${name}`])),
})

describe('a project of Node', () => {
  test.each<[string, string[], object, string]>([
    ['with a lock file of npm', ['package-lock.json'], scripts('test', 'lint'), 'npm ci && npm run test'],
    ['without a lock file', [], scripts('test'), 'npm install && npm run test'],
    [
      'without tests',
      ['package-lock.json'],
      scripts('build', 'lint'),
      'npm ci && npm run lint && npm run build',
    ],
    [
      'with what npm init writes',
      [],
      { scripts: { test: 'echo "Error: no test specified" && exit 1' } },
      'npm install',
    ],
    ['without scripts', [], {}, 'npm install'],
    [
      'of pnpm, by its lock file',
      ['pnpm-lock.yaml'],
      scripts('test'),
      'npx --yes pnpm install --frozen-lockfile && npx --yes pnpm run test',
    ],
    [
      'of a version of pnpm',
      ['pnpm-lock.yaml', 'package-lock.json'],
      { ...scripts('test'), packageManager: 'pnpm@9.12.3+sha512.abc' },
      'npx --yes pnpm@9.12.3 install --frozen-lockfile && npx --yes pnpm@9.12.3 run test',
    ],
    [
      'of Yarn 1',
      ['yarn.lock'],
      scripts('test'),
      'npx --yes yarn install --frozen-lockfile && npx --yes yarn run test',
    ],
    [
      'of a newer Yarn',
      ['yarn.lock', '.yarnrc.yml'],
      { ...scripts('test'), packageManager: 'yarn@4.5.0' },
      'npx --yes --package=@yarnpkg/cli-dist@4.5.0 yarn install --immutable && npx --yes --package=@yarnpkg/cli-dist@4.5.0 yarn run test',
    ],
    // What a stranger writes there is no part of the command.
    [
      'with a command as packageManager',
      [],
      { ...scripts('test'), packageManager: 'pnpm@$(id)' },
      'npm install && npm run test',
    ],
  ])('%s', (_, names, packageJson, cmd) => {
    expect(propose(['package.json', ...names], packageJson)?.cmd).toBe(cmd)
  })
})

test.each<[string, string[], string]>([
  ['go', ['go.mod', 'go.sum', 'Makefile'], 'go vet ./... && go test ./...'],
  ['cargo', ['Cargo.toml', 'Cargo.lock'], 'cargo test --locked'],
  ['cargo', ['Cargo.toml'], 'cargo test'],
  ['java (Maven)', ['pom.xml', 'mvnw'], './mvnw --batch-mode verify'],
  ['java (Maven)', ['pom.xml'], 'mvn --batch-mode verify'],
  ['java (Gradle)', ['build.gradle.kts', 'gradlew'], './gradlew --no-daemon build'],
  ['java (Gradle)', ['settings.gradle'], 'gradle --no-daemon build'],
  [
    'php',
    ['composer.json', 'phpunit.xml.dist'],
    'composer install --no-interaction --no-progress && vendor/bin/phpunit',
  ],
  ['php', ['composer.json'], 'composer install --no-interaction --no-progress && composer run-script test'],
  ['python', ['tox.ini', 'pyproject.toml'], 'pip install --user tox && tox'],
  ['python', ['noxfile.py'], 'pip install --user nox && nox'],
  ['python', ['uv.lock', 'pyproject.toml'], 'pip install --user uv && uv run --frozen pytest'],
  [
    'python',
    ['poetry.lock', 'pyproject.toml'],
    'pip install --user poetry && poetry install && poetry run pytest',
  ],
  ['python', ['Pipfile'], 'pip install --user pipenv && pipenv install --dev && pipenv run pytest'],
  [
    'python',
    ['requirements.txt', 'requirements-dev.txt', 'setup.py'],
    'pip install --user -r requirements.txt -r requirements-dev.txt -e . pytest && python3 -m pytest',
  ],
  ['python', ['setup.cfg'], 'pip install --user pytest && python3 -m pytest'],
])('a project of %s with %j', (kind, names, cmd) => {
  expect(propose(names)).toMatchObject({ kind, cmd })
})

test('the toolchains that a project needs are those of the image', () => {
  const needed = (names: string[]) => {
    const { toolchain, lacks } = propose(names) ?? {}
    return [toolchain, lacks]
  }
  expect(needed(['go.mod'])).toEqual(['go', undefined])
  expect(needed(['Cargo.toml'])).toEqual(['rust', undefined])
  expect(needed(['pom.xml'])).toEqual(['java', undefined])
  expect(needed(['build.gradle', 'gradlew'])).toEqual(['java', undefined])
  expect(needed(['build.gradle'])).toEqual(['java', 'Gradle'])
  expect(needed(['composer.json'])).toEqual(['php', undefined])
  expect(needed(['setup.py'])).toEqual([undefined, undefined])
  for (const name of ['go', 'rust', 'java', 'php']) expect(() => checkToolchains(name)).not.toThrow()
})

test.each([
  ['build:\n\tcc\ntest: build\n\t./t\n', 'make test'],
  ['check :\n\ttrue\n', 'make check'],
  ['test := 1\nall:\n', 'make'],
  ['', 'make'],
])('a Makefile %j', (makefile, cmd) => {
  expect(propose(['Makefile'], null, makefile)).toEqual({ kind: 'make', cmd })
})

test('nothing is proposed without a known file', () => {
  expect(propose(['README.md', 'main.c'])).toBeNull()
  // A package.json that is no object says nothing.
  expect(propose(['package.json'], ['x'])).toBeNull()
})

test('each proposal is a valid configuration', () => {
  const lists = [
    ['package.json'],
    ['package.json', 'yarn.lock'],
    ['package.json', 'pnpm-lock.yaml'],
    ['go.mod'],
  ]
  const others = [
    ['Cargo.toml'],
    ['pom.xml'],
    ['build.gradle'],
    ['composer.json'],
    ['setup.py'],
    ['Makefile'],
  ]
  for (const names of [...lists, ...others]) {
    const { cmd, cache } = propose(names, scripts('test')) ?? {}
    expect(layerSchema.safeParse({ cmd, ...(cache && { cache }), branches: { trunk: true } })).toMatchObject({
      success: true,
    })
  }
})
