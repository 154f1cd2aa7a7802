import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isFullRef } from '../../../src/model/ref-name.ts'

function gitAccepts(ref: string): boolean {
  try {
    execFileSync('git', ['check-ref-format', ref], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

it('accepts the same names under refs/heads as git', () => {
  const letters = ['a', '-', '.', '/', '@', '{', ':', '*', '~', '^', '\\', ' ', '\n', '$', '.lock', 'é']
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 8 }), name => {
      expect(isFullRef(`refs/heads/${name}`)).toBe(gitAccepts(`refs/heads/${name}`))
    }),
    { numRuns: 300 },
  )
})

it('accepts only full ref names', () => {
  for (const ref of ['main', 'heads/main', '-refs/heads/main', 'refs/heads', '+refs/heads/main', 'HEAD', ''])
    expect(isFullRef(ref), ref).toBe(false)
})
