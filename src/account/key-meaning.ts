import { EVERY_STAGE, STAGE_NAME } from '../model/names.ts'

/** The most likely meaning of a misspelled key: `global`, or the `owner/repo` at its end, unless it is the key of a stage. */
export const meantBy = (key: string) =>
  key
    .toLowerCase()
    .replace(/^(config|secrets\/env|secrets)\//, '')
    .replace(/\.json$/, '')

/** The stage that a key means. `name`: its repository (`owner/repo`). `stage`: its name, `*`, or null for an impossible name. */
type MeantStage = {
  name: string
  stage: string | null
  /** Whether it can mean nothing else. */
  isSure: boolean
}

const IN_REPOSITORY = /^(?:.*\/)?(?:gh|github(?:\.com)?)\/([^/]+\/[^/]+)\/(?:stages?\/)?(.+)$/
const IN_STAGES = /^(?:.*\/)?([^/]+\/[^/]+)\/stages?\/([^/]+)$/
/** Without a host, it may also be a repository in a folder, as `gh/owner/repo` is. */
const WITHOUT_HOST = /^(?!gh\/|github(?:\.com)?\/)([^/]+\/[^/]+)\/([^/]+)$/

/** The stage whose secrets the words of a key mean, if any. */
export function stageMeantBy(key: string): MeantStage | null {
  if (!/^secrets\//i.test(key)) return null
  const words = meantBy(key)
  const sure = IN_REPOSITORY.exec(words) ?? IN_STAGES.exec(words)
  const [, name, word = ''] = sure ?? WITHOUT_HOST.exec(words) ?? []
  if (!name) return null
  const stage = word === '*' || word === '_all' ? EVERY_STAGE : STAGE_NAME.test(word) ? word : null
  if (stage !== null) return { name, stage, isSure: sure !== null || word === '*' }
  // Neither a copy (`.json.bak`) nor a note is meant to be read.
  return sure && /\.json$/i.test(key) ? { name, stage, isSure: true } : null
}
