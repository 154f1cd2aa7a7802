import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ResolveInput, resolveConfig } from '../../../src/config/resolve.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { BUILDS } from '../../support/resolving.ts'
import { runs } from '../../support/runs.ts'

test('arbitrary JSON gives a config or a UserError', () => {
  const junk = fc.oneof(fc.boolean(), fc.integer(), fc.string(), fc.constant(null), fc.constant([]))
  /** Mostly plausible values, and sometimes junk. */
  const mostly = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 60, arbitrary }, junk)
  const some = (shape: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, mostly(value)])), {
      requiredKeys: [],
    })
  const keyed = (keys: string[], value: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...keys) }, fc.string()), value, {
      maxKeys: 3,
    })
  const rules = ['master', 'dev', '/^m/', '!/x/', '/(?:a|b)+/', 'constructor', 'toString']
  const override = {
    cmd: fc.constantFrom('make', 'npm test'),
    env: keyed(['A', 'B', 'PATH'], fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer())),
    build: fc.boolean(),
    notifications: some({
      on: fc.constantFrom('always', 'change', 'failure'),
      sns: fc.oneof(fc.constant(false), some({ topicArn: fc.constant(BUILDS) })),
      slack: fc.oneof(fc.constant(false), some({ channel: fc.constant('#x') })),
    }),
    inheritSecrets: fc.boolean(),
    allowConfigOverrides: fc.oneof(
      fc.boolean(),
      fc.subarray(['cmd', 'env', 'stages', 'branches', 'notifications']),
    ),
    stages: keyed(rules, fc.constantFrom('dev', 'qa')),
    deploy: fc.constant('deploy'),
    timeout: fc.integer({ min: 1, max: 900 }),
    clearTmp: fc.boolean(),
  }
  const job = fc.oneof(
    fc.constantFrom('make', false, ['a', 'b']),
    some({
      cmd: fc.constantFrom('make', ['a', 'b']),
      env: keyed(['A'], fc.string()),
      matrix: keyed(['A', 'B'], fc.uniqueArray(fc.integer({ max: 3, min: 1 }), { minLength: 1 })),
      include: fc.array(keyed(['A', 'B'], fc.integer({ max: 3, min: 1 })), { maxLength: 2 }),
      needs: fc.subarray(['lint', 'unit']),
      shards: fc.integer({ min: 1, max: 3 }),
      on: fc.constantFrom('push', ['pullRequest']),
      artifacts: fc.constantFrom(['dist'], { dist: ['a'] }),
    }),
  )
  const layerOnly = {
    jobs: keyed(['lint', 'unit', 'constructor'], mostly(job)),
    setup: fc.constantFrom('x', false),
  }
  const decision = mostly(fc.oneof(fc.boolean(), some(override)))
  const pulls = ['fromSelfPublicRepo', 'fromSelfPrivateRepo', 'fromForkPublicRepo', 'fromForkPrivateRepo']
  const withoutCmd = Object.fromEntries(Object.entries(override).filter(([key]) => key !== 'cmd'))
  const layerOf = (keys: Record<string, fc.Arbitrary<unknown>>) =>
    some({
      ...keys,
      branches: fc.oneof(fc.boolean(), keyed(rules, decision)),
      pullRequests: fc.oneof(fc.boolean(), keyed(pulls, decision)),
    })
  const layer = fc.oneof(layerOf(override), layerOf({ ...withoutCmd, ...layerOnly }))
  const json = layer.map(value => JSON.stringify(value))
  const text = fc.oneof(
    { weight: 20, arbitrary: json },
    fc.json(),
    fc.string(),
    fc.constant('{"__proto__": {"polluted": 1}}'),
  )
  const packageJson = layer.map(lambci => JSON.stringify({ lambci }))
  const files = fc.record({
    lambciJson: fc.option(text),
    packageJson: fc.option(fc.oneof({ weight: 20, arbitrary: packageJson }, text)),
    similarNames: fc.array(fc.constantFrom('.lambci.js', 'lambci.json'), { maxLength: 1 }),
  })
  const account = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record(
        { global: fc.constant({ topics: [BUILDS] }), repository: layer },
        { requiredKeys: [] },
      ),
    },
    fc.constant(null),
    fc.jsonValue(),
  )
  const build = fc.record({
    event: fc.constantFrom('push', 'pull_request', 'merge_group'),
    branch: fc.oneof(fc.constantFrom('master', '__proto__', 'constructor'), fc.string()),
    trust: fc.constantFrom('fork', 'branch', 'protected'),
    isFork: fc.boolean(),
    isPrivate: fc.boolean(),
    project: fc.constant('gh/o/r'),
  })
  let resolved = 0
  fc.assert(
    fc.property(
      fc.record({ build, account, base: files, head: files }) as fc.Arbitrary<ResolveInput>,
      parts => {
        try {
          const { config } = resolveConfig(parts)
          resolved += 1
          if (config.jobs === null) expect(config.cmd).toMatch(/\S/)
          else expect(config.cmd).toBe(null)
          expect(parts.build.trust === 'fork' && config.inheritSecrets).toBe(false)
        } catch (error) {
          expect(error).toBeInstanceOf(UserError)
        }
      },
    ),
    runs(2000),
  )
  expect(resolved).toBeGreaterThan(runs(200).numRuns)
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted')
})
