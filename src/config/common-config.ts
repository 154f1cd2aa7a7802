import { z } from '../model/zod.ts'

const strings = z.array(z.string()).readonly()

/** A list of paths is short for one cache without a key. */
export const cacheSpecsSchema = z
  .union([
    z.literal(false).transform(() => []),
    z.array(z.object({ paths: z.array(z.string()), key: z.array(z.string()).default([]) })),
    z.array(z.string()).transform(paths => (paths.length > 0 ? [{ paths, key: [] }] : [])),
  ])
  .readonly()

/** Null: all files. A list is short for `include`. */
export const pathFilterSchema = z.union([
  z.literal(false).transform(() => null),
  z.null(),
  strings.transform(include => ({ include, exclude: [] as readonly string[] })),
  z
    .object({
      /** Null: all files. */
      include: strings.nullable().default(null),
      exclude: strings.default([]),
    })
    .readonly(),
])
export type PathFilter = z.output<typeof pathFilterSchema>

/** A command, or a list for one shell. */
export const commandsConfigSchema = z.union([z.string(), strings])

/** Null: nothing runs before the command. */
export const setupConfigSchema = z.union([
  z.literal(false).transform(() => null),
  z.null(),
  commandsConfigSchema,
])

const when = z.enum(['passed', 'always'])

/** A list of paths is short for one artifact that is named like the job; its name is null. */
export const artifactsConfigSchema = z
  .union([
    strings.transform(paths => (paths.length > 0 ? [{ name: null, paths, when: 'passed' as const }] : [])),
    z
      .record(
        z.string(),
        z.union([
          strings.transform(paths => ({ paths, when: 'passed' as const })),
          z.object({ paths: strings, when: when.default('passed') }),
        ]),
      )
      .transform(artifacts => Object.entries(artifacts).map(([name, rest]) => ({ name, ...rest }))),
  ])
  .readonly()

/** The test reports of a command. Null if it writes none. */
export const testsConfigSchema = z
  .union([
    strings.transform(files => ({ files, verdict: 'report' as const, allowEmpty: false })),
    z.object({
      files: strings,
      /** Whether the report decides, too, or only the exit code. */
      verdict: z.enum(['report', 'exit']).default('report'),
      allowEmpty: z.boolean().default(false),
    }),
  ])
  .transform(tests => (tests.files.length > 0 ? tests : null))
export type TestsConfig = z.output<typeof testsConfigSchema>
