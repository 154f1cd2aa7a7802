import { projectSchema } from './names.ts'

/** The identifiers of buttons. GitHub allows 20 characters. */
export const RERUN_ALL = 'rerun-all'
export const RERUN_FAILED = 'rerun-failed'

type Build = { project: string; number: number }

/** The `external_id` by which a check run names its build. */
export const checkIdOf = ({ project, number }: Build): string => `${project}#${number}`

/** The build that an `external_id` names; null for any other text. */
export function buildOfCheckId(id: string): Build | null {
  const [, name, digits] = /^([^#]{1,200})#([1-9][0-9]{0,9})$/.exec(id) ?? []
  const { data: project } = projectSchema.safeParse(name)
  return project !== undefined && project === name ? { project, number: Number(digits) } : null
}
