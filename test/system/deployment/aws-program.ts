import { readFileSync, writeFileSync } from 'node:fs'
import { runStandIn } from './aws-stand-in.ts'

/** The stand-in as the program `aws`. The account is in the file that the variable AWS_STAND_IN names. */
const FILE = process.env.AWS_STAND_IN ?? ''
const account = JSON.parse(readFileSync(FILE, 'utf8'))
const { exitCode, stdout, stderr } = runStandIn(account, process.argv.slice(2))
writeFileSync(FILE, JSON.stringify(account))
process.stdout.write(stdout)
process.stderr.write(stderr)
process.exitCode = exitCode
