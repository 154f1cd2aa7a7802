import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isFullRef } from '../../../src/model/ref-name.ts'

/** Whether git accepts each of these names. One shell runs git for all: a worker's own forks are ten times as slow. */
function gitAccepts(refs: readonly string[]): boolean[] {
  const loop = 'for ref; do git check-ref-format "$ref" && echo yes || echo no; done'
  const answers = execFileSync('sh', ['-c', loop, 'sh', ...refs], { encoding: 'utf8' })
  return answers
    .trim()
    .split('\n')
    .map(answer => answer === 'yes')
}

it('accepts the same names under refs/heads as git', () => {
  const letters = ['a', '-', '.', '/', '@', '{', ':', '*', '~', '^', '\\', ' ', '\n', '$', '.lock', 'é']
  const names = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(names, { minLength: 100, maxLength: 100 }), drawn => {
      const refs = drawn.map(name => `refs/heads/${name}`)
      const accepted = gitAccepts(refs)
      expect(refs.filter(isFullRef)).toEqual(refs.filter((_, at) => accepted[at]))
    }),
    { numRuns: 3 },
  )
})

it('accepts only full ref names', () => {
  for (const ref of ['main', 'heads/main', '-refs/heads/main', 'refs/heads', '+refs/heads/main', 'HEAD', ''])
    expect(isFullRef(ref), ref).toBe(false)
})
