import { keyPath, quote } from '../config/key-path.ts'
import { matchingRules } from '../config/pattern.ts'

/** The stage of a branch: its name, the rule that said so, and a note where another rule would say otherwise. */
export type StageChoice = { name: string; rule: string; note: string | null }

/** Which stage a branch is deployed to, by the same matching as `branches`; null for none. */
export function chooseStage(stages: Readonly<Record<string, string>>, branch: string): StageChoice | null {
  const [first, ...others] = matchingRules(Object.keys(stages), branch)
  if (first === undefined) return null
  const name = stages[first] ?? ''
  const other = others.find(rule => stages[rule] !== name)
  const note =
    other === undefined
      ? null
      : `Branch ${quote(branch)} has stage ${name} by ${keyPath(['stages', first])}; ` +
        `${keyPath(['stages', other])} would match too (stage ${stages[other]}), but the first rule counts.`
  return { name, rule: keyPath(['stages', first]), note }
}
