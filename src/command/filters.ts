import { readdirSync, readFileSync, statSync } from 'node:fs'

/**
 * Whether a process of the group reads from a pipe, as `tee`, `ts` or a loop in `> >(…)` do: it may still have to write the output of
 * others. Daemons read from `/dev/null`, which bash gives to commands in the background. False without /proc (macOS).
 */
export function hasFilter(group: number): boolean {
  return attempt(() => readdirSync('/proc'))?.some(pid => /^\d+$/.test(pid) && isFilter(pid, group)) ?? false
}

function isFilter(pid: string, group: number): boolean {
  // The command name, in parentheses, may contain anything. State, parent and group follow it.
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (Number(fields?.[2]) !== group) return false
  return attempt(() => statSync(`/proc/${pid}/fd/0`).isFIFO()) ?? false
}

/** Processes may end in the meantime or belong to another user. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
