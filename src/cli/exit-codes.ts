/** The exit codes of the command line. `docs/commands.md` has a row for each. */
export const EXIT = {
  done: 0,
  /** The build failed, or a check found something wrong. */
  red: 1,
  /** A UserError, or a command line that cannot be parsed. */
  usage: 2,
  /** A build has not ended in time. */
  late: 3,
  /** A fault of this program: `EX_SOFTWARE` in sysexits.h. */
  fault: 70,
  /** As shells report SIGINT: 128 plus its number. */
  interrupted: 130,
  /** As shells report SIGTERM. The signal itself ends the process. */
  terminated: 143,
} as const
