/**
 * An error for people. Its message says in one or two sentences what happened, where, and what to do next. Callers
 * print only the message; any other error is a bug and is printed with its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
}
