/** A job's tools to run commands, in one module that is loaded on demand. */
export { prepareOutput } from './output-pipe.ts'
export { runInWorkspace } from './run-in-workspace.ts'
