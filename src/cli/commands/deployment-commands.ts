import type { Command } from 'commander'
import { addDeployOptions, addRemovalOptions } from '../../../scripts/deployment/command-options.ts'
import type { Io } from '../io.ts'

/** Adds the commands that bring a stack into an AWS account and remove it. */
export function addDeploymentCommands(program: Command, io: Io, end: (code: number) => void): void {
  addDeployOptions(program.command('up'))
    .description('deploy the stack to your AWS account, or update it; can be repeated at any time')
    .action(async options => end(await (await import('./up.ts')).deployStack(options, io)))
  addRemovalOptions(program.command('down'))
    .description('delete the stack from your AWS account; keeps the bucket with logs and records')
    .action(async options => end(await (await import('./up.ts')).removeStack(options, io)))
}
