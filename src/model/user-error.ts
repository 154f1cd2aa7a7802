/**
 * An error meant for a person: its message says in one or two sentences what happened, where, and what to do
 * next. Whoever catches one prints the message alone; any other error is a bug and keeps its stack.
 */
export class UserError extends Error {
  override readonly name = 'Problem'
}
