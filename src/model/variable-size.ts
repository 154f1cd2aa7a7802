/** Linux's limit for one argument or variable of a command, in bytes (MAX_ARG_STRLEN, execve(2)). */
export const LARGEST_VARIABLE = 128 * 1024

/** The size of a variable, in bytes: `NAME=value` and a NUL. */
export const sizeOfVariable = (name: string, value: string) =>
  Buffer.byteLength(name) + Buffer.byteLength(value) + 2
