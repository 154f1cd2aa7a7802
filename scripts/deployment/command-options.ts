import { type Command, Option } from 'commander'

const collect = (value: string, earlier: string[] = []) => [...earlier, value]

/** Adds the options that select a stack, its account and its region. */
const addTarget = (command: Command): Command =>
  command
    .option('--stack <name>', 'name of the stack', 'lambci')
    .option('--region <name>', 'AWS region; default: the region configured for the AWS CLI')
    .option('--profile <name>', 'profile of the AWS CLI')

/** Adds the options of a deploy. */
export const addDeployOptions = (command: Command): Command =>
  addTarget(command)
    .option('--email <address>', 'email address for notifications and alarms (NotificationEmail)')
    .addOption(
      new Option('--architecture <name>', 'processor architecture of all functions').choices([
        'x86_64',
        'arm64',
      ]),
    )
    .option('--param <Name=Value>', 'parameter of cloudformation/lambci.yaml; can be repeated', collect)
    .option('--image <uri>', 'URI of a custom build image, which is used as it is')
    .option('--dockerfile <path>', 'custom Dockerfile for the build image; image/Dockerfile is the default')
    .option('--docker', 'build the image with Docker on this machine instead of CodeBuild')
    .option('--update-base', 'build the image on the newest base image of its tag')
    .option('--dry-run', 'print what would be done, and change nothing')

/** Adds the options of a removal. */
export const addRemovalOptions = (command: Command): Command =>
  addTarget(command)
    .option('--delete-bucket', 'also delete the bucket with logs, records, settings and secrets')
    .option('--dry-run', 'print what would be deleted, and change nothing')
    .option('--yes', 'do not ask for confirmation')
