import * as z from 'zod'

/** The body that a runtime posts to …/error, and the payload of the function error that the caller receives. */
export const functionErrorSchema = z.object({
  errorType: z.string().default('Error'),
  errorMessage: z.string().default(''),
  trace: z.array(z.string()).optional(),
})
export type FunctionError = z.infer<typeof functionErrorSchema>

/** The end of one invocation. */
export type InvocationResult = { ok: true; payload: unknown } | { ok: false; error: FunctionError }

export const failed = (errorType: string, errorMessage: string): InvocationResult => ({
  ok: false,
  error: { errorType, errorMessage },
})

export const timedOut = (requestId: string, timeoutMs: number) =>
  failed(
    'Sandbox.Timedout',
    `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  )

/** The result if the runtime exits. Lambda uses the wording of Go's os/exec: `signal: killed`, `exit status 1`. */
export function exited(requestId: string, code: number | null, signal: NodeJS.Signals | null) {
  const reason =
    signal !== null
      ? `Runtime exited with error: signal: ${SIGNAL_WORDS[signal] ?? signal}`
      : code === 0
        ? 'Runtime exited without providing a reason'
        : `Runtime exited with error: exit status ${code}`
  return failed('Runtime.ExitError', `RequestId: ${requestId} Error: ${reason}`)
}

const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
}
