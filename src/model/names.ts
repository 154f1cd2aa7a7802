import { z } from './zod.ts'

// GitHub allows 39 characters in an owner and 100 in a repository. "." and ".." would be path segments.
const OWNER = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,38}'
// A name that ends with ".git" is the address of a clone, never the name of a repository.
const REPOSITORY = `${OWNER}/(?!\\.{1,2}$)(?!.*\\.[gG][iI][tT]$)[A-Za-z0-9._-]{1,100}`

/** The owner of repositories, in lower case. */
export const ownerSchema = z
  .string()
  .regex(new RegExp(`^${OWNER}$`))
  .toLowerCase()

/** `owner/repo`, as a person or GitHub spells it: for GitHub's API, for clones, and for people. GitHub ignores case. */
export const repositorySchema = z.string().regex(new RegExp(`^${REPOSITORY}$`))

/**
 * `gh/<owner>/<repo>` in lower case: the name under which a repository's records are kept. Part of object keys, links, and session
 * policies, which must stay short. A repository keeps its project when it is renamed. A repository that gets a name under which another's
 * records are kept has its GitHub id after the name: `gh/ada/web@4711`.
 */
export const projectSchema = z
  .string()
  .regex(new RegExp(`^gh/${REPOSITORY}(?:@[1-9][0-9]{0,15})?$`))
  .toLowerCase()

/** A project in the only form that keys and links may have, from any spelling. */
export const canonicalProject = (project: string) => project.toLowerCase()

/** The project of a repository that has always had this name. */
export const projectNamed = (repository: string) => canonicalProject(`gh/${repository}`)

/** The repositories to build: `owner`, `owner/repo`, or `*` for all. */
export const REPOSITORY_PATTERN = new RegExp(`^(?:\\*|${OWNER}|${REPOSITORY})$`)

/** The name of a stage. Part of object keys, and the name of an environment on GitHub. */
export const STAGE_NAME = /^[a-z][a-z0-9-]{0,39}$/
export const STAGE_NAME_RULE =
  'lower-case letters, digits and dashes, starting with a letter, at most 40 characters'
export const stageNameSchema = z.string().regex(STAGE_NAME)
/** Stands for every stage of a repository. No stage has this name. */
export const EVERY_STAGE = '*'

/** The name of an environment variable. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
export const VARIABLE_NAME_RULE = 'letters, digits and underscores, not starting with a digit'
