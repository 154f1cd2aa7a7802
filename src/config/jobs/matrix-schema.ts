import { UNPRINTABLE } from '../../model/job.ts'
import { VARIABLE_NAME, VARIABLE_NAME_RULE } from '../../model/names.ts'
import { z } from '../../model/zod.ts'
import { quote } from '../key-path.ts'

const MAX_VARIABLES = 10
const MAX_VALUES = 256
/** As in the identity of a job (model/job.ts). */
const [MAX_NAME, MAX_VALUE] = [100, 200]

const variable = z
  .string()
  .regex(VARIABLE_NAME, { error: `is not a valid variable name (${VARIABLE_NAME_RULE})` })
  .max(MAX_NAME, { error: `is longer than ${MAX_NAME} characters` })

/** Numbers and booleans become strings, as in `env`. */
const value = z
  .union(
    [
      z
        .string({ error: 'must be a string' })
        .max(MAX_VALUE, { error: `must be at most ${MAX_VALUE} characters long` })
        .refine(text => !UNPRINTABLE.test(text), { error: 'must not contain control characters' }),
      z.number(),
      z.boolean(),
    ],
    { error: 'must be a string, a number, true or false' },
  )
  .transform(String)

const values = z
  .array(value, { error: 'must be a list of values' })
  .min(1, { error: 'must not be empty: without a value there is no job' })
  .max(MAX_VALUES, { error: `must have at most ${MAX_VALUES} values` })
  .superRefine((list, context) => {
    const twice = list.find((each, at) => list.indexOf(each) !== at)
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `the value ${quote(twice)} is given twice` })
  })

const isFewVariables = (object: object) => Object.keys(object).length <= MAX_VARIABLES
const FEW_VARIABLES = { error: `must have at most ${MAX_VARIABLES} variables` }
const isNotEmpty = (object: object) => Object.keys(object).length > 0

/** Variables and their values. Each combination is a separate job: a cell. */
export const matrixSchema = z
  .record(
    variable.refine(name => name !== 'include' && name !== 'exclude', {
      error: 'is no variable here: write it beside "matrix", not into it',
    }),
    values,
    { error: 'must be an object of variables, each with a list of values' },
  )
  .refine(isNotEmpty, { error: 'must have at least one variable' })
  .refine(isFewVariables, FEW_VARIABLES)

/** Combinations, whole or partial. */
export const combinationsSchema = z
  .array(
    z
      .record(variable, value, { error: 'must be an object of variables, each with one value' })
      .refine(isNotEmpty, { error: 'must have at least one variable' })
      .refine(isFewVariables, FEW_VARIABLES),
    { error: 'must be a list of objects, each with variables and one value of each' },
  )
  .max(MAX_VALUES, { error: `must have at most ${MAX_VALUES} combinations` })
