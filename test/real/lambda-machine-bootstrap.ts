import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { AS_LAMBDA_USER, asImage } from '../support/image.ts'
import { lambdaDev } from '../support/lambda-dev.ts'

/**
 * Stands in for `loopback/lambda/bootstrap.ts`: starts it, for a run function, on a machine as Lambda's: a mount and a process
 * namespace with Lambda's /dev, a read-only root, an empty /tmp, and a user that is not in /etc/passwd.
 */
const { env } = process
const BUNDLES = dirname(dirname(env._HANDLER ?? ''))
const TASK = '/opt/task'
const bootstrap = (bundles: string) => join(bundles, 'bootstrap', 'index.js')

/** Sandboxes of tests are directories of the host; Lambda's is /tmp, which is writable. No code is kept there. */
const { LAMBCI_CODE_CACHE: _, NODE_COMPILE_CACHE: __, ...kept } = env
const runEnvironment = {
  ...kept,
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/',
  LD_LIBRARY_PATH: '/var/lang/lib',
  LAMBCI_SANDBOX: '/tmp',
  _HANDLER: (env._HANDLER ?? '').replace(BUNDLES, TASK),
}
const task = `mkdir ${TASK}; mount --bind '${BUNDLES}' ${TASK}; mount -o remount,bind,ro ${TASK}`
const prepare = [asImage('php,go,node22'), task, AS_LAMBDA_USER].join('\n')
const program = ['/usr/local/bin/node', bootstrap(TASK)]
const isRun = env.AWS_LAMBDA_FUNCTION_NAME?.includes('-run-')

const [file, args, environment] = isRun
  ? (['unshare', ['-p', '-f', '--mount-proc', ...lambdaDev(prepare, program)], runEnvironment] as const)
  : ([process.execPath, [bootstrap(BUNDLES)], env] as const)
const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 3], env: environment })
child.on('exit', code => process.exit(code ?? 1))
