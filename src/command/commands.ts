/** What a job needs to run commands, in one piece that is loaded on demand. */
export { prepareOutput } from './output-pipe.ts'
export { runInWorkspace } from './run-in-workspace.ts'
