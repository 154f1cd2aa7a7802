import { z } from './zod.ts'

// GitHub allows 39 characters in an owner and 100 in a repository. "." and ".." would be path segments.
const OWNER = '[A-Za-z0-9_-][A-Za-z0-9._-]{0,38}'
const REPOSITORY = `${OWNER}/(?!\\.{1,2}$)[A-Za-z0-9._-]{1,100}`

/** `owner/repo`. */
export const repositorySchema = z.string().regex(new RegExp(`^${REPOSITORY}$`))

/** `gh/<owner>/<repo>`. Part of object keys, links, and session policies, which must stay short. */
export const projectSchema = z.string().regex(new RegExp(`^gh/${REPOSITORY}$`))

/** Which repositories to build: `owner`, `owner/repo`, or `*` for all. */
export const REPOSITORY_PATTERN = new RegExp(`^(?:\\*|${OWNER}|${REPOSITORY})$`)

/** The name of a stage. Part of object keys, and the name of an environment on GitHub. */
export const STAGE_NAME = /^[a-z][a-z0-9-]{0,39}$/
export const STAGE_NAME_RULE =
  'lower-case letters, digits and dashes, starting with a letter, at most 40 characters'
export const stageNameSchema = z.string().regex(STAGE_NAME)

/** The name of an environment variable. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
export const VARIABLE_NAME_RULE = 'letters, digits and underscores, not starting with a digit'
