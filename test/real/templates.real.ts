import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const LINT = join(import.meta.dirname, '..', '..', 'scripts', 'lint-templates')

const { exitCode: isMissing } = await execa('cfn-lint', ['--version'], { reject: false })
if (isMissing !== 0) console.warn('The templates are not checked with cfn-lint here: it is not installed.')

test.skipIf(isMissing !== 0)('cfn-lint finds nothing in the templates, not even information', async () => {
  const { exitCode, stdout } = await execa(LINT, { reject: false })
  expect([stdout, exitCode]).toEqual(['cfn-lint found no problems in the templates.', 0])
})
